"""Settings of all our sessions, regardless of those of role, database and server.

`ALTER ROLE … SET` and `ALTER DATABASE … SET` are for interactive sessions, too; some of their
settings change the meaning, visibility, locks or results of a statement. The start-up packet
overrides both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = {
    # results and their formats
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",  # times in the database are UTC, without a time zone
    "timezone_abbreviations": "Default",
    "bytea_output": "hex",
    "extra_float_digits": "1",  # a lower value would round copied and compared rows
    "xmlbinary": "base64",
    "xmloption": "content",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "gin_fuzzy_search_limit": "0",  # any other value leaves out rows
    "row_security": "off",  # a policy that hides rows is an error: hidden rows would be lost
    "enable_partition_pruning": "on",  # without it, all partitions are locked
    "constraint_exclusion": "partition",
    "plan_cache_mode": "auto",  # a generic plan locks all partitions
    # parsing of statements
    "search_path": "public",  # SQLAlchemy would leave out the schemas of another one
    "array_nulls": "on",
    "backslash_quote": "safe_encoding",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",  # else the catalogue would differ from the models
    # visibility and end of a transaction
    "default_transaction_isolation": "read committed",  # a lock wait ends with fresh rows
    "default_transaction_deferrable": "off",
    "exit_on_error": "off",
    # new objects
    "check_function_bodies": "on",
    "default_table_access_method": "heap",  # other access methods may lack row locks
}
"""Settings that affect semantics, in the server's spelling."""

TIMEOUTS = {
    # an archiver may count for hours, and be idle between two statements
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",  # a session with an advisory lock would lose it
}
"""Timeouts that would end a session; statement and lock timeouts are settings of pandadb."""

CHECKED_SETTINGS = {
    "transaction_timeout": ("0", "a transaction may end at any time"),  # PostgreSQL 17
    "restrict_nonsystem_relation_kind": ("", "views cannot be read"),  # 15.8 and later
    "session_replication_role": ("origin", "triggers do not fire"),
    "zero_damaged_pages": ("off", "rows of damaged pages are left out, and lost when copied"),
    "ignore_checksum_failure": ("off", "damaged pages are read as if they were whole"),
    "synchronous_commit": ("", "what was committed is lost when the server crashes"),
    # libpq sends PGDATESTYLE and PGTZ after our options, and they override them
    "DateStyle": (SETTINGS["DateStyle"], "times are read wrongly"),
    "TimeZone": (SETTINGS["TimeZone"], "times are read wrongly"),
}
"""Settings unknown to some servers, not allowed to every role, or set in other ways: the value, and
the effect without it. Checked once per connection."""

CURRENT_SETTING = sql.SQL("current_setting({}, true)")
SETTING = sql.SQL("set_config({}, {}, true)")
CHANGE_IF = sql.SQL("CASE WHEN {} THEN {} END")
SHOW_SETTINGS = sql.SQL("SELECT current_setting('row_security'), {}").format(
    sql.SQL(", ").join(CURRENT_SETTING.format(sql.Literal(name)) for name in CHECKED_SETTINGS)
)


class InvalidSessionSetting(PandaDBError):
    """A setting of a role or database that would make pandadb lose or misread rows."""


def options(*given: str, **more: str) -> str:
    """Return the `options` of the start-up packet: those given, ours, and more; the last wins."""
    ours = {**SETTINGS, **TIMEOUTS, **more}
    return " ".join([*filter(None, given), *map(_option, ours.items())])


def options_of_meaning() -> str:
    """Return the options of an interactive session: its timeouts are left to the server."""
    return " ".join(map(_option, SETTINGS.items()))


def statements() -> list[str]:
    """Return the settings as SQL, for a script."""
    ours = {"client_encoding": "UTF8", **SETTINGS}
    return [f"SET {name} = '{value}'" for name, value in ours.items()]


def of_transaction(**more: str) -> bytes:
    """Return a statement that sets them for one transaction, for sessions shared with others."""
    ours = {**SETTINGS, **TIMEOUTS, **more}
    calls: list[sql.Composable] = [_call(name, value) for name, value in ours.items()]
    for name, (wanted, _) in CHECKED_SETTINGS.items():
        if name not in ours:
            value = CURRENT_SETTING.format(sql.Literal(name))
            is_wrong = sql.SQL("{} <> {}").format(value, sql.Literal(wanted))
            call = _call(name, wanted)
            if name == "synchronous_commit":
                is_wrong, call = sql.SQL("{} = 'off'").format(value), _call(name, "on")
            calls.append(CHANGE_IF.format(is_wrong, call))
    return sql.SQL("SELECT {}").format(sql.SQL(", ").join(calls)).as_bytes()


def _call(name: str, value: str) -> sql.Composed:
    return SETTING.format(sql.Literal(name), sql.Literal(value))


def _option(setting: tuple[str, str]) -> str:
    name, value = setting
    return f"-c {name}=" + value.replace("\\", "\\\\").replace(" ", "\\ ")


