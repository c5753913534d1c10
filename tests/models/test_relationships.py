"""The lines of the entity diagrams, walked in both directions."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import RelationshipProperty, Session, aliased, configure_mappers

from pandadb import models as m

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

NOW = dt.datetime(2026, 11, 20, 12)

configure_mappers()
RELATIONSHIPS = sorted(
    (r for mapper in m.Base.registry.mappers for r in mapper.relationships), key=str
)


def label(relationship: RelationshipProperty[Any]) -> str:
    return f"{relationship.parent.class_.__name__}.{relationship.key}"


def test_a_file_belongs_to_the_one_dataset_that_has_its_task_and_its_id(session: Session) -> None:
    for task in (5, 6):
        for dataset in (1, 2):
            session.add(
                m.JediDatasets(
                    jeditaskid=task,
                    datasetid=dataset,
                    datasetname="d",
                    type="input",
                    creationtime=NOW,
                    modificationtime=NOW,
                )
            )
            session.add(
                m.JediDatasetContents(
                    jeditaskid=task,
                    datasetid=dataset,
                    fileid=9,
                    creationdate=NOW,
                    lfn="l",
                    type="input",
                    status="ready",
                )
            )
    session.flush()

    for dataset in session.query(m.JediDatasets):
        (file,) = dataset.contents
        assert (file.jeditaskid, file.datasetid) == (dataset.jeditaskid, dataset.datasetid)
        assert file.jedi_dataset is dataset


def oracle_foreign_keys() -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Return the foreign keys that Oracle's schema declares: child, parent, pairs of columns."""
    catalogue = Path(__file__).parents[1] / "parity" / "panda_schema.json"
    tables = json.loads(catalogue.read_text())["tables"]
    return [
        (name, key["ref_table"], tuple(zip(key["columns"], key["ref_columns"], strict=True)))
        for name, table in tables.items()
        for key in (table["oracle"] or {}).get("foreign_keys", ())
    ]


def test_every_foreign_key_of_oracle_is_a_relationship_in_both_directions(
    subtests: pytest.Subtests,
) -> None:
    for child, parent, columns in oracle_foreign_keys():
        with subtests.test(f"{child} -> {parent}"):
            are_related_in_both_directions(child, parent, columns)


def are_related_in_both_directions(
    child: str, parent: str, columns: tuple[tuple[str, str], ...]
) -> None:
    for own, other, wanted in (
        (child, parent, set(columns)),
        (parent, child, {(there, here) for here, there in columns}),
    ):
        joins = [
            {(here.name, there.name) for here, there in relationship.local_remote_pairs}
            for relationship in RELATIONSHIPS
            if relationship.parent.local_table.fullname == own
            and relationship.mapper.local_table.fullname == other
        ]
        assert wanted in joins, f"{own} -> {other}"


def test_a_join_compares_every_column_that_it_names() -> None:
    for relationship in RELATIONSHIPS:
        written = str(relationship._init_args.primaryjoin.argument)
        compared = str(relationship.primaryjoin)
        assert written.count("==") == compared.count(" = "), label(relationship)


def test_a_relationship_is_read_only_and_its_join_can_be_asked(
    session: Session, subtests: pytest.Subtests
) -> None:
    for relationship in RELATIONSHIPS:
        own, other = relationship.parent.class_, aliased(relationship.mapper.class_)
        with subtests.test(label(relationship)), session.begin_nested():
            joined = select(own).join(getattr(own, relationship.key).of_type(other))

            assert relationship.viewonly
            assert session.execute(joined).all() == []


