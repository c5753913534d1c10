"""`pandadb queue pause`, `resume`, `stop`, `cancel`, `rerun`, `retry`, `delete` and `set-state`."""

from typing import Annotated

import typer

from pandadb.cli import completion
from pandadb.cli.queue.verb_command import By, Call, command_of
from pandadb.services import selection


@command_of("paused")
def pause(call: Call) -> "selection.VerbReport":
    """Pause jobs of queues that no worker has: none starts until it is resumed.

    Exit code 1 if a job is refused; the others are paused. 3 if no job matches.

    Example: pandadb queue pause --state ready --name "relax_*" --dry-run
    """
    return call.by().pause(call.chosen, **call.rules)


@command_of("resumed")
def resume(call: Call) -> "selection.VerbReport":
    """Let paused jobs of queues go on, and run stopped ones anew: once their parents have ended.

    Exit code 1 if a job is refused; the others are resumed. 3 if no job matches.

    Example: pandadb queue resume --state paused --name "relax_*"
    """
    return call.by().resume(call.chosen, **call.rules)


@command_of("stopped")
def stop(call: Call, *, by: By = None) -> "selection.VerbReport":
    """Cancel jobs of queues that are ready or in flight, and not those that wait.

    Those that run end when their workers have ended the payloads. Exit code 1 if a job is refused;
    the others are stopped. 3 if no job matches.

    Example: pandadb queue stop --computingsite demo --state running --dry-run
    """
    return call.by(by).stop(call.chosen, **call.rules)


@command_of("cancelled")
def cancel(
    call: Call,
    *,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="With all jobs that depend on them.")
    ] = False,
    by: By = None,
) -> "selection.VerbReport":
    """Cancel jobs of queues in any state before the end.

    Those that run end when their workers have ended the payloads. Exit code 1 if a job is refused;
    the others are cancelled. 3 if no job matches.

    Example: pandadb queue cancel 6012345678 --cascade
    """
    return call.by(by).cancel(call.chosen, cascade=cascade, **call.rules)


@command_of("run again")
def rerun(
    call: Call,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also if children have begun: these run again, too.")
    ] = False,
) -> "selection.VerbReport":
    """Run jobs of queues again: those in flight go back, those that have ended begin anew.

    A new attempt has a new PandaID and the same public id. Exit code 1 if a job is refused; the
    others run again. 3 if no job matches.

    Example: pandadb queue rerun --state failed --error "(?i)disk full" --dry-run
    """
    return call.by().rerun(call.chosen, force=force, **call.rules)


@command_of("retried")
def retry(call: Call) -> "selection.VerbReport":
    """Try the present step of jobs of queues again at once, as the same attempt.

    For jobs that are suspended after an error of a machine, and for jobs in flight. Exit code 1 if
    a job is refused; the others are retried. 3 if no job matches.

    Example: pandadb queue retry --state suspended --dry-run
    """
    return call.by().retry(call.chosen, **call.rules)


@command_of("deleted", limit=10, always_asks=True)
def delete(
    call: Call,
    *,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel jobs first that workers have, at once.")
    ] = False,
    whole_flows: Annotated[
        bool, typer.Option("--whole-flows", help="Also the last job of a flow, with the flow.")
    ] = False,
) -> "selection.VerbReport":
    """Delete jobs of queues with all their attempts, files, results and logs; 10 unless --limit.

    Their children wait for them no longer. Exit code 1 if a job is refused; the others are deleted.
    3 if no job matches.

    Example: pandadb queue delete --state cancelled --until -30d --limit 1000 --dry-run
    """
    return call.by().delete(call.chosen, cancel=cancel, whole_flows=whole_flows, **call.rules)


@command_of("set", always_asks=True)
def set_state(
    call: Call,
    standing: Annotated[
        str,
        typer.Argument(
            metavar="STATE",
            help="The state: ready, failed …",
            autocompletion=completion.standings,
        ),
    ],
) -> "selection.VerbReport":
    """Give jobs of queues a state, for administrators: with all that follows for files and jobs.

    A job that has ended gets a new attempt in that state. Exit code 1 if a job is refused; the
    others are set. 3 if no job matches.

    Example: pandadb queue set-state failed 6012345678 --dry-run
    """
    return call.by().set_state(call.chosen, standing, **call.rules)