def complete(connection: psycopg.Connection, given: str = "") -> None:
    """Set the settings that the start-up packet could not; `given` are the user's options.

    One round trip, on a new connection.

    Raises:
        InvalidSessionSetting: The role may not set a required setting.
    """
    usual = connection.autocommit
    connection.autocommit = True
    taken, *found = connection.execute(SHOW_SETTINGS, prepare=False).fetchone() or ()
    if taken != SETTINGS["row_security"]:
        raise InvalidSessionSetting(
            "The server has not got the options of this session: a pooler such as pgbouncer drops "
            "them. Set PANDADB_POOLER=transaction, or connect to the server itself"
        )
    for (name, (wanted, why)), value in zip(CHECKED_SETTINGS.items(), found, strict=True):
        if name == "synchronous_commit":
            # The site decides on local, on the kind of replica, and on off for pandadb alone.
            if value == "off" and name not in given:
                _set(connection, name, "on", value, why)
        elif value not in (None, wanted):
            _set(connection, name, wanted, value, why)
    connection.autocommit = usual


def _set(connection: psycopg.Connection, name: str, wanted: str, value: str, why: str) -> None:
    try:
        connection.execute("SELECT set_config(%s, %s, false)", [name, wanted], prepare=False)
    except psycopg.errors.InsufficientPrivilege:
        user, database = connection.info.user, connection.info.dbname
        raise InvalidSessionSetting(
            f"{name} is {value!r} for {user} in {database!r}: {why}. Let a superuser run "
            f"ALTER ROLE {user} RESET {name}, or ALTER DATABASE {database} RESET {name}"
        ) from None


HARMLESS: Mapping[str, str] = {
    name: why
    for why, names in {
        "set in other ways, at each connection": (
            "application_name client_encoding statement_timeout lock_timeout"
        ),
        "reset at each transaction": (
            "transaction_deferrable transaction_isolation transaction_read_only"
        ),
        "a ban on writes is intended, and an error: nothing is half done": (
            "default_transaction_read_only"
        ),
        "the storage of new rows is the site's choice": (
            "default_tablespace temp_tablespaces default_toast_compression file_copy_method"
            " vacuum_truncate"
        ),
        "only speed": (
            "backend_flush_after commit_siblings cpu_index_tuple_cost cpu_operator_cost"
            " cpu_tuple_cost cursor_tuple_fraction debug_parallel_query force_parallel_mode"
            " default_statistics_target effective_cache_size effective_io_concurrency"
            " enable_async_append enable_bitmapscan enable_distinct_reordering enable_gathermerge"
            " enable_group_by_reordering enable_hashagg enable_hashjoin enable_incremental_sort"
            " enable_indexonlyscan enable_indexscan enable_material enable_memoize"
            " enable_mergejoin enable_nestloop enable_parallel_append enable_parallel_hash"
            " enable_partitionwise_aggregate enable_partitionwise_join enable_presorted_aggregate"
            " enable_self_join_elimination enable_seqscan enable_sort enable_tidscan"
            " from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size geqo_seed"
            " geqo_selection_bias geqo_threshold gin_pending_list_limit hash_mem_multiplier"
            " io_combine_limit jit jit_above_cost jit_expressions jit_inline_above_cost"
            " jit_optimize_above_cost jit_tuple_deforming join_collapse_limit"
            " logical_decoding_work_mem maintenance_io_concurrency maintenance_work_mem"
            " max_parallel_maintenance_workers max_parallel_workers"
            " max_parallel_workers_per_gather min_parallel_index_scan_size"
            " min_parallel_table_scan_size parallel_leader_participation parallel_setup_cost"
            " parallel_tuple_cost random_page_cost recursive_worktable_factor seq_page_cost"
            " temp_buffers vacuum_buffer_usage_limit vacuum_cost_delay vacuum_cost_limit"
            " vacuum_cost_page_dirty vacuum_cost_page_hit vacuum_cost_page_miss"
            " vacuum_failsafe_age vacuum_freeze_min_age vacuum_freeze_table_age"
            " vacuum_max_eager_freeze_failure_rate vacuum_multixact_failsafe_age"
            " vacuum_multixact_freeze_min_age vacuum_multixact_freeze_table_age"
            " wal_skip_threshold work_mem"
        ),
        "rows are sorted where order matters": "synchronize_seqscans",
        "statistics are hints": "stats_fetch_consistency",
        "only logs and messages": (
            "client_min_messages debug_pretty_print debug_print_parse debug_print_plan"
            " debug_print_raw_parse debug_print_rewritten escape_string_warning"
            " log_parameter_max_length_on_error trace_notify trace_sort plpgsql.extra_warnings"
            " plpgsql.print_strict_params"
        ),
        "an error at most, and our functions do not use it": (
            "plpgsql.check_asserts plpgsql.extra_errors"
        ),
        "a lost connection is noticed": (
            "client_connection_check_interval tcp_keepalives_count tcp_keepalives_idle"
            " tcp_keepalives_interval tcp_user_timeout wal_sender_timeout"
        ),
        "nothing of ours uses it": (
            "createrole_self_grant debug_logical_replication_streaming default_text_search_config"
            " icu_validation_level local_preload_libraries md5_password_warnings"
            " password_encryption scram_iterations"
        ),
    }.items()
    for name in names.split()
}
"""Settings that a role may change, and why they are harmless."""
