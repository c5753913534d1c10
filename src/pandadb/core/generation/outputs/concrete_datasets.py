"""Concrete datasets of templates, for each queue: IT, IA and MO, job generation 3 and 6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.core.datasets import dataset_types
from pandadb.core.generation import new_ids
from pandadb.core.sql.copy import copy_rows
from pandadb.models import JediDatasets
from pandadb.models.datasets import JEDI_DATASETS_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Queue, Row
    from pandadb.core.sql.transaction import Transaction

DATASET = JediDatasets.__table__.c
TEMPLATE, TRANSIENT = "tmpl_", "trn_"
"""Prefixes of the types of datasets: that others are made from; with files to be merged."""
KINDS = dataset_types.PRODUCED
ALL_SITES = ""
"""The SITE of a concrete dataset for all queues (IT without IA)."""
Concrete = dict[tuple[int, str], dict[str, Any]]
"""Concrete datasets, by the number of their template and the site."""


def types(request: JobRequest) -> tuple[str, ...]:
    """Return the types of the datasets that the outputs of the jobs belong to, or their templates.

    Datasets to be merged always come from templates.
    """
    prefix = TEMPLATE if request.is_unmerged or request.has("instantiateTmpl") else ""
    return tuple(f"{prefix}{TRANSIENT if request.is_unmerged else ''}{kind}" for kind in KINDS)


def sites_of(request: JobRequest, queues: Sequence[Queue]) -> list[str]:
    """Return the sites of the concrete datasets for queues: one for all, or one for each.

    None where there are no templates.
    """
    by_queue = request.has("instantiateTmpl") and request.has("instantiateTmplSite")
    if request.is_unmerged or by_queue:
        return [queue.name for queue in queues]
    return [ALL_SITES] if request.has("instantiateTmpl") else []


def of_sites(
    session: Transaction, request: JobRequest, templates: Sequence[Row], sites: Iterable[str]
) -> Concrete:
    """Return the concrete datasets of templates for sites, made where there is none.

    One that is not closed is used again, but for outputs that are to be merged: these get new ones
    in each call.
    """
    wanted = [(template, site) for site in dict.fromkeys(sites) for template in templates]
    known = {} if request.is_unmerged else _known(session, wanted)
    missing = [(row, site) for row, site in wanted if (row["datasetid"], site) not in known]
    ids = new_ids.draw(session, JEDI_DATASETS_SEQ, len(missing))
    made: Concrete = {
        (template["datasetid"], site): _concrete(request, template, site, number)
        for number, (template, site) in zip(ids, missing, strict=True)
    }
    for (_, site), row in made.items():
        master = made.get((row["masterid"], site)) or known.get((row["masterid"], site))
        if master:
            row["masterid"] = master["datasetid"]
    if made:
        columns = [*next(iter(made.values()))]
        copy_rows(session, JediDatasets, columns, ([*row.values()] for row in made.values()))
    return {**known, **made}


def _known(session: Transaction, wanted: Sequence[tuple[Row, str]]) -> Concrete:
    """Return the concrete datasets that are there; of several the oldest."""
    if not wanted:
        return {}
    rows = session.execute(
        select(JediDatasets.__table__)
        .where(
            DATASET.jeditaskid == wanted[0][0]["jeditaskid"],
            DATASET.templateid.in_({row["datasetid"] for row, _ in wanted}),
            DATASET.site.in_({site for _, site in wanted}),
            DATASET.type.in_(KINDS),
            func.coalesce(DATASET.state, "") != "closed",
        )
        .order_by(DATASET.datasetid.desc())
    ).mappings()
    return {(row["templateid"], row["site"]): dict(row) for row in rows}


def _concrete(request: JobRequest, template: Row, site: str, number: int) -> dict[str, Any]:
    row: Mapping[str, Any] = {
        **template,
        "datasetid": number,
        "datasetname": f"{re.sub('/+$', '', template['datasetname'])}.{number}",
        "type": template["type"].removeprefix(TEMPLATE),
        "templateid": template["datasetid"],
        "site": site,
        "destination": template["destination"] or site,
        "creationtime": request.when,
        "modificationtime": request.when,
    }
    return dict(row)
