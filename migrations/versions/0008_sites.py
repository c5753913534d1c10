"""Sites, their queues and storage, and the network between them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON, JSONB, TIMESTAMP

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PANDA = "doma_panda"


def upgrade() -> None:
    op.create_table(
        "carbon_region_emissions",
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("timestamp", TIMESTAMP(), nullable=False),
        sa.Column("value", sa.BigInteger()),
        sa.PrimaryKeyConstraint("region", "timestamp", name="carbon_region_emissions_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.carbon_region_emissions.",
    )
    op.create_table(
        "ddm_endpoint",
        sa.Column("ddm_endpoint_name", sa.String(52), nullable=False),
        sa.Column("site_name", sa.String(52)),
        sa.Column("ddm_spacetoken_name", sa.String(52)),
        sa.Column("space_total", sa.BigInteger()),
        sa.Column("space_free", sa.BigInteger()),
        sa.Column("space_used", sa.BigInteger()),
        sa.Column("is_tape", sa.String(1)),
        sa.Column("type", sa.String(20)),
        sa.Column("blacklisted", sa.CHAR(1)),
        sa.Column("space_expired", sa.BigInteger()),
        sa.Column("space_timestamp", TIMESTAMP()),
        sa.Column("blacklisted_read", sa.CHAR(1)),
        sa.Column("blacklisted_write", sa.CHAR(1)),
        sa.Column("detailed_status", JSONB()),
        sa.Column("space_min_free", sa.BigInteger()),
        sa.Column("space_unavailable", sa.BigInteger()),
        sa.PrimaryKeyConstraint("ddm_endpoint_name", name="ddm_endpoint_pkey"),
        sa.CheckConstraint("blacklisted IN ('Y', 'N')", name="blacklisted_check"),
        schema=PANDA,
        comment="TODO doma_panda.ddm_endpoint.",
    )
    op.create_index("ddm_endpoint_site_name_idx", "ddm_endpoint", ["site_name"], schema=PANDA)
    op.create_table(
        "network_matrix_kv",
        sa.Column("src", sa.String(256), nullable=False),
        sa.Column("dst", sa.String(256), nullable=False),
        sa.Column("key", sa.String(256), nullable=False),
        sa.Column("value", sa.Numeric()),
        sa.Column("ts", TIMESTAMP()),
        sa.PrimaryKeyConstraint("src", "dst", "key", name="network_matrix_kv_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.network_matrix_kv.",
    )
    op.create_table(
        "network_matrix_kv_temp",
        sa.Column("src", sa.String(256), nullable=False),
        sa.Column("dst", sa.String(256), nullable=False),
        sa.Column("key", sa.String(256), nullable=False),
        sa.Column("value", sa.Numeric()),
        sa.Column("ts", TIMESTAMP()),
        schema=PANDA,
        comment="TODO doma_panda.network_matrix_kv_temp.",
    )
    op.create_table(
        "panda_ddm_relation",
        sa.Column("panda_site_name", sa.String(52), nullable=False),
        sa.Column("ddm_endpoint_name", sa.String(52), nullable=False),
        sa.Column("is_local", sa.CHAR(1)),
        sa.Column("roles", sa.String(60)),
        sa.Column("order_read", sa.Integer()),
        sa.Column("order_write", sa.Integer()),
        sa.Column("default_read", sa.CHAR(1)),
        sa.Column("default_write", sa.CHAR(1)),
        sa.Column("scope", sa.String(52), nullable=False),
        sa.PrimaryKeyConstraint(
            "panda_site_name", "ddm_endpoint_name", "scope", name="panda_ddm_relation_pkey"
        ),
        sa.CheckConstraint("is_local IN ('Y', 'N')", name="panda_ddm_rel_is_local_check"),
        schema=PANDA,
        comment="TODO doma_panda.panda_ddm_relation.",
    )
    op.create_index(
        "pan_ddm_rel_endpoint_rel_idx", "panda_ddm_relation", ["ddm_endpoint_name"], schema=PANDA
    )
    op.create_index(
        "pan_ddm_rel_pandasitename_idx", "panda_ddm_relation", ["panda_site_name"], schema=PANDA
    )
    op.create_table(
        "panda_site",
        sa.Column("panda_site_name", sa.String(52), nullable=False),
        sa.Column("site_name", sa.String(52), nullable=False),
        sa.Column("storage_site_name", sa.String(52)),
        sa.Column("default_ddm_endpoint", sa.String(52)),
        sa.Column("is_local", sa.CHAR(1)),
        sa.PrimaryKeyConstraint("panda_site_name", name="panda_site_pkey"),
        sa.CheckConstraint("is_local IN ('Y', 'N')", name="panda_site_is_local_check"),
        schema=PANDA,
        comment="TODO doma_panda.panda_site.",
    )
    op.create_index(
        "panda_site_def_endpoint_idx", "panda_site", ["default_ddm_endpoint"], schema=PANDA
    )
    op.create_index("panda_site_site_name_idx", "panda_site", ["site_name"], schema=PANDA)
    op.create_index(
        "panda_site_storage_name_idx", "panda_site", ["storage_site_name"], schema=PANDA
    )
    op.create_table(
        "schedconfig_json",
        sa.Column("panda_queue", sa.String(50), nullable=False),
        sa.Column("data", JSON()),
        sa.Column("last_update", TIMESTAMP()),
        sa.PrimaryKeyConstraint("panda_queue", name="schedconfig_json_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.schedconfig_json.",
    )
    op.create_table(
        "site",
        sa.Column("site_name", sa.String(52), nullable=False),
        sa.Column("role", sa.String(256)),
        sa.Column("tier_level", sa.SmallInteger()),
        sa.Column("state", sa.String(52)),
        sa.PrimaryKeyConstraint("site_name", name="site_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.site.",
    )
    op.create_table(
        "site_stats",
        sa.Column("site_name", sa.String(52), nullable=False),
        sa.Column("key", sa.String(52), nullable=False),
        sa.Column("value", sa.BigInteger()),
        sa.Column("ts", TIMESTAMP()),
        sa.PrimaryKeyConstraint("site_name", "key", name="site_stats_pkey"),
        schema=PANDA,
        comment="TODO doma_panda.site_stats.",
    )
    op.create_table(
        "sw_tags",
        sa.Column("panda_queue", sa.String(50)),
        sa.Column("data", sa.Text()),
        sa.Column("last_update", TIMESTAMP()),
        schema=PANDA,
        comment="TODO doma_panda.sw_tags.",
    )


def downgrade() -> None:
    op.drop_table("sw_tags", schema=PANDA)
    op.drop_table("site_stats", schema=PANDA)
    op.drop_table("site", schema=PANDA)
    op.drop_table("schedconfig_json", schema=PANDA)
    op.drop_table("panda_site", schema=PANDA)
    op.drop_table("panda_ddm_relation", schema=PANDA)
    op.drop_table("network_matrix_kv_temp", schema=PANDA)
    op.drop_table("network_matrix_kv", schema=PANDA)
    op.drop_table("ddm_endpoint", schema=PANDA)
    op.drop_table("carbon_region_emissions", schema=PANDA)
