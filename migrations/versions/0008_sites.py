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
        sa.Column(
            "region",
            sa.String(32),
            nullable=False,
            comment="Electricity region, the region of a queue; GRID is the average of all",
        ),
        sa.Column("timestamp", TIMESTAMP(), nullable=False, comment="Time the value holds for"),
        sa.Column("value", sa.BigInteger(), comment="Carbon intensity in grams CO2 per kWh"),
        sa.PrimaryKeyConstraint("region", "timestamp", name="carbon_region_emissions_pkey"),
        schema=PANDA,
        comment="Carbon intensity of electricity by region and time, to estimate the CO2 of jobs.",
    )
    op.create_table(
        "ddm_endpoint",
        sa.Column(
            "ddm_endpoint_name",
            sa.String(52),
            nullable=False,
            comment="Name of the endpoint, the RSE in Rucio, the key",
        ),
        sa.Column("site_name", sa.String(52), comment="Site that runs the endpoint, SITE"),
        sa.Column(
            "ddm_spacetoken_name", sa.String(52), comment="Space token, such as ATLASDATADISK"
        ),
        sa.Column(
            "space_total", sa.BigInteger(), comment="Total space in GB, computed as used plus free"
        ),
        sa.Column("space_free", sa.BigInteger(), comment="Free space in GB"),
        sa.Column("space_used", sa.BigInteger(), comment="Used space in GB"),
        sa.Column("is_tape", sa.String(1), comment="Y for tape, N for disk"),
        sa.Column(
            "type",
            sa.String(20),
            comment="Kind of endpoint in CRIC, such as DATADISK or SCRATCHDISK",
        ),
        sa.Column(
            "blacklisted",
            sa.CHAR(1),
            comment="Y if excluded from writing, N if not; the older form of blacklisted_write",
        ),
        sa.Column(
            "space_expired",
            sa.BigInteger(),
            comment="Space in GB held by expired replicas, which may be deleted",
        ),
        sa.Column(
            "space_timestamp",
            TIMESTAMP(),
            comment="Time the space was measured, according to Rucio",
        ),
        sa.Column("blacklisted_read", sa.CHAR(1), comment="Y if excluded from reading, N if not"),
        sa.Column("blacklisted_write", sa.CHAR(1), comment="Y if excluded from writing, N if not"),
        sa.Column(
            "detailed_status",
            JSONB(),
            comment="JSON object with the status of each activity, such as write_wan: OFF",
        ),
        sa.Column(
            "space_min_free",
            sa.BigInteger(),
            comment="Free space in GB that has to be kept, 0 if unknown",
        ),
        sa.Column(
            "space_unavailable",
            sa.BigInteger(),
            comment="Space in GB that cannot be used, 0 if unknown",
        ),
        sa.PrimaryKeyConstraint("ddm_endpoint_name", name="ddm_endpoint_pkey"),
        sa.CheckConstraint("blacklisted IN ('Y', 'N')", name="blacklisted_check"),
        schema=PANDA,
        comment="Storage endpoints (Rucio RSEs) with their space and exclusions.",
    )
    op.create_index("ddm_endpoint_site_name_idx", "ddm_endpoint", ["site_name"], schema=PANDA)
    op.create_table(
        "network_matrix_kv",
        sa.Column("src", sa.String(256), nullable=False, comment="Source site"),
        sa.Column("dst", sa.String(256), nullable=False, comment="Destination site"),
        sa.Column(
            "key",
            sa.String(256),
            nullable=False,
            comment="Quantity, such as AGIS_closeness, <activity>_queued, <activity>_done_1h or <system>_mbps_1d",
        ),
        sa.Column(
            "value",
            sa.Numeric(),
            comment="Value of the quantity: files, megabits per second or closeness, depending on the key",
        ),
        sa.Column("ts", TIMESTAMP(), comment="Time the value was measured"),
        sa.PrimaryKeyConstraint("src", "dst", "key", name="network_matrix_kv_pkey"),
        schema=PANDA,
        comment="Connectivity between pairs of sites as key and value; pairs unseen for 7 days are removed.",
    )
    op.create_table(
        "network_matrix_kv_temp",
        sa.Column("src", sa.String(256), nullable=False, comment="Source site"),
        sa.Column("dst", sa.String(256), nullable=False, comment="Destination site"),
        sa.Column(
            "key",
            sa.String(256),
            nullable=False,
            comment="Quantity, such as AGIS_closeness, <activity>_queued, <activity>_done_1h or <system>_mbps_1d",
        ),
        sa.Column(
            "value",
            sa.Numeric(),
            comment="Value of the quantity: files, megabits per second or closeness, depending on the key",
        ),
        sa.Column("ts", TIMESTAMP(), comment="Time the value was measured"),
        schema=PANDA,
        comment="Staging table for loading NETWORK_MATRIX_KV, empty between loads.",
    )
    op.create_table(
        "panda_ddm_relation",
        sa.Column(
            "panda_site_name", sa.String(52), nullable=False, comment="Compute queue, PANDA_SITE"
        ),
        sa.Column(
            "ddm_endpoint_name",
            sa.String(52),
            nullable=False,
            comment="Storage endpoint, DDM_ENDPOINT",
        ),
        sa.Column(
            "is_local",
            sa.CHAR(1),
            comment="Y if the endpoint is at the site of the queue, N if remote",
        ),
        sa.Column(
            "roles",
            sa.String(60),
            comment="Comma separated roles of the endpoint, read_lan and write_lan",
        ),
        sa.Column(
            "order_read",
            sa.Integer(),
            comment="Rank for reading within queue and scope, 1 is preferred",
        ),
        sa.Column(
            "order_write",
            sa.Integer(),
            comment="Rank for writing within queue and scope, 1 is preferred",
        ),
        sa.Column("default_read", sa.CHAR(1), comment="Y if it is the first choice for reading"),
        sa.Column("default_write", sa.CHAR(1), comment="Y if it is the first choice for writing"),
        sa.Column(
            "scope",
            sa.String(52),
            nullable=False,
            comment="Kind of jobs the relation is for: default, or a suffix such as analysis",
        ),
        sa.PrimaryKeyConstraint(
            "panda_site_name", "ddm_endpoint_name", "scope", name="panda_ddm_relation_pkey"
        ),
        sa.CheckConstraint("is_local IN ('Y', 'N')", name="panda_ddm_rel_is_local_check"),
        schema=PANDA,
        comment="Storage endpoints each queue reads from and writes to. Per scope; rewritten by the Configurator.",
    )
    op.create_index(
        "pan_ddm_rel_endpoint_rel_idx", "panda_ddm_relation", ["ddm_endpoint_name"], schema=PANDA
    )
    op.create_index(
        "pan_ddm_rel_pandasitename_idx", "panda_ddm_relation", ["panda_site_name"], schema=PANDA
    )
    op.create_table(
        "panda_site",
        sa.Column(
            "panda_site_name",
            sa.String(52),
            nullable=False,
            comment="Name of the PanDA site, the key",
        ),
        sa.Column("site_name", sa.String(52), nullable=False, comment="Site it belongs to, SITE"),
        sa.Column(
            "storage_site_name",
            sa.String(52),
            comment="Site whose storage it uses, SITE; not filled by the Configurator",
        ),
        sa.Column(
            "default_ddm_endpoint",
            sa.String(52),
            comment="Default storage endpoint, DDM_ENDPOINT; not filled by the Configurator",
        ),
        sa.Column(
            "is_local",
            sa.CHAR(1),
            comment="Y if the storage is at the same site, N if not; not filled by the Configurator",
        ),
        sa.PrimaryKeyConstraint("panda_site_name", name="panda_site_pkey"),
        sa.CheckConstraint("is_local IN ('Y', 'N')", name="panda_site_is_local_check"),
        schema=PANDA,
        comment="PanDA sites, the CRIC resources that group compute queues at a site.",
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
        sa.Column(
            "panda_queue", sa.String(50), nullable=False, comment="Name of the PanDA queue, the key"
        ),
        sa.Column("data", JSON(), comment="Whole configuration of the queue as a JSON object"),
        sa.Column(
            "last_update",
            TIMESTAMP(),
            comment="Time of the last load; queues not loaded for 7 days are removed",
        ),
        sa.PrimaryKeyConstraint("panda_queue", name="schedconfig_json_pkey"),
        schema=PANDA,
        comment="Configuration of each PanDA queue as JSON, from CRIC.",
    )
    op.create_table(
        "site",
        sa.Column("site_name", sa.String(52), nullable=False, comment="Name of the site, the key"),
        sa.Column(
            "role",
            sa.String(256),
            comment="Role in the JEDI world cloud, such as nucleus or satellite",
        ),
        sa.Column("tier_level", sa.SmallInteger(), comment="WLCG tier of the site, 0 to 3"),
        sa.Column(
            "state", sa.String(52), comment="State of the site; not filled by the Configurator"
        ),
        sa.PrimaryKeyConstraint("site_name", name="site_pkey"),
        schema=PANDA,
        comment="Sites of the grid, from CRIC, which own queues and storage endpoints.",
    )
    op.create_table(
        "site_stats",
        sa.Column("site_name", sa.String(52), nullable=False, comment="Site, SITE"),
        sa.Column("key", sa.String(52), nullable=False, comment="Name of the figure"),
        sa.Column("value", sa.BigInteger(), comment="Value of the figure, unit depends on the key"),
        sa.Column("ts", TIMESTAMP(), comment="Time the figure was taken"),
        sa.PrimaryKeyConstraint("site_name", "key", name="site_stats_pkey"),
        schema=PANDA,
        comment="Figures of a site as key and value; the server itself writes none.",
    )
    op.create_table(
        "sw_tags",
        sa.Column(
            "panda_queue", sa.String(50), comment="Name of the PanDA queue, SCHEDCONFIG_JSON"
        ),
        sa.Column("data", sa.Text(), comment="Tags of the queue as JSON text"),
        sa.Column("last_update", TIMESTAMP(), comment="Time the tags were loaded"),
        schema=PANDA,
        comment="Software and architecture tags of each queue, from CRIC; rewritten at every load.",
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
