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
            comment="Number of the request",
        ),
        sa.Column("server", sa.String(100), comment="Host of the monitor that took the request"),
        sa.Column("remote", sa.String(100), comment="Address of the client"),
        sa.Column("qtime", TIMESTAMP(), comment="Time the request arrived"),
        sa.Column("url", sa.String(2500), comment="Address requested, with its parameters"),
        sa.Column("referrer", sa.String(4000), comment="Page the client came from"),
        sa.Column("useragent", sa.String(400), comment="Browser or program of the client"),
        sa.Column(
            "is_rejected",
            sa.SmallInteger(),
            comment="Flag: 1 if the request was refused, 0 if served",
        ),
        sa.Column("urlview", sa.String(300), comment="View of the monitor the address leads to"),
        schema=BIGMON,
        comment="Every HTTP request to the monitor, to recognise overload by one client.",
    )
    op.create_index(
        "all_requests_urlview_qtime_idx", "all_requests", ["urlview", "qtime"], schema=BIGMON
    )
    op.create_table(
        "all_requests_daily",
        sa.Column(
            "qtime", TIMESTAMP(), comment="Time the request arrived, key of the daily partitions"
        ),
        sa.Column("remote", sa.String(100), comment="Address of the client"),
        sa.Column(
            "is_rejected",
            sa.SmallInteger(),
            comment="Flag: 1 if the request was refused, 0 if served",
        ),
        sa.Column("server", sa.String(100), comment="Host of the monitor that took the request"),
        sa.Column("urlview", sa.String(300), comment="View of the monitor the address leads to"),
        sa.Column("url", sa.String(2500), comment="Address requested, with its parameters"),
        sa.Column("referrer", sa.String(4000), comment="Page the client came from"),
        sa.Column("useragent", sa.String(400), comment="Browser or program of the client"),
        sa.Column("rtime", TIMESTAMP(), comment="Time the response was sent"),
        sa.Column("load", sa.Numeric(10, 2), comment="Load of the monitor's host at the request"),
        sa.Column(
            "mem", sa.Numeric(10, 2), comment="Memory use of the monitor's host at the request"
        ),
        sa.Column(
            "dbactivesess",
            sa.Integer(),
            comment="Number of active database sessions at the request",
        ),
        sa.Column(
            "dbtotalsess", sa.Integer(), comment="Number of all database sessions at the request"
        ),
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text(
                "nextval('doma_pandabigmon.all_requests_daily_id_seq'::regclass)"
            ),
            comment="Number of the request",
        ),
        schema=BIGMON,
        comment="HTTP requests to the monitor with the load they met, in daily partitions.",
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
            comment="Number of the group",
        ),
        sa.Column("name", sa.String(80), comment="Name of the group"),
        sa.PrimaryKeyConstraint("id", name="auth_group_pkey"),
        schema=BIGMON,
        comment="Group of monitor users (Django).",
    )
    op.create_index("sys_c002462746", "auth_group", ["name"], schema=BIGMON)
    op.create_table(
        "auth_group_permissions",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the grant",
        ),
        sa.Column("group_id", sa.BigInteger(), nullable=False, comment="Group, AUTH_GROUP"),
        sa.Column(
            "permission_id",
            sa.BigInteger(),
            nullable=False,
            comment="Permission granted, AUTH_PERMISSION",
        ),
        sa.PrimaryKeyConstraint("id", name="auth_group_permissions_pkey"),
        schema=BIGMON,
        comment="Permission granted to a group (Django).",
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
            comment="Number of the permission",
        ),
        sa.Column("name", sa.String(255), comment="Name of the permission for people to read"),
        sa.Column(
            "content_type_id",
            sa.Integer(),
            nullable=False,
            comment="Model the permission is about, DJANGO_CONTENT_TYPE",
        ),
        sa.Column(
            "codename", sa.String(100), comment="Name of the permission in code, such as add_user"
        ),
        schema=BIGMON,
        comment="Permission that users and groups can hold (Django).",
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
            comment="Number of the user",
        ),
        sa.Column(
            "password",
            sa.String(128),
            comment="Hash of the password, unused where the login is by single sign-on",
        ),
        sa.Column("last_login", TIMESTAMP(), comment="Time of the last login, NULL if never"),
        sa.Column("is_superuser", sa.Boolean(), comment="True if the user holds every permission"),
        sa.Column("username", sa.String(50), comment="Login name"),
        sa.Column("first_name", sa.String(100), comment="Given name"),
        sa.Column("last_name", sa.String(100), comment="Family name"),
        sa.Column("email", sa.String(100), comment="Mail address"),
        sa.Column("is_staff", sa.Boolean(), comment="True if the user may enter the admin site"),
        sa.Column("is_active", sa.Boolean(), comment="False if the account is switched off"),
        sa.Column("date_joined", TIMESTAMP(), comment="Time the account was created"),
        sa.Column(
            "is_tester", sa.Boolean(), comment="True if the user gets to see features under test"
        ),
        sa.Column(
            "is_expert", sa.Boolean(), comment="True if the user gets to see features for experts"
        ),
        sa.PrimaryKeyConstraint("id", name="auth_user_pkey"),
        schema=BIGMON,
        comment="User account of the monitor (Django).",
    )
    op.create_table(
        "auth_user_groups",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            autoincrement=False,
            comment="Number of the membership",
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="User, AUTH_USER"),
        sa.Column("group_id", sa.BigInteger(), nullable=False, comment="Group, AUTH_GROUP"),
        sa.PrimaryKeyConstraint("id", name="auth_user_groups_pkey"),
        schema=BIGMON,
        comment="Membership of a user in a group (Django).",
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
            comment="Number of the grant",
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="User, AUTH_USER"),
        sa.Column(
            "permission_id",
            sa.BigInteger(),
            nullable=False,
            comment="Permission granted, AUTH_PERMISSION",
        ),
        sa.PrimaryKeyConstraint("id", name="auth_user_user_permissions_pkey"),
        schema=BIGMON,
        comment="Permission granted to a single user (Django).",
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
        sa.Column(
            "key", sa.String(40), comment="The token itself, a secret of 40 hexadecimal digits"
        ),
        sa.Column(
            "user_id", sa.BigInteger(), nullable=False, comment="Owner of the token, AUTH_USER"
        ),
        sa.Column(
            "created", TIMESTAMP(), server_default=UTC_NOW, comment="Time the token was issued"
        ),
        schema=BIGMON,
        comment="API token of a user (Django REST framework).",
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
            comment="Number of the model",
        ),
        sa.Column("app_label", sa.String(100), comment="Application the model belongs to"),
        sa.Column("model", sa.String(100), comment="Name of the model, in lower case"),
        schema=BIGMON,
        comment="Catalogue of the models of the site (Django).",
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
            comment="Number of the entry",
        ),
        sa.Column("app", sa.String(255), comment="Application the migration belongs to"),
        sa.Column("name", sa.String(255), comment="Name of the migration"),
        sa.Column("applied", TIMESTAMP(), nullable=False, comment="Time the migration was applied"),
        sa.PrimaryKeyConstraint("id", name="django_migrations_pkey"),
        schema=BIGMON,
        comment="Schema migrations applied so far (Django).",
    )
    op.create_table(
        "django_session",
        sa.Column(
            "session_key",
            sa.String(40),
            nullable=False,
            comment="Key of the session, as in the visitor's cookie",
        ),
        sa.Column(
            "session_data",
            sa.String(4000),
            nullable=False,
            comment="Content of the session, encoded and signed",
        ),
        sa.Column("expire_date", TIMESTAMP(), nullable=False, comment="Time the session ends"),
        sa.PrimaryKeyConstraint("session_key", name="django_session_pkey"),
        schema=BIGMON,
        comment="Session of a visitor (Django).",
    )
    op.create_index("django_session_inx_exp_date", "django_session", ["expire_date"], schema=BIGMON)
    op.create_table(
        "djangocache",
        sa.Column("cache_key", sa.String(1000), nullable=False, comment="Key of the entry"),
        sa.Column("expires", TIMESTAMP(), nullable=False, comment="Time the entry becomes stale"),
        sa.Column(
            "value",
            sa.Text(),
            nullable=False,
            comment="Cached object, pickled and encoded in base64",
        ),
        sa.PrimaryKeyConstraint("cache_key", name="djangocache_pkey"),
        schema=BIGMON,
        comment="Cache of pages and data in the database (Django).",
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
            comment="Number of the list",
        ),
        sa.Column(
            "userid", sa.BigInteger(), nullable=False, comment="Owner of the list, AUTH_USER"
        ),
        sa.Column("object", sa.String(20), comment="Kind of object compared, such as job or task"),
        sa.Column("comparison_list", sa.String(200), comment="Ids of the objects picked"),
        sa.PrimaryKeyConstraint("id", name="objects_comparison_pkey"),
        schema=BIGMON,
        comment="Objects a user has picked for a side-by-side comparison.",
    )
    op.create_table(
        "rating",
        sa.Column(
            "ratingid",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.rating_seq'::regclass)"),
            autoincrement=False,
            comment="Number of the rating",
        ),
        sa.Column("rating", sa.BigInteger(), comment="Mark the user gave"),
        sa.Column("userid", sa.SmallInteger(), comment="User who rated, AUTH_USER"),
        sa.Column("jeditaskid", sa.BigInteger(), comment="Task rated, JEDI_TASKS"),
        sa.Column("feedback", sa.String(4000), comment="Remark of the user"),
        sa.Column(
            "added", TIMESTAMP(), server_default=UTC_NOW, comment="Time the rating was given"
        ),
        sa.PrimaryKeyConstraint("ratingid", name="rating_pkey"),
        schema=BIGMON,
        comment="Rating of a task by a user.",
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
            comment="Number of the request",
        ),
        sa.Column(
            "server",
            sa.String(100),
            nullable=False,
            comment="Host of the monitor that took the request",
        ),
        sa.Column("remote", sa.String(100), nullable=False, comment="Address of the client"),
        sa.Column("qtime", TIMESTAMP(), nullable=False, comment="Time the request arrived"),
        sa.Column("qduration", TIMESTAMP(), nullable=False, comment="Time the response was ready"),
        sa.Column(
            "load",
            sa.String(40),
            nullable=False,
            comment="Load of the monitor's host at the request",
        ),
        sa.Column(
            "mem",
            sa.String(40),
            nullable=False,
            comment="Memory use of the monitor's host at the request",
        ),
        sa.Column("description", sa.String(4000), nullable=False, comment="Remark on the request"),
        sa.Column(
            "url", sa.String(2500), nullable=False, comment="Address requested, with its parameters"
        ),
        sa.Column(
            "duration",
            sa.Numeric(38, 0),
            nullable=False,
            comment="Time it took to answer, in seconds",
        ),
        sa.Column("referrer", sa.String(4000), comment="Page the client came from"),
        sa.Column("useragent", sa.String(300), comment="Browser or program of the client"),
        sa.PrimaryKeyConstraint("id", name="request_stats_pkey"),
        schema=BIGMON,
        comment="Duration and circumstances of requests to the monitor.",
    )
    op.create_index(
        "request_stats_remote_qtime_idx", "request_stats", ["remote", "qtime"], schema=BIGMON
    )
    op.create_table(
        "rucio_accounts",
        sa.Column("certificatedn", sa.String(250), comment="Distinguished name of the certificate"),
        sa.Column("rucio_account", sa.String(40), comment="Name of the account in Rucio"),
        sa.Column(
            "create_time",
            TIMESTAMP(),
            server_default=sa.text("(CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC')"),
            comment="Time the row was written",
        ),
        sa.Column(
            "id",
            sa.Numeric(38, 0),
            server_default=sa.text("nextval('doma_pandabigmon.rucio_accounts_seq'::regclass)"),
            comment="Number of the row",
        ),
        schema=BIGMON,
        comment="Rucio account that belongs to a certificate.",
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
            comment="Number of the association",
        ),
        sa.Column("server_url", sa.String(255), comment="Address of the OpenID server"),
        sa.Column("handle", sa.String(255), comment="Name of the association at the server"),
        sa.Column("secret", sa.String(255), comment="Shared secret, encoded in base64"),
        sa.Column(
            "issued",
            sa.BigInteger(),
            nullable=False,
            comment="Time of issue, in seconds since 1970",
        ),
        sa.Column(
            "lifetime",
            sa.BigInteger(),
            nullable=False,
            comment="Time the association is valid, in seconds",
        ),
        sa.Column(
            "assoc_type",
            sa.String(64),
            comment="Signature method of the association, such as HMAC-SHA256",
        ),
        sa.PrimaryKeyConstraint("id", name="social_auth_association_pkey"),
        sa.UniqueConstraint(
            "server_url", "handle", name="social_auth_association_server_url_handle_key"
        ),
        schema=BIGMON,
        comment="Association with an OpenID server (Python Social Auth).",
    )
    op.create_table(
        "social_auth_code",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.social_auth_code_sq'::regclass)"),
            autoincrement=False,
            comment="Number of the code",
        ),
        sa.Column("email", sa.String(254), comment="Mail address to verify"),
        sa.Column("code", sa.String(32), comment="Code sent to the address"),
        sa.Column(
            "verified",
            sa.SmallInteger(),
            nullable=False,
            comment="Flag: 1 once the address is verified, else 0",
        ),
        sa.PrimaryKeyConstraint("id", name="social_auth_code_pkey"),
        sa.UniqueConstraint("email", "code", name="social_auth_code_email_code_key"),
        schema=BIGMON,
        comment="Code sent to verify a mail address (Python Social Auth).",
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
            comment="Number of the nonce",
        ),
        sa.Column("server_url", sa.String(255), comment="Address of the OpenID server"),
        sa.Column(
            "timestamp",
            sa.BigInteger(),
            nullable=False,
            comment="Time in the nonce, in seconds since 1970",
        ),
        sa.Column("salt", sa.String(65), comment="Random part of the nonce"),
        sa.PrimaryKeyConstraint("id", name="social_auth_nonce_pkey"),
        sa.UniqueConstraint(
            "server_url",
            "timestamp",
            "salt",
            name="social_auth_nonce_server_url_timestamp_salt_key",
        ),
        schema=BIGMON,
        comment="Nonce of an OpenID login, against replays (Python Social Auth).",
    )
    op.create_table(
        "social_auth_partial",
        sa.Column(
            "id",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.social_auth_partial_sq'::regclass)"),
            autoincrement=False,
            comment="Number of the interrupted login",
        ),
        sa.Column("token", sa.String(32), comment="Token by which the login is resumed"),
        sa.Column(
            "next_step",
            sa.BigInteger(),
            nullable=False,
            comment="Index of the pipeline step to go on with",
        ),
        sa.Column("backend", sa.String(32), comment="Name of the login provider"),
        sa.Column("data", sa.Text(), comment="State of the login pipeline, as JSON"),
        sa.PrimaryKeyConstraint("id", name="social_auth_partial_pkey"),
        schema=BIGMON,
        comment="Login interrupted half way, to be resumed (Python Social Auth).",
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
            comment="Number of the identity",
        ),
        sa.Column("provider", sa.String(32), comment="Name of the login provider"),
        sa.Column("uid", sa.String(255), comment="Id of the user at the provider"),
        sa.Column(
            "extra_data",
            sa.Text(),
            comment="What the provider gave along, tokens included, as JSON",
        ),
        sa.Column(
            "user_id",
            sa.BigInteger(),
            nullable=False,
            comment="User the identity belongs to, AUTH_USER",
        ),
        sa.Column("modified", TIMESTAMP(), comment="Time of the last change"),
        sa.Column("created", TIMESTAMP(), comment="Time the identity was first linked"),
        sa.UniqueConstraint("provider", "uid", name="social_auth_usersocialauth_provider_uid_key"),
        schema=BIGMON,
        comment="Identity of a user at a login provider (Python Social Auth).",
    )
    op.create_index(
        "social_aut_user_id_17d28448", "social_auth_usersocialauth", ["user_id"], schema=BIGMON
    )
    op.create_table(
        "tmp_ids1debug",
        sa.Column("id", sa.BigInteger(), comment="Id to look for, such as a PandaID or task id"),
        sa.Column(
            "transactionkey", sa.BigInteger(), comment="Number that marks the ids of one query"
        ),
        sa.Column(
            "ins_time", TIMESTAMP(), server_default=UTC_NOW, comment="Time the id was inserted"
        ),
        schema=BIGMON,
        comment="Scratch list of ids that queries of the monitor join with.",
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
            comment="Number of the setting",
        ),
        sa.Column("userid", sa.BigInteger(), nullable=False, comment="User, AUTH_USER"),
        sa.Column("page", sa.String(100), nullable=False, comment="Page the preferences are for"),
        sa.Column(
            "preferences",
            sa.String(4000),
            nullable=False,
            server_default="{}",
            comment="Preferences, as JSON",
        ),
        sa.PrimaryKeyConstraint("id", name="user_settings_pkey"),
        schema=BIGMON,
        comment="Preferences of a user for a page of the monitor.",
    )
    op.create_table(
        "visits",
        sa.Column(
            "visitid",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('doma_pandabigmon.visits_seq'::regclass)"),
            autoincrement=False,
            comment="Number of the visit",
        ),
        sa.Column("url", sa.String(1000), comment="Address visited"),
        sa.Column("time", TIMESTAMP(), server_default=UTC_NOW, comment="Time of the visit"),
        sa.Column("service", sa.Numeric(38, 0), comment="Number of the service visited"),
        sa.Column("userid", sa.Numeric(38, 0), comment="User, AUTH_USER"),
        sa.Column("remote", sa.String(100), comment="Address of the client"),
        sa.PrimaryKeyConstraint("visitid", name="visits_pkey"),
        schema=BIGMON,
        comment="Visits of logged-in users to pages of the monitor.",
    )
    op.create_index("user_idx", "visits", ["userid"], schema=BIGMON)
    op.withhold(
        "doma_pandabigmon.auth_user",
        "doma_pandabigmon.authtoken_token",
        "doma_pandabigmon.django_session",
        "doma_pandabigmon.djangocache",
        "doma_pandabigmon.social_auth_association",
        "doma_pandabigmon.social_auth_code",
        "doma_pandabigmon.social_auth_nonce",
        "doma_pandabigmon.social_auth_partial",
        "doma_pandabigmon.social_auth_usersocialauth",
    )


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
