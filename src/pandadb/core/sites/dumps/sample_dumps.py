"""Dumps of made-up sites, as CRIC and Rucio give them: the same for the same seed."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sql.validation import check_number

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 100_000
PLACES = (
    "ALPINE", "BALTIC", "CANYON", "DELTA", "ETNA", "FJORD", "GLACIER", "HARBOUR", "ISLAND",
    "JUNGLE", "KARST", "LAGOON", "MEADOW", "NORDIC", "OASIS", "PRAIRIE", "QUARRY", "RIVER",
    "STEPPE", "TUNDRA",
)  # fmt: skip
DISKS, TAPE = ("DATADISK", "SCRATCHDISK"), "DATATAPE"
RELEASES = ("21.0.15", "22.0.41", "23.0.9", "24.0.21")
PLATFORMS = ("x86_64-centos7-gcc8-opt", "x86_64-el9-gcc13-opt", "aarch64-el9-gcc13-opt")
NEIGHBOURS = 5
"""Sites with metrics of the network from a site."""
NOON = datetime(2026, 1, 1, 12)


def generate(number: int = 100, *, seed: int = 1, at: datetime = NOON) -> dict[str, Any]:
    """Return dumps of all kinds for a number of sites, with times (naive UTC) about `at`.

    A tenth of the sites are nuclei, one of 20 is not ACTIVE, one of 30 endpoints is excluded.

    Raises:
        InvalidValue: `number` is not from 1 to 100,000.
    """
    check_number("number", number, 1, MOST)
    chance = Random(seed)  # noqa: S311 - samples
    names = [f"{PLACES[n % len(PLACES)]}-{n // len(PLACES) + 1:02}" for n in range(number)]
    tiers = {name: chance.choices((1, 2, 3), (1, 7, 2))[0] for name in names}
    endpoints = {key: one for name in names for key, one in _endpoints(name, tiers[name])}
    queues = {key: one for name in names for key, one in _queues(name, tiers[name], chance)}
    excluded = {
        name: {"write_wan": {"status": {"value": "OFF"}}}
        for name in endpoints
        if chance.random() < 1 / 30
    }
    return {
        DumpKind.SITES: {n: _site(n, tiers[n], endpoints, queues, chance) for n in names},
        DumpKind.DDM_ENDPOINTS: endpoints,
        DumpKind.PANDA_QUEUES: queues,
        DumpKind.BLACKLIST_FULL: excluded,
        DumpKind.RSE_USAGE: {name: _usage(chance, at) for name in endpoints},
        DumpKind.TAGS: {name: _tags(chance) for name in queues},
        DumpKind.SITE_STATS: {
            name: {"max_running": chance.randrange(100, 20_000)} for name in names
        },
        DumpKind.NWS: {
            f"{one}:{other}": _metrics(chance, at)
            for one in names
            for other in chance.sample(names, min(NEIGHBOURS, number))
        },
        DumpKind.COST_MATRIX: [
            {"src": one, "dst": other, "closeness": chance.randrange(12)}
            for one in names
            for other in chance.sample(names, min(NEIGHBOURS, number))
        ],
    }


def _site(
    name: str, tier: int, endpoints: dict[str, Any], queues: dict[str, Any], chance: Random
) -> dict[str, Any]:
    own = [key for key, one in _endpoints(name, tier) if key in endpoints]
    members = [key for key in _queue_names(name) if key in queues]
    return {
        "state": "DISABLED" if chance.random() < 1 / 20 else "ACTIVE",
        "tier_level": tier,
        "datapolicies": ["Nucleus"] if tier == 1 else [],
        "ddmendpoints": {key: {"state": "ACTIVE"} for key in own},
        "presources": {name: {key: {"state": "ACTIVE"} for key in members}},
    }


def _endpoints(site: str, tier: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in (*DISKS, *([TAPE] if tier == 1 else [])):
        yield (
            f"{site}_{kind}",
            {
                "state": "ACTIVE",
                "token": kind,
                "site": site,
                "type": kind,
                "is_tape": kind == TAPE,
            },
        )


def _queue_names(site: str) -> tuple[str, str]:
    return f"{site}_UCORE", f"{site}_ANALY"


def _queues(site: str, tier: int, chance: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    unified, analysis = _queue_names(site)
    cores = chance.choice((8, 16, 64))
    disks = {"read_lan": [f"{site}_DATADISK", f"{site}_SCRATCHDISK"]}
    disks |= {"write_lan": [f"{site}_DATADISK"], "write_lan_analysis": [f"{site}_SCRATCHDISK"]}
    if tier == 1:
        disks["read_lan"].append(f"{site}_DATATAPE")
    for name, kind, capability, slots in (
        (unified, "unified", "ucore", cores),
        (analysis, "analysis", "score", 1),
    ):
        yield (
            name,
            {
                "nickname": name,
                "panda_resource": name,
                "siteid": name,
                "atlas_site": site,
                "status": chance.choices(("online", "test", "brokeroff", "offline"), (17, 1, 1, 1))[
                    0
                ],
                "vo_name": "atlas",
                "type": kind,
                "capability": capability,
                "resource_type": "GRID",
                "workflow": "pull_ups",
                "cloud": chance.choice(("CERN", "DE", "FR", "US")),
                "region": chance.choice(("EUROPE", "AMERICA", "ASIA")),
                "system": "htcondor-ce",
                "harvester": "CERN_central_1",
                "corecount": slots,
                "corepower": round(chance.uniform(8, 20), 2),
                "maxrss": slots * chance.choice((2000, 3000, 4000)),
                "minrss": 0,
                "maxwdir": slots * 14_000,
                "maxtime": chance.choice((172_800, 345_600)),
                "mintime": 0,
                "maxinputsize": 60_000,
                "releases": ["AUTO"],
                "transferringlimit": 2000,
                "astorages": disks,
            },
        )


def _usage(chance: Random, at: datetime) -> dict[str, Any]:
    used, free = (chance.randrange(10**12, 10**15) for _ in range(2))
    moment = at - timedelta(minutes=chance.randrange(60))
    return {
        "storage": {"used": used, "free": free, "updated_at": f"{moment:%Y-%m-%d %H:%M:%S}"},
        "expired": {"used": used // 10},
        "min_free_space": {"used": free // 100},
    }


def _tags(chance: Random) -> dict[str, Any]:
    platforms = chance.sample(PLATFORMS, 2)
    return {
        "cmtconfigs": platforms,
        "containers": ["any"],
        "tags": [
            {"project": "Athena", "release": release, "cmtconfig": chance.choice(platforms)}
            for release in sorted(chance.sample(RELEASES, 3))
        ],
    }


def _metrics(chance: Random, at: datetime) -> dict[str, Any]:
    moment = f"{at - timedelta(minutes=chance.randrange(25)):%Y-%m-%dT%H:%M:%S}"
    done = chance.randrange(1000)
    return {
        "files": {
            "done": {"Production Input": {"1h": done, "6h": 5 * done, "timestamp": moment}},
            "queued": {"Production Output": {"latest": chance.randrange(100), "timestamp": moment}},
        },
        "mbps": {"rucio": {"1h": 12.5, "1d": 9.25, "1w": 8, "timestamp": moment}},
    }
