"""Split rules from the parameters of a task: a table of parameters, codes and conditions.

The order is that of new rules in the column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from pandadb.core.events.kinds import TaskKind
from pandadb.core.sql.validation import shown
from pandadb.core.tasks import split_rules
from pandadb.core.tasks.split_rules import CODES, NO_SCOUTS, SCOUTS, format_rules, parse_rules
from pandadb.core.tasks.submission.parameters import InvalidTask, Parameters, is_given

if TYPE_CHECKING:
    from pandadb.core.tasks.refinement.drafts import Draft

VALUE = re.compile(r"-?\d+(\.\d+)?(,-?\d+)*", re.ASCII)
"""A value that is a number, or several."""
NAME = re.compile(r"[^,=$\s]+")


class When(Enum):
    """The condition for a parameter to set its rule."""

    VALUE = auto()
    """It is there: the rule has its value. A rule without it is taken away."""
    KEPT = auto()
    """It is there: the rule has its value. A rule without it stays."""
    THERE = auto()
    """It is there, whatever its value: the server looks for the name alone."""
    TRUE = auto()
    """It is `true`, and not 1 or a text."""
    TRUTHY = auto()
    """It is `true`, a number but 0, or a text."""
    WORD = auto()
    """It is one of the words that the values of the rule stand for."""
    NAME = auto()
    """It is a name."""


@dataclass(frozen=True)
class ParameterRule:
    """A parameter and its rule."""

    parameter: str
    when: When
    code: str
    value: str = "1"


def _rules(when: When, *names: str, **codes: str) -> tuple[ParameterRule, ...]:
    """Return rules with a condition; the code of a name is that of the split rule of that name."""
    named = {**{name: CODES[name] for name in names}, **codes}
    return tuple(ParameterRule(name, when, code) for name, code in named.items())


EVENT_SERVICE_ONLY = "registerEsFiles"
"""A parameter that counts for tasks of the event service only."""
RULES: tuple[ParameterRule, ...] = (
    *_rules(When.VALUE, "nEventsPerJob", "nGBPerJob", "nMaxFilesPerJob", "maxEventsPerJob",
            "nEventsPerWorker", nEventsPerInputFile="EI"),
    *_rules(When.VALUE, "disableAutoRetry", "nEsConsumers", "waitInput", "addNthFieldToLFN",
            "scoutSuccessRate", "t1Weight", "maxAttemptES", "maxAttemptEsJob", "nSitesPerJob",
            "nEventsPerMergeJob", "nFilesPerMergeJob", "nGBPerMergeJob", "nMaxFilesPerMergeJob",
            "maxWalltime", "tgtMaxOutputForNG", "maxNumJobs", "totNumJobs", "nChunksToWait",
            "retryRamOffset", "retryRamStep", "retryRamMax"),
    *_rules(When.KEPT, "useLocalIO", "nJumboJobs", "maxJumboPerSite", "minCpuEfficiency"),
    ParameterRule("loadXML", When.THERE, "LX", "3"),
    ParameterRule("loadXML", When.THERE, "GB", "4"),
    *_rules(When.THERE, "pfnList"),
    *_rules(When.TRUE, "noWaitParent"),
    *_rules(When.THERE, "respectLB", "releasePerLB", "orderByLB", "respectSplitRule",
            "reuseSecOnDemand"),
    *_rules(When.NAME, "ddmBackEnd"),
    *_rules(When.THERE, "disableReassign", "allowPartialFinish", "useExhausted",
            "useRealNumEvents"),
    *_rules(When.WORD, "ipConnectivity", "altStageOut", "allowInputLAN"),
    *_rules(When.THERE, "runUntilClosed", "stayOutputOnSite"),
    *_rules(When.WORD, "useJobCloning"),
    *_rules(When.TRUE, failWhenGoalUnreached="FG"),
    *_rules(When.THERE, "switchEStoNormal"),
    *_rules(When.KEPT, nEventsPerRange="DY"),
    *_rules(When.TRUE, "allowInputWAN", "putLogToOS", "mergeEsOnOS", "writeInputToFile",
            "useFileAsSourceLFN", "ignoreMissingInDS", "noExecStrCnv", "inFilePosEvtNum",
            EVENT_SERVICE_ONLY, "disableAutoFinish", "resurrectConsumers", "usePrefetcher",
            "notDiscardEvents", "decAttOnFailedES", "useZipToPin", "osMatching"),
    *_rules(When.THERE, "multiStepExec", "onlyTagsForFC", "segmentedWork", "avoidVP"),
    *_rules(When.TRUE, "inputPreStaging", "hpoWorkflow"),
    *_rules(When.TRUTHY, "noLoopingCheck", "encJobParams", "useSecrets", "debugMode",
            "pushStatusChanges"),
    *_rules(When.KEPT, "maxCoreCount"),
    *_rules(When.THERE, "cloudAsVO"),
    *_rules(When.TRUTHY, "pushJob", "fineGrainedProc", "onSiteMerging"),
    *_rules(When.WORD, "fullChain", "orderInputBy"),
    *_rules(When.THERE, "intermediateTask", "allowEmptyInput"),
    *_rules(When.TRUTHY, "messageDriven", "allowIncompleteInDS", "noAutoPause", "workflowHoldup"),
)  # fmt: skip
PARTNERS = {
    "segmentedWork": "segmentSpecs",
    "hpoWorkflow": "hpoRequestData",
    "maxJumboPerSite": "nJumboJobs",
}
"""Parameters that count only together with another one."""
CLONING = {"runonce": "1", "storeonce": "2"}
"""The kinds of `useJobCloning`, with the values of the rule."""


def set_rules(draft: Draft) -> None:
    """Set the split rules of a task from its parameters, after its attributes.

    Null stands for a parameter that is not there.

    Raises:
        InvalidTask: A value cannot stand in a rule.
    """
    given, rules = draft.parameters, draft.rules
    _set_scouts(draft)
    _set_files_per_job(given, rules)
    for rule in RULES:
        is_event_service = draft.values["eventservice"] == TaskKind.EVENT_SERVICE
        if rule.parameter == EVENT_SERVICE_ONLY and not is_event_service:
            continue
        if rule.parameter in PARTNERS and not is_given(given, PARTNERS[rule.parameter]):
            continue
        _apply(rule, given, rules)


def _set_scouts(draft: Draft) -> None:
    """Have scouts, unless they are skipped or done."""
    skipped = is_given(draft.parameters, "skipScout")
    if not skipped and draft.rules.get("US") != split_rules.AFTER_SCOUTS:
        draft.rules["US"] = SCOUTS


def keep_without_scouts(draft: Draft) -> None:
    """Have no scouts in a task that is refined again and had none before."""
    before = parse_rules(draft.task["splitrule"] or format_rules(draft.rules))
    if before.get("US") != SCOUTS:
        draft.rules["US"] = NO_SCOUTS


def _set_files_per_job(given: Parameters, rules: dict[str, str]) -> None:
    """Set the number of files of a job: as given, or by the events of a job and of a file."""
    if is_given(given, "nFilesPerJob"):
        rules["NF"] = _number("nFilesPerJob", given)
        return
    events, each = given.get("nEventsPerJob"), given.get("nEventsPerInputFile")
    if is_given(given, "tgtNumEventsPerJob"):
        return
    if events is not None and each is not None:
        files = int(_float("nEventsPerJob", events) // (_float("nEventsPerInputFile", each) or 1))
        if files >= 1:
            rules["NF"] = str(files)


def _apply(rule: ParameterRule, given: Parameters, rules: dict[str, str]) -> None:
    value = given.get(rule.parameter)
    if value is None:
        if rule.when is When.VALUE:
            rules.pop(rule.code, None)
        return
    match rule.when:
        case When.VALUE | When.KEPT:
            rules[rule.code] = _number(rule.parameter, given)
        case When.NAME:
            rules[rule.code] = _name(rule.parameter, value)
        case When.WORD:
            rules |= _words(rule, value)
        case When.THERE:
            rules[rule.code] = rule.value
        case When.TRUE if value is True:
            rules[rule.code] = rule.value
        case When.TRUTHY if value:
            rules[rule.code] = rule.value


def _words(rule: ParameterRule, word: Any) -> dict[str, str]:
    """Return the values of words; other words set nothing."""
    if rule.code == "UC":
        return {"UC": CLONING.get(str(word), "")}
    found = {rule.code: split_rules.value_of_word(rule.code, str(word))}
    if rule.code == "IP":
        full, _, stack = str(word).partition("#")
        found = {
            code: split_rules.value_of_word(code, w) for code, w in (("IP", full), ("IK", stack))
        }
    return {code: value for code, value in found.items() if value is not None}


def _number(name: str, given: Parameters) -> str:
    """Return the text of a number, or of several: nothing else may stand in a rule."""
    value = given[name]
    if isinstance(value, bool):
        value = int(value)
    text = str(value).strip()
    if not isinstance(value, int | float | str) or VALUE.fullmatch(text) is None:
        raise InvalidTask(f"{name} has to be a number, not {shown(value)}")
    return text


def _float(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidTask(f"{name} has to be a number, not {shown(value)}") from None


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str) or NAME.fullmatch(value) is None:
        raise InvalidTask(f"{name} has to be a name without commas, not {shown(value)}")
    return value
