"""Schema doma_pandabigmon: the tables of the monitor."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIGMON = "doma_pandabigmon"
UTC_NOW = sa.text("(now() AT TIME ZONE 'UTC')")


def upgrade() -> None:
    op.execute(
        CreateSequence(
            sa.Sequence(
                "all_requests_daily_id_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("all_requests_id_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("all_requests_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("auth_group_id_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "auth_permission_id_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("auth_user_tr_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "auth_user_user_id_p_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "django_content_type_id_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "django_migrations_id_p_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "objects_comparison_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("rating_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("request_stats_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("rucio_accounts_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "social_auth_association_sq", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("social_auth_code_sq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("social_auth_nonce_sq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "social_auth_partial_sq", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence(
                "social_auth_usersociala0419", schema=BIGMON, data_type=sa.BigInteger(), cache=20
            )
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("user_settings_sq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.execute(
        CreateSequence(
            sa.Sequence("visits_seq", schema=BIGMON, data_type=sa.BigInteger(), cache=20)
        )
    )
    op.create_table(
        "all_requests",
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text("nextval('doma_pandabigmon.all_requests_id_seq'::regclass)"),
        ),
        sa.Column("server", sa.String(100)),
        sa.Column("remote", sa.String(100)),
        sa.Column("qtime", TIMESTAMP()),
        sa.Column("url", sa.String(2500)),
        sa.Column("referrer", sa.String(4000)),
        sa.Column("useragent", sa.String(400)),
        sa.Column("is_rejected", sa.SmallInteger()),
        sa.Column("urlview", sa.String(300)),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.all_requests.",
    )
    op.create_index(
        "all_requests_urlview_qtime_idx", "all_requests", ["urlview", "qtime"], schema=BIGMON
    )
    op.create_table(
        "all_requests_daily",
        sa.Column("qtime", TIMESTAMP()),
        sa.Column("remote", sa.String(100)),
        sa.Column("is_rejected", sa.SmallInteger()),
        sa.Column("server", sa.String(100)),
        sa.Column("urlview", sa.String(300)),
        sa.Column("url", sa.String(2500)),
        sa.Column("referrer", sa.String(4000)),
        sa.Column("useragent", sa.String(400)),
        sa.Column("rtime", TIMESTAMP()),
        sa.Column("load", sa.Numeric(10, 2)),
        sa.Column("mem", sa.Numeric(10, 2)),
        sa.Column("dbactivesess", sa.Integer()),
        sa.Column("dbtotalsess", sa.Integer()),
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text(
                "nextval('doma_pandabigmon.all_requests_daily_id_seq'::regclass)"
            ),
        ),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.all_requests_daily.",
    )
    op.create_index("all_requests_daily_idx", "all_requests_daily", ["id"], schema=BIGMON)
    op.create_table(
        "auth_group",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.auth_group_id_seq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("name", sa.String(80)),
        sa.PrimaryKeyConstraint("id", name="auth_group_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.auth_group.",
    )
    op.create_index("sys_c002462746", "auth_group", ["name"], schema=BIGMON)
    op.create_table(
        "auth_group_permissions",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("permission_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="auth_group_permissions_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.auth_group_permissions.",
    )
    op.create_index(
        "auth_group_group_id_b120cbf9", "auth_group_permissions", ["group_id"], schema=BIGMON
    )
    op.create_index(
        "auth_group_permission_84c5c92e", "auth_group_permissions", ["permission_id"], schema=BIGMON
    )
    op.create_table(
        "auth_permission",
        sa.Column(
            "id",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.auth_permission_id_seq'::regclass)"),
        ),
        sa.Column("name", sa.String(255)),
        sa.Column("content_type_id", sa.Integer(), nullable=False),
        sa.Column("codename", sa.String(100)),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.auth_permission.",
    )
    op.create_index(
        "auth_perm_content_t_01ab375a_u",
        "auth_permission",
        ["content_type_id", "codename"],
        schema=BIGMON,
        unique=True,
    )
    op.create_index(
        "auth_perm_content_ty_2f476e4b", "auth_permission", ["content_type_id"], schema=BIGMON
    )
    op.create_index("sys_c002462743", "auth_permission", ["id"], schema=BIGMON, unique=True)
    op.create_table(
        "auth_user",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.auth_user_tr_seq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("password", sa.String(128)),
        sa.Column("last_login", TIMESTAMP()),
        sa.Column("is_superuser", sa.Boolean()),
        sa.Column("username", sa.String(50)),
        sa.Column("first_name", sa.String(100)),
        sa.Column("last_name", sa.String(100)),
        sa.Column("email", sa.String(100)),
        sa.Column("is_staff", sa.Boolean()),
        sa.Column("is_active", sa.Boolean()),
        sa.Column("date_joined", TIMESTAMP()),
        sa.Column("is_tester", sa.Boolean()),
        sa.Column("is_expert", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="auth_user_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.auth_user.",
    )
    op.create_table(
        "auth_user_groups",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="auth_user_groups_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.auth_user_groups.",
    )
    op.create_index(
        "auth_user_user_id_g_94350c0c_u",
        "auth_user_groups",
        ["user_id", "group_id"],
        schema=BIGMON,
        unique=True,
    )
    op.create_table(
        "auth_user_user_permissions",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.auth_user_user_id_p_seq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("permission_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="auth_user_user_permissions_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.auth_user_user_permissions.",
    )
    op.create_index(
        "auth_user__permission_1fbb5f2c",
        "auth_user_user_permissions",
        ["permission_id"],
        schema=BIGMON,
    )
    op.create_index(
        "auth_user__user_id_a95ead1b", "auth_user_user_permissions", ["user_id"], schema=BIGMON
    )
    op.create_index(
        "auth_user_user_id_p_14a6b632_u",
        "auth_user_user_permissions",
        ["user_id", "permission_id"],
        schema=BIGMON,
        unique=True,
    )
    op.create_table(
        "authtoken_token",
        sa.Column("key", sa.String(40)),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created", TIMESTAMP(), server_default=UTC_NOW),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.authtoken_token.",
    )
    op.create_table(
        "django_content_type",
        sa.Column(
            "id",
            sa.Integer(),
            nullable=False,
            server_default=sa.text(
                "nextval('doma_pandabigmon.django_content_type_id_seq'::regclass)"
            ),
        ),
        sa.Column("app_label", sa.String(100)),
        sa.Column("model", sa.String(100)),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.django_content_type.",
    )
    op.create_index(
        "django_content_type_idx", "django_content_type", ["id"], schema=BIGMON, unique=True
    )
    op.create_index(
        "django_content_type_idx_comb_label_model",
        "django_content_type",
        ["app_label", "model"],
        schema=BIGMON,
        unique=True,
    )
    op.create_table(
        "django_migrations",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text(
                "nextval('doma_pandabigmon.django_migrations_id_p_seq'::regclass)"
            ),
            autoincrement=False,
        ),
        sa.Column("app", sa.String(255)),
        sa.Column("name", sa.String(255)),
        sa.Column("applied", TIMESTAMP(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="django_migrations_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.django_migrations.",
    )
    op.create_table(
        "django_session",
        sa.Column("session_key", sa.String(40), nullable=False),
        sa.Column("session_data", sa.String(4000), nullable=False),
        sa.Column("expire_date", TIMESTAMP(), nullable=False),
        sa.PrimaryKeyConstraint("session_key", name="django_session_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.django_session.",
    )
    op.create_index("django_session_inx_exp_date", "django_session", ["expire_date"], schema=BIGMON)
    op.create_table(
        "djangocache",
        sa.Column("cache_key", sa.String(1000), nullable=False),
        sa.Column("expires", TIMESTAMP(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cache_key", name="djangocache_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.djangocache.",
    )
    op.create_index("djangocache_indx_expires", "djangocache", ["expires"], schema=BIGMON)
    op.create_table(
        "objects_comparison",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.objects_comparison_seq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("userid", sa.BigInteger(), nullable=False),
        sa.Column("object", sa.String(20)),
        sa.Column("comparison_list", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="objects_comparison_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.objects_comparison.",
    )
    op.create_table(
        "rating",
        sa.Column(
            "ratingid",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.rating_seq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("rating", sa.BigInteger()),
        sa.Column("userid", sa.SmallInteger()),
        sa.Column("jeditaskid", sa.BigInteger()),
        sa.Column("feedback", sa.String(4000)),
        sa.Column("added", TIMESTAMP(), server_default=UTC_NOW),
        sa.PrimaryKeyConstraint("ratingid", name="rating_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.rating.",
    )
    op.create_index("rating_added_idx", "rating", ["added"], schema=BIGMON)
    op.create_index("rating_jeditaskid_idx", "rating", ["jeditaskid"], schema=BIGMON)
    op.create_table(
        "request_stats",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.request_stats_seq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("server", sa.String(100), nullable=False),
        sa.Column("remote", sa.String(100), nullable=False),
        sa.Column("qtime", TIMESTAMP(), nullable=False),
        sa.Column("qduration", TIMESTAMP(), nullable=False),
        sa.Column("load", sa.String(40), nullable=False),
        sa.Column("mem", sa.String(40), nullable=False),
        sa.Column("description", sa.String(4000), nullable=False),
        sa.Column("url", sa.String(2500), nullable=False),
        sa.Column("duration", sa.Numeric(38, 0), nullable=False),
        sa.Column("referrer", sa.String(4000)),
        sa.Column("useragent", sa.String(300)),
        sa.PrimaryKeyConstraint("id", name="request_stats_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.request_stats.",
    )
    op.create_index(
        "request_stats_remote_qtime_idx", "request_stats", ["remote", "qtime"], schema=BIGMON
    )
    op.create_table(
        "rucio_accounts",
        sa.Column("certificatedn", sa.String(250)),
        sa.Column("rucio_account", sa.String(40)),
        sa.Column(
            "create_time",
            TIMESTAMP(),
            server_default=sa.text("(CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC')"),
        ),
        sa.Column(
            "id",
            sa.Numeric(38, 0),
            server_default=sa.text("nextval('doma_pandabigmon.rucio_accounts_seq'::regclass)"),
        ),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.rucio_accounts.",
    )
    op.create_index("rucio_accounts_idx", "rucio_accounts", ["certificatedn"], schema=BIGMON)
    op.create_table(
        "social_auth_association",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text(
                "nextval('doma_pandabigmon.social_auth_association_sq'::regclass)"
            ),
            autoincrement=False,
        ),
        sa.Column("server_url", sa.String(255)),
        sa.Column("handle", sa.String(255)),
        sa.Column("secret", sa.String(255)),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("lifetime", sa.BigInteger(), nullable=False),
        sa.Column("assoc_type", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="social_auth_association_pkey"),
        sa.UniqueConstraint(
            "server_url", "handle", name="social_auth_association_server_url_handle_key"
        ),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.social_auth_association.",
    )
    op.create_table(
        "social_auth_code",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.social_auth_code_sq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("email", sa.String(254)),
        sa.Column("code", sa.String(32)),
        sa.Column("verified", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="social_auth_code_pkey"),
        sa.UniqueConstraint("email", "code", name="social_auth_code_email_code_key"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.social_auth_code.",
    )
    op.create_index("social_auth_code_code_a2393167", "social_auth_code", ["code"], schema=BIGMON)
    op.create_table(
        "social_auth_nonce",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.social_auth_nonce_sq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("server_url", sa.String(255)),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.String(65)),
        sa.PrimaryKeyConstraint("id", name="social_auth_nonce_pkey"),
        sa.UniqueConstraint(
            "server_url",
            "timestamp",
            "salt",
            name="social_auth_nonce_server_url_timestamp_salt_key",
        ),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.social_auth_nonce.",
    )
    op.create_table(
        "social_auth_partial",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.social_auth_partial_sq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("token", sa.String(32)),
        sa.Column("next_step", sa.BigInteger(), nullable=False),
        sa.Column("backend", sa.String(32)),
        sa.Column("data", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="social_auth_partial_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.social_auth_partial.",
    )
    op.create_index("social_aut_token_3017fea3", "social_auth_partial", ["token"], schema=BIGMON)
    op.create_table(
        "social_auth_usersocialauth",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text(
                "nextval('doma_pandabigmon.social_auth_usersociala0419'::regclass)"
            ),
        ),
        sa.Column("provider", sa.String(32)),
        sa.Column("uid", sa.String(255)),
        sa.Column("extra_data", sa.Text()),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("modified", TIMESTAMP()),
        sa.Column("created", TIMESTAMP()),
        sa.UniqueConstraint("provider", "uid", name="social_auth_usersocialauth_provider_uid_key"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.social_auth_usersocialauth.",
    )
    op.create_index(
        "social_aut_user_id_17d28448", "social_auth_usersocialauth", ["user_id"], schema=BIGMON
    )
    op.create_table(
        "tmp_ids1debug",
        sa.Column("id", sa.BigInteger()),
        sa.Column("transactionkey", sa.BigInteger()),
        sa.Column("ins_time", TIMESTAMP(), server_default=UTC_NOW),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.tmp_ids1debug.",
    )
    op.create_index(
        "tmp_ids1debug_idx_trans", "tmp_ids1debug", ["transactionkey", "id"], schema=BIGMON
    )
    op.create_table(
        "user_settings",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.user_settings_sq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("userid", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.String(100), nullable=False),
        sa.Column("preferences", sa.String(4000), nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("id", name="user_settings_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.user_settings.",
    )
    op.create_table(
        "visits",
        sa.Column(
            "visitid",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.visits_seq'::regclass)"),
            autoincrement=False,
        ),
        sa.Column("url", sa.String(1000)),
        sa.Column("time", TIMESTAMP(), server_default=UTC_NOW),
        sa.Column("service", sa.Numeric(38, 0)),
        sa.Column("userid", sa.Numeric(38, 0)),
        sa.Column("remote", sa.String(100)),
        sa.PrimaryKeyConstraint("visitid", name="visits_pkey"),
        schema=BIGMON,
        comment="TODO doma_pandabigmon.visits.",
    )
    op.create_index("user_idx", "visits", ["userid"], schema=BIGMON)


def downgrade() -> None:
    op.drop_table("visits", schema=BIGMON)
    op.drop_table("user_settings", schema=BIGMON)
    op.drop_table("tmp_ids1debug", schema=BIGMON)
    op.drop_table("social_auth_usersocialauth", schema=BIGMON)
    op.drop_table("social_auth_partial", schema=BIGMON)
    op.drop_table("social_auth_nonce", schema=BIGMON)
    op.drop_table("social_auth_code", schema=BIGMON)
    op.drop_table("social_auth_association", schema=BIGMON)
    op.drop_table("rucio_accounts", schema=BIGMON)
    op.drop_table("request_stats", schema=BIGMON)
    op.drop_table("rating", schema=BIGMON)
    op.drop_table("objects_comparison", schema=BIGMON)
    op.drop_table("djangocache", schema=BIGMON)
    op.drop_table("django_session", schema=BIGMON)
    op.drop_table("django_migrations", schema=BIGMON)
    op.drop_table("django_content_type", schema=BIGMON)
    op.drop_table("authtoken_token", schema=BIGMON)
    op.drop_table("auth_user_user_permissions", schema=BIGMON)
    op.drop_table("auth_user_groups", schema=BIGMON)
    op.drop_table("auth_user", schema=BIGMON)
    op.drop_table("auth_permission", schema=BIGMON)
    op.drop_table("auth_group_permissions", schema=BIGMON)
    op.drop_table("auth_group", schema=BIGMON)
    op.drop_table("all_requests_daily", schema=BIGMON)
    op.drop_table("all_requests", schema=BIGMON)
    op.execute(DropSequence(sa.Sequence("all_requests_daily_id_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("all_requests_id_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("all_requests_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("auth_group_id_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("auth_permission_id_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("auth_user_tr_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("auth_user_user_id_p_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("django_content_type_id_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("django_migrations_id_p_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("objects_comparison_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("rating_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("request_stats_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("rucio_accounts_seq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("social_auth_association_sq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("social_auth_code_sq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("social_auth_nonce_sq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("social_auth_partial_sq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("social_auth_usersociala0419", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("user_settings_sq", schema=BIGMON)))
    op.execute(DropSequence(sa.Sequence("visits_seq", schema=BIGMON)))
