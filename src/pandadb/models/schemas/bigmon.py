"""Schema doma_pandabigmon: the tables of the BigPanDA monitor, a Django site."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import BIGMON, SECRET, Base, related, sequence
from pandadb.models.types import UTC_NOW, UTC_NOW_SECONDS, BigInt, SmallInt

ALL_REQUESTS_ID_SEQ = sequence("all_requests_id_seq", BIGMON, cache=20)
ALL_REQUESTS_DAILY_SEQ = sequence("all_requests_daily_id_seq", BIGMON, cache=20)
AUTH_GROUP_SEQ = sequence("auth_group_id_seq", BIGMON, cache=20)
AUTH_GROUP_PERMISSIONS_SEQ = sequence("auth_group_permissions_id_seq", BIGMON, cache=20)
AUTH_PERMISSION_SEQ = sequence("auth_permission_id_seq", BIGMON, cache=20)
AUTH_USER_GROUPS_SEQ = sequence("auth_user_groups_id_seq", BIGMON, cache=20)
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
    """Every HTTP request to the monitor, to recognise overload by one client."""

    __tablename__ = "all_requests"
    __table_args__ = (
        Index("all_requests_urlview_qtime_idx", "urlview", "qtime"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt | None] = mapped_column(
        server_default=ALL_REQUESTS_ID_SEQ.next_value(), comment="Number of the request"
    )
    server: Mapped[str | None] = mapped_column(
        String(100), comment="Host of the monitor that took the request"
    )
    remote: Mapped[str | None] = mapped_column(String(100), comment="Address of the client")
    qtime: Mapped[datetime | None] = mapped_column(comment="Time the request arrived")
    url: Mapped[str | None] = mapped_column(
        String(2500), comment="Address requested, with its parameters"
    )
    referrer: Mapped[str | None] = mapped_column(String(4000), comment="Page the client came from")
    useragent: Mapped[str | None] = mapped_column(
        String(400), comment="Browser or program of the client"
    )
    is_rejected: Mapped[SmallInt | None] = mapped_column(
        comment="Flag: 1 if the request was refused, 0 if served"
    )
    urlview: Mapped[str | None] = mapped_column(
        String(300), comment="View of the monitor the address leads to"
    )


class AllRequestsDaily(Base):
    """HTTP requests to the monitor with the load they met, in daily partitions."""

    __tablename__ = "all_requests_daily"
    __table_args__ = (
        Index("all_requests_daily_idx", "id"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    qtime: Mapped[datetime | None] = mapped_column(
        comment="Time the request arrived, key of the daily partitions"
    )
    remote: Mapped[str | None] = mapped_column(String(100), comment="Address of the client")
    is_rejected: Mapped[SmallInt | None] = mapped_column(
        comment="Flag: 1 if the request was refused, 0 if served"
    )
    server: Mapped[str | None] = mapped_column(
        String(100), comment="Host of the monitor that took the request"
    )
    urlview: Mapped[str | None] = mapped_column(
        String(300), comment="View of the monitor the address leads to"
    )
    url: Mapped[str | None] = mapped_column(
        String(2500), comment="Address requested, with its parameters"
    )
    referrer: Mapped[str | None] = mapped_column(String(4000), comment="Page the client came from")
    useragent: Mapped[str | None] = mapped_column(
        String(400), comment="Browser or program of the client"
    )
    rtime: Mapped[datetime | None] = mapped_column(comment="Time the response was sent")
    load: Mapped[Decimal | None] = mapped_column(
        Numeric(10, 2), comment="Load of the monitor's host at the request"
    )
    mem: Mapped[Decimal | None] = mapped_column(
        Numeric(10, 2), comment="Memory use of the monitor's host at the request"
    )
    dbactivesess: Mapped[int | None] = mapped_column(
        comment="Number of active database sessions at the request"
    )
    dbtotalsess: Mapped[int | None] = mapped_column(
        comment="Number of all database sessions at the request"
    )
    id: Mapped[BigInt | None] = mapped_column(
        server_default=ALL_REQUESTS_DAILY_SEQ.next_value(), comment="Number of the request"
    )


class AuthGroup(Base):
    """Group of monitor users (Django)."""

    __tablename__ = "auth_group"
    __table_args__ = (
        Index("sys_c002462746", "name"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=AUTH_GROUP_SEQ.next_value(), primary_key=True, comment="Number of the group"
    )
    name: Mapped[str | None] = mapped_column(String(80), comment="Name of the group")

    permissions: Mapped[list[AuthGroupPermissions]] = related(
        "foreign(AuthGroupPermissions.group_id) == AuthGroup.id", "group"
    )
    users: Mapped[list[AuthUserGroups]] = related(
        "foreign(AuthUserGroups.group_id) == AuthGroup.id", "group"
    )


class AuthGroupPermissions(Base):
    """Permission granted to a group (Django)."""

    __tablename__ = "auth_group_permissions"
    __table_args__ = (
        Index("auth_group_group_id_b120cbf9", "group_id"),
        Index("auth_group_permission_84c5c92e", "permission_id"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=AUTH_GROUP_PERMISSIONS_SEQ.next_value(),
        primary_key=True,
        comment="Number of the grant",
    )
    group_id: Mapped[BigInt] = mapped_column(comment="Group, AUTH_GROUP")
    permission_id: Mapped[BigInt] = mapped_column(comment="Permission granted, AUTH_PERMISSION")

    group: Mapped[AuthGroup | None] = related(
        "foreign(AuthGroupPermissions.group_id) == AuthGroup.id", "permissions"
    )
    permission: Mapped[AuthPermission | None] = related(
        "foreign(AuthGroupPermissions.permission_id) == AuthPermission.id", "groups"
    )


class AuthPermission(Base):
    """Permission that users and groups can hold (Django)."""

    __tablename__ = "auth_permission"
    __table_args__ = (
        Index("auth_perm_content_t_01ab375a_u", "content_type_id", "codename", unique=True),
        Index("auth_perm_content_ty_2f476e4b", "content_type_id"),
        Index("sys_c002462743", "id", unique=True),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[int] = mapped_column(
        server_default=AUTH_PERMISSION_SEQ.next_value(), comment="Number of the permission"
    )
    name: Mapped[str | None] = mapped_column(
        String(255), comment="Name of the permission for people to read"
    )
    content_type_id: Mapped[int] = mapped_column(
        comment="Model the permission is about, DJANGO_CONTENT_TYPE"
    )
    codename: Mapped[str | None] = mapped_column(
        String(100), comment="Name of the permission in code, such as add_user"
    )

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
    """User account of the monitor (Django)."""

    __tablename__ = "auth_user"
    __table_args__ = {"schema": BIGMON}

    id: Mapped[BigInt] = mapped_column(
        server_default=AUTH_USER_TR_SEQ.next_value(), primary_key=True, comment="Number of the user"
    )
    password: Mapped[str | None] = mapped_column(
        String(128), comment="Hash of the password, unused where the login is by single sign-on"
    )
    last_login: Mapped[datetime | None] = mapped_column(
        comment="Time of the last login, NULL if never"
    )
    is_superuser: Mapped[bool | None] = mapped_column(
        comment="True if the user holds every permission"
    )
    username: Mapped[str | None] = mapped_column(String(50), comment="Login name")
    first_name: Mapped[str | None] = mapped_column(String(100), comment="Given name")
    last_name: Mapped[str | None] = mapped_column(String(100), comment="Family name")
    email: Mapped[str | None] = mapped_column(String(100), comment="Mail address")
    is_staff: Mapped[bool | None] = mapped_column(
        comment="True if the user may enter the admin site"
    )
    is_active: Mapped[bool | None] = mapped_column(comment="False if the account is switched off")
    date_joined: Mapped[datetime | None] = mapped_column(comment="Time the account was created")
    is_tester: Mapped[bool | None] = mapped_column(
        comment="True if the user gets to see features under test"
    )
    is_expert: Mapped[bool | None] = mapped_column(
        comment="True if the user gets to see features for experts"
    )

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
    """Membership of a user in a group (Django)."""

    __tablename__ = "auth_user_groups"
    __table_args__ = (
        Index("auth_user_user_id_g_94350c0c_u", "user_id", "group_id", unique=True),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=AUTH_USER_GROUPS_SEQ.next_value(),
        primary_key=True,
        comment="Number of the membership",
    )
    user_id: Mapped[BigInt] = mapped_column(comment="User, AUTH_USER")
    group_id: Mapped[BigInt] = mapped_column(comment="Group, AUTH_GROUP")

    user: Mapped[AuthUser | None] = related(
        "foreign(AuthUserGroups.user_id) == AuthUser.id", "groups"
    )
    group: Mapped[AuthGroup | None] = related(
        "foreign(AuthUserGroups.group_id) == AuthGroup.id", "users"
    )


class AuthUserUserPermissions(Base):
    """Permission granted to a single user (Django)."""

    __tablename__ = "auth_user_user_permissions"
    __table_args__ = (
        Index("auth_user__permission_1fbb5f2c", "permission_id"),
        Index("auth_user__user_id_a95ead1b", "user_id"),
        Index("auth_user_user_id_p_14a6b632_u", "user_id", "permission_id", unique=True),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=AUTH_USER_USER_SEQ.next_value(),
        primary_key=True,
        comment="Number of the grant",
    )
    user_id: Mapped[BigInt] = mapped_column(comment="User, AUTH_USER")
    permission_id: Mapped[BigInt] = mapped_column(comment="Permission granted, AUTH_PERMISSION")

    user: Mapped[AuthUser | None] = related(
        "foreign(AuthUserUserPermissions.user_id) == AuthUser.id", "permissions"
    )
    permission: Mapped[AuthPermission | None] = related(
        "foreign(AuthUserUserPermissions.permission_id) == AuthPermission.id", "users"
    )


class AuthTokenToken(Base):
    """API token of a user (Django REST framework)."""

    __tablename__ = "authtoken_token"
    __table_args__ = {"schema": BIGMON}
    __mapper_args__ = {"primary_key": ["key"]}

    key: Mapped[str | None] = mapped_column(
        String(40), info=SECRET, comment="The token itself, a secret of 40 hexadecimal digits"
    )
    user_id: Mapped[BigInt] = mapped_column(comment="Owner of the token, AUTH_USER")
    created: Mapped[datetime | None] = mapped_column(
        server_default=UTC_NOW, comment="Time the token was issued"
    )


class DjangoContentType(Base):
    """Catalogue of the models of the site (Django)."""

    __tablename__ = "django_content_type"
    __table_args__ = (
        Index("django_content_type_idx", "id", unique=True),
        Index("django_content_type_idx_comb_label_model", "app_label", "model", unique=True),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[int] = mapped_column(
        server_default=DJANGO_CONTENT_TYPE_SEQ.next_value(), comment="Number of the model"
    )
    app_label: Mapped[str | None] = mapped_column(
        String(100), comment="Application the model belongs to"
    )
    model: Mapped[str | None] = mapped_column(
        String(100), comment="Name of the model, in lower case"
    )

    permissions: Mapped[list[AuthPermission]] = related(
        "foreign(AuthPermission.content_type_id) == DjangoContentType.id", "content_type"
    )


class DjangoMigrations(Base):
    """Schema migrations applied so far (Django)."""

    __tablename__ = "django_migrations"
    __table_args__ = {"schema": BIGMON}

    id: Mapped[BigInt] = mapped_column(
        server_default=DJANGO_MIGRATIONS_SEQ.next_value(),
        primary_key=True,
        comment="Number of the entry",
    )
    app: Mapped[str | None] = mapped_column(
        String(255), comment="Application the migration belongs to"
    )
    name: Mapped[str | None] = mapped_column(String(255), comment="Name of the migration")
    applied: Mapped[datetime] = mapped_column(comment="Time the migration was applied")


class DjangoSession(Base):
    """Session of a visitor (Django)."""

    __tablename__ = "django_session"
    __table_args__ = (
        Index("django_session_inx_exp_date", "expire_date"),
        {"schema": BIGMON},
    )

    session_key: Mapped[str] = mapped_column(
        String(40),
        primary_key=True,
        info=SECRET,
        comment="Key of the session, as in the visitor's cookie",
    )
    session_data: Mapped[str] = mapped_column(
        String(4000), comment="Content of the session, encoded and signed"
    )
    expire_date: Mapped[datetime] = mapped_column(comment="Time the session ends")


class DjangoCache(Base):
    """Cache of pages and data in the database (Django)."""

    __tablename__ = "djangocache"
    __table_args__ = (
        Index("djangocache_indx_expires", "expires"),
        {"schema": BIGMON},
    )

    cache_key: Mapped[str] = mapped_column(
        String(1000), primary_key=True, comment="Key of the entry"
    )
    expires: Mapped[datetime] = mapped_column(comment="Time the entry becomes stale")
    value: Mapped[str] = mapped_column(Text, comment="Cached object, pickled and encoded in base64")


class ObjectsComparison(Base):
    """Objects a user has picked for a side-by-side comparison."""

    __tablename__ = "objects_comparison"
    __table_args__ = {"schema": BIGMON}

    id: Mapped[BigInt] = mapped_column(
        server_default=OBJECTS_COMPARISON_SEQ.next_value(),
        primary_key=True,
        comment="Number of the list",
    )
    userid: Mapped[BigInt] = mapped_column(comment="Owner of the list, AUTH_USER")
    object: Mapped[str | None] = mapped_column(
        String(20), comment="Kind of object compared, such as job or task"
    )
    comparison_list: Mapped[str | None] = mapped_column(
        String(200), comment="Ids of the objects picked"
    )


class Rating(Base):
    """Rating of a task by a user."""

    __tablename__ = "rating"
    __table_args__ = (
        Index("rating_added_idx", "added"),
        Index("rating_jeditaskid_idx", "jeditaskid"),
        {"schema": BIGMON},
    )

    ratingid: Mapped[BigInt] = mapped_column(
        server_default=RATING_SEQ.next_value(), primary_key=True, comment="Number of the rating"
    )
    rating: Mapped[BigInt | None] = mapped_column(comment="Mark the user gave")
    userid: Mapped[SmallInt | None] = mapped_column(comment="User who rated, AUTH_USER")
    jeditaskid: Mapped[BigInt | None] = mapped_column(comment="Task rated, JEDI_TASKS")
    feedback: Mapped[str | None] = mapped_column(String(4000), comment="Remark of the user")
    added: Mapped[datetime | None] = mapped_column(
        server_default=UTC_NOW, comment="Time the rating was given"
    )


class RequestStats(Base):
    """Duration and circumstances of requests to the monitor."""

    __tablename__ = "request_stats"
    __table_args__ = (
        Index("request_stats_remote_qtime_idx", "remote", "qtime"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=REQUEST_STATS_SEQ.next_value(),
        primary_key=True,
        comment="Number of the request",
    )
    server: Mapped[str] = mapped_column(
        String(100), comment="Host of the monitor that took the request"
    )
    remote: Mapped[str] = mapped_column(String(100), comment="Address of the client")
    qtime: Mapped[datetime] = mapped_column(comment="Time the request arrived")
    qduration: Mapped[datetime] = mapped_column(comment="Time the response was ready")
    load: Mapped[str] = mapped_column(
        String(40), comment="Load of the monitor's host at the request"
    )
    mem: Mapped[str] = mapped_column(
        String(40), comment="Memory use of the monitor's host at the request"
    )
    description: Mapped[str] = mapped_column(String(4000), comment="Remark on the request")
    url: Mapped[str] = mapped_column(String(2500), comment="Address requested, with its parameters")
    duration: Mapped[Decimal] = mapped_column(
        Numeric(38, 0), comment="Time it took to answer, in seconds"
    )
    referrer: Mapped[str | None] = mapped_column(String(4000), comment="Page the client came from")
    useragent: Mapped[str | None] = mapped_column(
        String(300), comment="Browser or program of the client"
    )


class RucioAccounts(Base):
    """Rucio account that belongs to a certificate."""

    __tablename__ = "rucio_accounts"
    __table_args__ = (
        Index("rucio_accounts_idx", "certificatedn"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    certificatedn: Mapped[str | None] = mapped_column(
        String(250), comment="Distinguished name of the certificate"
    )
    rucio_account: Mapped[str | None] = mapped_column(
        String(40), comment="Name of the account in Rucio"
    )
    create_time: Mapped[datetime | None] = mapped_column(
        server_default=UTC_NOW_SECONDS, comment="Time the row was written"
    )
    id: Mapped[Decimal | None] = mapped_column(
        Numeric(38, 0), server_default=RUCIO_ACCOUNTS_SEQ.next_value(), comment="Number of the row"
    )


class SocialAuthAssociation(Base):
    """Association with an OpenID server (Python Social Auth)."""

    __tablename__ = "social_auth_association"
    __table_args__ = (
        UniqueConstraint(
            "server_url", "handle", name="social_auth_association_server_url_handle_key"
        ),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=SOCIAL_AUTH_ASSOCIATION_SEQ.next_value(),
        primary_key=True,
        comment="Number of the association",
    )
    server_url: Mapped[str | None] = mapped_column(
        String(255), comment="Address of the OpenID server"
    )
    handle: Mapped[str | None] = mapped_column(
        String(255), comment="Name of the association at the server"
    )
    secret: Mapped[str | None] = mapped_column(
        String(255), comment="Shared secret, encoded in base64"
    )
    issued: Mapped[BigInt] = mapped_column(comment="Time of issue, in seconds since 1970")
    lifetime: Mapped[BigInt] = mapped_column(comment="Time the association is valid, in seconds")
    assoc_type: Mapped[str | None] = mapped_column(
        String(64), comment="Signature method of the association, such as HMAC-SHA256"
    )


class SocialAuthCode(Base):
    """Code sent to verify a mail address (Python Social Auth)."""

    __tablename__ = "social_auth_code"
    __table_args__ = (
        UniqueConstraint("email", "code", name="social_auth_code_email_code_key"),
        Index("social_auth_code_code_a2393167", "code"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=SOCIAL_AUTH_CODE_SEQ.next_value(),
        primary_key=True,
        comment="Number of the code",
    )
    email: Mapped[str | None] = mapped_column(String(254), comment="Mail address to verify")
    code: Mapped[str | None] = mapped_column(String(32), comment="Code sent to the address")
    verified: Mapped[bool] = mapped_column(comment="True once the address is verified")
    timestamp: Mapped[datetime | None] = mapped_column(
        server_default=UTC_NOW, comment="Time the code was sent"
    )


class SocialAuthNonce(Base):
    """Nonce of an OpenID login, against replays (Python Social Auth)."""

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
        server_default=SOCIAL_AUTH_NONCE_SEQ.next_value(),
        primary_key=True,
        comment="Number of the nonce",
    )
    server_url: Mapped[str | None] = mapped_column(
        String(255), comment="Address of the OpenID server"
    )
    timestamp: Mapped[BigInt] = mapped_column(comment="Time in the nonce, in seconds since 1970")
    salt: Mapped[str | None] = mapped_column(String(65), comment="Random part of the nonce")


class SocialAuthPartial(Base):
    """Login interrupted half way, to be resumed (Python Social Auth)."""

    __tablename__ = "social_auth_partial"
    __table_args__ = (
        Index("social_aut_token_3017fea3", "token"),
        {"schema": BIGMON},
    )

    id: Mapped[BigInt] = mapped_column(
        server_default=SOCIAL_AUTH_PARTIAL_SEQ.next_value(),
        primary_key=True,
        comment="Number of the interrupted login",
    )
    token: Mapped[str | None] = mapped_column(
        String(32), comment="Token by which the login is resumed"
    )
    next_step: Mapped[BigInt] = mapped_column(comment="Index of the pipeline step to go on with")
    backend: Mapped[str | None] = mapped_column(String(32), comment="Name of the login provider")
    data: Mapped[str | None] = mapped_column(Text, comment="State of the login pipeline, as JSON")
    timestamp: Mapped[datetime | None] = mapped_column(
        server_default=UTC_NOW, comment="Time the login was interrupted"
    )


class SocialAuthUserSocialAuth(Base):
    """Identity of a user at a login provider (Python Social Auth)."""

    __tablename__ = "social_auth_usersocialauth"
    __table_args__ = (
        UniqueConstraint("provider", "uid", name="social_auth_usersocialauth_provider_uid_key"),
        Index("social_aut_user_id_17d28448", "user_id"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id"]}

    id: Mapped[BigInt] = mapped_column(
        server_default=SOCIAL_AUTH_USERSOCIALA0419_SEQ.next_value(),
        comment="Number of the identity",
    )
    provider: Mapped[str | None] = mapped_column(String(32), comment="Name of the login provider")
    uid: Mapped[str | None] = mapped_column(String(255), comment="Id of the user at the provider")
    extra_data: Mapped[str | None] = mapped_column(
        Text, comment="What the provider gave along, tokens included, as JSON"
    )
    user_id: Mapped[BigInt] = mapped_column(comment="User the identity belongs to, AUTH_USER")
    modified: Mapped[datetime | None] = mapped_column(comment="Time of the last change")
    created: Mapped[datetime | None] = mapped_column(comment="Time the identity was first linked")

    user: Mapped[AuthUser | None] = related(
        "foreign(SocialAuthUserSocialAuth.user_id) == AuthUser.id", "social_auths"
    )


class TmpIDs1Debug(Base):
    """Scratch list of ids that queries of the monitor join with."""

    __tablename__ = "tmp_ids1debug"
    __table_args__ = (
        Index("tmp_ids1debug_idx_trans", "transactionkey", "id"),
        {"schema": BIGMON},
    )
    __mapper_args__ = {"primary_key": ["id", "transactionkey", "ins_time"]}

    id: Mapped[BigInt | None] = mapped_column(
        comment="Id to look for, such as a PandaID or task id"
    )
    transactionkey: Mapped[BigInt | None] = mapped_column(
        comment="Number that marks the ids of one query"
    )
    ins_time: Mapped[datetime | None] = mapped_column(
        server_default=UTC_NOW, comment="Time the id was inserted"
    )


class UserSettings(Base):
    """Preferences of a user for a page of the monitor."""

    __tablename__ = "user_settings"
    __table_args__ = {"schema": BIGMON}

    id: Mapped[BigInt] = mapped_column(
        server_default=USER_SETTINGS_SEQ.next_value(),
        primary_key=True,
        comment="Number of the setting",
    )
    userid: Mapped[BigInt] = mapped_column(comment="User, AUTH_USER")
    page: Mapped[str] = mapped_column(String(100), comment="Page the preferences are for")
    preferences: Mapped[str] = mapped_column(
        String(4000), server_default="{}", comment="Preferences, as JSON"
    )


class Visits(Base):
    """Visits of logged-in users to pages of the monitor."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("user_idx", "userid"),
        {"schema": BIGMON},
    )

    visitid: Mapped[BigInt] = mapped_column(
        server_default=VISITS_SEQ.next_value(), primary_key=True, comment="Number of the visit"
    )
    url: Mapped[str | None] = mapped_column(String(1000), comment="Address visited")
    time: Mapped[datetime | None] = mapped_column(
        server_default=UTC_NOW, comment="Time of the visit"
    )
    service: Mapped[Decimal | None] = mapped_column(
        Numeric(38, 0), comment="Number of the service visited"
    )
    userid: Mapped[Decimal | None] = mapped_column(Numeric(38, 0), comment="User, AUTH_USER")
    remote: Mapped[str | None] = mapped_column(String(100), comment="Address of the client")