def test_a_task_leads_to_everything_and_everything_leads_back(session: Session) -> None:
    session.add_all(
        [
            m.JediWorkQueue(queue_id=77, queue_name="q", queue_type="t", vo="v"),
            m.GlobalShares(name="Parent", value=1),
            m.GlobalShares(name="Leaf", parent="Parent", value=1),
            m.TTask(taskid=5, submit_time=NOW),
            m.JediTasks(
                jeditaskid=5,
                status="ready",
                username="u",
                creationdate=NOW,
                modificationtime=NOW,
                workqueue_id=77,
                gshare="Leaf",
            ),
            m.JediDatasets(
                jeditaskid=5,
                datasetid=6,
                datasetname="d",
                type="input",
                creationtime=NOW,
                modificationtime=NOW,
            ),
            m.JediDatasetContents(
                jeditaskid=5,
                datasetid=6,
                fileid=7,
                creationdate=NOW,
                lfn="l",
                type="input",
                status="ready",
            ),
            m.JobsActive4(pandaid=8, jeditaskid=5, workqueue_id=77, gshare="Leaf"),
            m.JobsArchived4(pandaid=9, jeditaskid=5, modificationtime=NOW),
            m.FilesTable4(pandaid=8, jeditaskid=5, datasetid=6, fileid=7),
            m.JobParamsTable(pandaid=8, jobparameters="--do"),
            m.MetaTable(pandaid=8, metadata_="{}"),
            m.JobsStatusLog(pandaid=8, modificationtime=NOW, jobstatus="activated"),
            m.HarvesterInstances(harvester_id="h"),
            m.HarvesterWorkers(harvesterid="h", workerid=1, lastupdate=NOW, status="running"),
            m.HarvesterRelJobsWorkers(harvesterid="h", workerid=1, pandaid=8, lastupdate=NOW),
        ]
    )
    session.flush()
    session.expire_all()

    task = session.get_one(m.JediTasks, 5)
    assert task.deft_task is not None
    assert task.deft_task.jedi_task is task
    assert task.work_queue is not None
    assert task.work_queue.tasks == [task]
    assert task.share is not None
    assert task.share.parent_share is not None
    assert [share.name for share in task.share.parent_share.child_shares] == ["Leaf"]
    (dataset,) = task.datasets
    (file,) = dataset.contents
    assert file.task is task
    (job,) = task.jobsactive4
    assert task.jobsdefined4 == []
    assert [done.pandaid for done in task.jobsarchived4] == [9]
    assert job.share is task.share
    assert task.share.jobsactive4 == [job]
    assert [row.jobsactive4 for row in job.files] == [job]
    assert job.files[0].jobsarchived4 is None
    assert [row.jobparameters for row in job.parameter_rows] == ["--do"]
    assert [row.metadata_ for row in job.metadata_rows] == ["{}"]
    assert [row.jobstatus for row in job.statuslog] == ["activated"]
    (relation,) = job.worker_relations
    assert relation.worker is not None
    assert relation.worker.instance is not None
    assert relation.worker.instance.workers == [relation.worker]


def test_a_site_leads_to_its_queues_and_its_storage(session: Session) -> None:
    session.add_all(
        [
            m.Site(site_name="S", role="nucleus"),
            m.PandaSite(panda_site_name="Q", site_name="S", storage_site_name="S"),
            m.DdmEndpoint(ddm_endpoint_name="E", site_name="S"),
            m.PandaDdmRelation(panda_site_name="Q", ddm_endpoint_name="E", scope="default"),
            m.SiteStats(site_name="S", key="k", value=1),
            m.NetworkMatrixKV(src="S", dst="S", key="closeness", value=1),
            m.SchedconfigJSON(panda_queue="Q", data={"status": "online"}),
        ]
    )
    session.flush()
    session.expire_all()

    site = session.get_one(m.Site, "S")
    (queue,) = site.panda_sites
    (endpoint,) = site.ddm_endpoints
    assert queue.ddm_endpoints == [endpoint]
    assert endpoint.panda_sites == [queue]
    assert queue.schedconfig is not None
    assert queue.schedconfig.data == {"status": "online"}
    assert [stat.key for stat in site.stats] == ["k"]
    assert [link.destination for link in site.links_out] == [site]
