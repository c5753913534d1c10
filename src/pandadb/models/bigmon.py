"""Schema doma_pandabigmon: the tables of the BigPanDA monitor, a Django site."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import BIGMON, Base, related, sequence
from pandadb.models.types import UTC_NOW, UTC_NOW_SECONDS, BigInt, SmallInt

ALL_REQUESTS_ID_SEQ = sequence("all_requests_id_seq", BIGMON, cache=20)
ALL_REQUESTS_DAILY_SEQ = sequence("all_requests_daily_id_seq", BIGMON, cache=20)
AUTH_GROUP_SEQ = sequence("auth_group_id_seq", BIGMON, cache=20)
AUTH_PERMISSION_SEQ = sequence("auth_permission_id_seq", BIGMON, cache=20)
AUTH_USER_TR_SEQ = sequence("auth_user_tr_seq", BIGMON, cache=20)
AUTH_USER_USER_SEQ = sequence("auth_user_user_id_p_seq", BIGMON, cache=20)
DJANGO_CONTENT_TYPE_SEQ = sequence("django_content_type_id_seq", BIGMON, cache=20)
DJANGO_MIGRATIONS_SEQ = sequence("django_migrations_id_p_seq", BIGMON, cache=20)
OBJECTS_COMPARISON_SEQ = sequence("objects_comparison_seq", BIGMON, cache=20)
RATING_SEQ = sequence("rating_seq", BIGMON, cache=20)
REQUEST_STATS_SEQ = sequence("request_stats_seq", BIGMON, cache=20)
RUCIO_ACCOUNTS_SEQ = sequence("rucio_accounts_seq", BIGMON, cache=20)
SOCIAL_AUTH_ASSOCIATION_SEQ = sequence("social_auth_association_sq", BIGMON, cache=20)
SOCIAL_AUTH_CODE_SEQ = sequence("social_auth_code_sq", BIGMON, cache=20)
SOCIAL_AUTH_NONCE_SEQ = sequence("social_auth_nonce_sq", BIGMON, cache=20)
SOCIAL_AUTH_PARTIAL_SEQ = sequence("social_auth_partial_sq", BIGMON, cache=20)
SOCIAL_AUTH_USERSOCIALA0419_SEQ = sequence("social_auth_usersociala0419", BIGMON, cache=20)
USER_SETTINGS_SEQ = sequence("user_settings_sq", BIGMON, cache=20)
VISITS_SEQ = sequence("visits_seq", BIGMON, cache=20)
ALL_REQUESTS_SEQ = sequence("all_requests_seq", BIGMON, cache=20)


class AllRequests(Base):
    """TODO doma_pandabigmon.all_requests."""

    __tablename__ = "all_requests"
    __table_args__ = (
        Index("all_requests_urlview_qtime_idx", "urlview", "qtime"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None] = mapped_column(server_default=ALL_REQUESTS_ID_SEQ.next_value())
    server: Mapped[str | None] = mapped_column(String(100))
    remote: Mapped[str | None] = mapped_column(String(100))
    qtime: Mapped[datetime | None]
    url: Mapped[str | None] = mapped_column(String(2500))
    referrer: Mapped[str | None] = mapped_column(String(4000))
    useragent: Mapped[str | None] = mapped_column(String(400))
    is_rejected: Mapped[SmallInt | None]
    urlview: Mapped[str | None] = mapped_column(String(300))


class AllRequestsDaily(Base):
    """TODO doma_pandabigmon.all_requests_daily."""

    __tablename__ = "all_requests_daily"
    __table_args__ = (
        Index("all_requests_daily_idx", "id"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    qtime: Mapped[datetime | None]
    remote: Mapped[str | None] = mapped_column(String(100))
    is_rejected: Mapped[SmallInt | None]
    server: Mapped[str | None] = mapped_column(String(100))
    urlview: Mapped[str | None] = mapped_column(String(300))
    url: Mapped[str | None] = mapped_column(String(2500))
    referrer: Mapped[str | None] = mapped_column(String(4000))
    useragent: Mapped[str | None] = mapped_column(String(400))
    rtime: Mapped[datetime | None]
    load: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    mem: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    dbactivesess: Mapped[int | None]
    dbtotalsess: Mapped[int | None]
    id: Mapped[BigInt | None] = mapped_column(server_default=ALL_REQUESTS_DAILY_SEQ.next_value())


class AuthGroup(Base):
    """TODO doma_pandabigmon.auth_group."""

    __tablename__ = "auth_group"
    __table_args__ = (
        Index("sys_c002462746", "name"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(server_default=AUTH_GROUP_SEQ.next_value(), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(80))

    permissions: Mapped[list[AuthGroupPermissions]] = related(
        "foreign(AuthGroupPermissions.group_id) == AuthGroup.id", "group"
    )
    users: Mapped[list[AuthUserGroups]] = related(
        "foreign(AuthUserGroups.group_id) == AuthGroup.id", "group"
    )


class AuthGroupPermissions(Base):
    """TODO doma_pandabigmon.auth_group_permissions."""

    __tablename__ = "auth_group_permissions"
    __table_args__ = (
        Index("auth_group_group_id_b120cbf9", "group_id"),
        Index("auth_group_permission_84c5c92e", "permission_id"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    group_id: Mapped[BigInt]
    permission_id: Mapped[BigInt]

    group: Mapped[AuthGroup | None] = related(
        "foreign(AuthGroupPermissions.group_id) == AuthGroup.id", "permissions"
    )
    permission: Mapped[AuthPermission | None] = related(
        "foreign(AuthGroupPermissions.permission_id) == AuthPermission.id", "groups"
    )


class AuthPermission(Base):
    """TODO doma_pandabigmon.auth_permission."""

    __tablename__ = "auth_permission"
    __table_args__ = (
        Index("auth_perm_content_t_01ab375a_u", "content_type_id", "codename", unique=True),
        Index("auth_perm_content_ty_2f476e4b", "content_type_id"),
        Index("sys_c002462743", "id", unique=True),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[int] = mapped_column(server_default=AUTH_PERMISSION_SEQ.next_value())
    name: Mapped[str | None] = mapped_column(String(255))
    content_type_id: Mapped[int]
    codename: Mapped[str | None] = mapped_column(String(100))

    groups: Mapped[list[AuthGroupPermissions]] = related(
        "foreign(AuthGroupPermissions.permission_id) == AuthPermission.id", "permission"
    )
    users: Mapped[list[AuthUserUserPermissions]] = related(
        "foreign(AuthUserUserPermissions.permission_id) == AuthPermission.id", "permission"
    )
    content_type: Mapped[DjangoContentType | None] = related(
        "foreign(AuthPermission.content_type_id) == DjangoContentType.id", "permissions"
    )


class AuthUser(Base):
    """TODO doma_pandabigmon.auth_user."""

    __tablename__ = "auth_user"
    __table_args__ = {"schema": BIGMON}

    id: Mapped[BigInt] = mapped_column(
        server_default=AUTH_USER_TR_SEQ.next_value(), primary_key=True
    )
    password: Mapped[str | None] = mapped_column(String(128))
    last_login: Mapped[datetime | None]
    is_superuser: Mapped[bool | None]
    username: Mapped[str | None] = mapped_column(String(50))
    first_name: Mapped[str | None] = mapped_column(String(100))
    last_name: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(100))
    is_staff: Mapped[bool | None]
    is_active: Mapped[bool | None]
    date_joined: Mapped[datetime | None]
    is_tester: Mapped[bool | None]
    is_expert: Mapped[bool | None]

    groups: Mapped[list[AuthUserGroups]] = related(
        "foreign(AuthUserGroups.user_id) == AuthUser.id", "user"
    )
    permissions: Mapped[list[AuthUserUserPermissions]] = related(
        "foreign(AuthUserUserPermissions.user_id) == AuthUser.id", "user"
    )
    social_auths: Mapped[list[SocialAuthUserSocialAuth]] = related(
        "foreign(SocialAuthUserSocialAuth.user_id) == AuthUser.id", "user"
    )


class AuthUserGroups(Base):
    """TODO doma_pandabigmon.auth_user_groups."""

    __tablename__ = "auth_user_groups"
    __table_args__ = (
        Index("auth_user_user_id_g_94350c0c_u", "user_id", "group_id", unique=True),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[BigInt]
    group_id: Mapped[BigInt]

    user: Mapped[AuthUser | None] = related(
        "foreign(AuthUserGroups.user_id) == AuthUser.id", "groups"
    )
    group: Mapped[AuthGroup | None] = related(
        "foreign(AuthUserGroups.group_id) == AuthGroup.id", "users"
    )


class AuthUserUserPermissions(Base):
    """TODO doma_pandabigmon.auth_user_user_permissions."""

    __tablename__ = "auth_user_user_permissions"
    __table_args__ = (
        Index("auth_user__permission_1fbb5f2c", "permission_id"),
        Index("auth_user__user_id_a95ead1b", "user_id"),
        Index("auth_user_user_id_p_14a6b632_u", "user_id", "permission_id", unique=True),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=AUTH_USER_USER_SEQ.next_value(), primary_key=True
    )
    user_id: Mapped[BigInt]
    permission_id: Mapped[BigInt]

    user: Mapped[AuthUser | None] = related(
        "foreign(AuthUserUserPermissions.user_id) == AuthUser.id", "permissions"
    )
    permission: Mapped[AuthPermission | None] = related(
        "foreign(AuthUserUserPermissions.permission_id) == AuthPermission.id", "users"
    )


class AuthTokenToken(Base):
    """TODO doma_pandabigmon.authtoken_token."""

    __tablename__ = "authtoken_token"
    __table_args__ = {"schema": BIGMON}
    __mapper_args__ = {"primary_key": ["key"]}

    key: Mapped[str | None] = mapped_column(String(40))
    user_id: Mapped[BigInt]
    created: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW)


class DjangoContentType(Base):
    """TODO doma_pandabigmon.django_content_type."""

    __tablename__ = "django_content_type"
    __table_args__ = (
        Index("django_content_type_idx", "id", unique=True),
        Index("django_content_type_idx_comb_label_model", "app_label", "model", unique=True),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[int] = mapped_column(server_default=DJANGO_CONTENT_TYPE_SEQ.next_value())
    app_label: Mapped[str | None] = mapped_column(String(100))
    model: Mapped[str | None] = mapped_column(String(100))

    permissions: Mapped[list[AuthPermission]] = related(
        "foreign(AuthPermission.content_type_id) == DjangoContentType.id", "content_type"
    )


class DjangoMigrations(Base):
    """TODO doma_pandabigmon.django_migrations."""

    __tablename__ = "django_migrations"
    __table_args__ = {"schema": BIGMON}

    id: Mapped[BigInt] = mapped_column(
        server_default=DJANGO_MIGRATIONS_SEQ.next_value(), primary_key=True
    )
    app: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    applied: Mapped[datetime]


class DjangoSession(Base):
    """TODO doma_pandabigmon.django_session."""

    __tablename__ = "django_session"
    __table_args__ = (
        Index("django_session_inx_exp_date", "expire_date"),
        {"schema": BIGMON},
    )

    session_key: Mapped[str] = mapped_column(String(40), primary_key=True)
    session_data: Mapped[str] = mapped_column(String(4000))
    expire_date: Mapped[datetime]


class DjangoCache(Base):
    """TODO doma_pandabigmon.djangocache."""

    __tablename__ = "djangocache"
    __table_args__ = (
        Index("djangocache_indx_expires", "expires"),
        {"schema": BIGMON},
    )

    cache_key: Mapped[str] = mapped_column(String(1000), primary_key=True)
    expires: Mapped[datetime]
    value: Mapped[str] = mapped_column(Text)


class ObjectsComparison(Base):
    """TODO doma_pandabigmon.objects_comparison."""

    __tablename__ = "objects_comparison"
    __table_args__ = {"schema": BIGMON}

    id: Mapped[BigInt] = mapped_column(
        server_default=OBJECTS_COMPARISON_SEQ.next_value(), primary_key=True
    )
    userid: Mapped[BigInt]
    object: Mapped[str | None] = mapped_column(String(20))
    comparison_list: Mapped[str | None] = mapped_column(String(200))


class Rating(Base):
    """TODO doma_pandabigmon.rating."""

    __tablename__ = "rating"
    __table_args__ = (
        Index("rating_added_idx", "added"),
        Index("rating_jeditaskid_idx", "jeditaskid"),
        {"schema": BIGMON},
    )

    ratingid: Mapped[BigInt] = mapped_column(
        server_default=RATING_SEQ.next_value(), primary_key=True
    )
    rating: Mapped[BigInt | None]
    userid: Mapped[SmallInt | None]
    jeditaskid: Mapped[BigInt | None]
    feedback: Mapped[str | None] = mapped_column(String(4000))
    added: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW)


class RequestStats(Base):
    """TODO doma_pandabigmon.request_stats."""

    __tablename__ = "request_stats"
    __table_args__ = (
        Index("request_stats_remote_qtime_idx", "remote", "qtime"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=REQUEST_STATS_SEQ.next_value(), primary_key=True
    )
    server: Mapped[str] = mapped_column(String(100))
    remote: Mapped[str] = mapped_column(String(100))
    qtime: Mapped[datetime]
    qduration: Mapped[datetime]
    load: Mapped[str] = mapped_column(String(40))
    mem: Mapped[str] = mapped_column(String(40))
    description: Mapped[str] = mapped_column(String(4000))
    url: Mapped[str] = mapped_column(String(2500))
    duration: Mapped[Decimal] = mapped_column(Numeric(38, 0))
    referrer: Mapped[str | None] = mapped_column(String(4000))
    useragent: Mapped[str | None] = mapped_column(String(300))


class RucioAccounts(Base):
    """TODO doma_pandabigmon.rucio_accounts."""

    __tablename__ = "rucio_accounts"
    __table_args__ = (
        Index("rucio_accounts_idx", "certificatedn"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    certificatedn: Mapped[str | None] = mapped_column(String(250))
    rucio_account: Mapped[str | None] = mapped_column(String(40))
    create_time: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW_SECONDS)
    id: Mapped[Decimal | None] = mapped_column(
        Numeric(38, 0), server_default=RUCIO_ACCOUNTS_SEQ.next_value()
    )


class SocialAuthAssociation(Base):
    """TODO doma_pandabigmon.social_auth_association."""

    __tablename__ = "social_auth_association"
    __table_args__ = (
        UniqueConstraint(
            "server_url", "handle", name="social_auth_association_server_url_handle_key"
        ),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=SOCIAL_AUTH_ASSOCIATION_SEQ.next_value(), primary_key=True
    )
    server_url: Mapped[str | None] = mapped_column(String(255))
    handle: Mapped[str | None] = mapped_column(String(255))
    secret: Mapped[str | None] = mapped_column(String(255))
    issued: Mapped[BigInt]
    lifetime: Mapped[BigInt]
    assoc_type: Mapped[str | None] = mapped_column(String(64))


class SocialAuthCode(Base):
    """TODO doma_pandabigmon.social_auth_code."""

    __tablename__ = "social_auth_code"
    __table_args__ = (
        UniqueConstraint("email", "code", name="social_auth_code_email_code_key"),
        Index("social_auth_code_code_a2393167", "code"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=SOCIAL_AUTH_CODE_SEQ.next_value(), primary_key=True
    )
    email: Mapped[str | None] = mapped_column(String(254))
    code: Mapped[str | None] = mapped_column(String(32))
    verified: Mapped[SmallInt]


class SocialAuthNonce(Base):
    """TODO doma_pandabigmon.social_auth_nonce."""

    __tablename__ = "social_auth_nonce"
    __table_args__ = (
        UniqueConstraint(
            "server_url",
            "timestamp",
            "salt",
            name="social_auth_nonce_server_url_timestamp_salt_key",
        ),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=SOCIAL_AUTH_NONCE_SEQ.next_value(), primary_key=True
    )
    server_url: Mapped[str | None] = mapped_column(String(255))
    timestamp: Mapped[BigInt]
    salt: Mapped[str | None] = mapped_column(String(65))


class SocialAuthPartial(Base):
    """TODO doma_pandabigmon.social_auth_partial."""

    __tablename__ = "social_auth_partial"
    __table_args__ = (
        Index("social_aut_token_3017fea3", "token"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=SOCIAL_AUTH_PARTIAL_SEQ.next_value(), primary_key=True
    )
    token: Mapped[str | None] = mapped_column(String(32))
    next_step: Mapped[BigInt]
    backend: Mapped[str | None] = mapped_column(String(32))
    data: Mapped[str | None] = mapped_column(Text)


class SocialAuthUserSocialAuth(Base):
    """TODO doma_pandabigmon.social_auth_usersocialauth."""

    __tablename__ = "social_auth_usersocialauth"
    __table_args__ = (
        UniqueConstraint("provider", "uid", name="social_auth_usersocialauth_provider_uid_key"),
        Index("social_aut_user_id_17d28448", "user_id"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt] = mapped_column(server_default=SOCIAL_AUTH_USERSOCIALA0419_SEQ.next_value())
    provider: Mapped[str | None] = mapped_column(String(32))
    uid: Mapped[str | None] = mapped_column(String(255))
    extra_data: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[BigInt]
    modified: Mapped[datetime | None]
    created: Mapped[datetime | None]

    user: Mapped[AuthUser | None] = related(
        "foreign(SocialAuthUserSocialAuth.user_id) == AuthUser.id", "social_auths"
    )


class TmpIDs1Debug(Base):
    """TODO doma_pandabigmon.tmp_ids1debug."""

    __tablename__ = "tmp_ids1debug"
    __table_args__ = (
        Index("tmp_ids1debug_idx_trans", "transactionkey", "id"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id", "transactionkey", "ins_time"]}

    id: Mapped[BigInt | None]
    transactionkey: Mapped[BigInt | None]
    ins_time: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW)


class UserSettings(Base):
    """TODO doma_pandabigmon.user_settings."""

    __tablename__ = "user_settings"
    __table_args__ = {"schema": BIGMON}

    id: Mapped[BigInt] = mapped_column(
        server_default=USER_SETTINGS_SEQ.next_value(), primary_key=True
    )
    userid: Mapped[BigInt]
    page: Mapped[str] = mapped_column(String(100))
    preferences: Mapped[str] = mapped_column(String(4000), server_default="{}")


class Visits(Base):
    """TODO doma_pandabigmon.visits."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("user_idx", "userid"),
        {"schema": BIGMON},
    )

    visitid: Mapped[BigInt] = mapped_column(
        server_default=VISITS_SEQ.next_value(), primary_key=True
    )
    url: Mapped[str | None] = mapped_column(String(1000))
    time: Mapped[datetime | None] = mapped_column(server_default=UTC_NOW)
    service: Mapped[Decimal | None] = mapped_column(Numeric(38, 0))
    userid: Mapped[Decimal | None] = mapped_column(Numeric(38, 0))
    remote: Mapped[str | None] = mapped_column(String(100))
