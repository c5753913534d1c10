"""Rules by which a task is split and run: JEDI_TASKS.splitrule, codes with values as `NF=2,US=1`.

The names and the codes are PanDA's (job generation 7). A value may have commas itself: `AN=2,4`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pandadb.core.sql.validation import InvalidValue, near, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

CODES: Mapping[str, str] = {
    "addNthFieldToLFN": "AN", "allowEmptyInput": "AE", "allowIncompleteInDS": "AI",
    "allowInputLAN": "IL", "allowInputWAN": "IW", "allowPartialFinish": "AP", "altStageOut": "AT",
    "avoidVP": "AV", "cloudAsVO": "CV", "ddmBackEnd": "DE", "debugMode": "DM",
    "decAttOnFailedES": "XF", "disableAutoFinish": "DF", "disableAutoRetry": "DR",
    "disableReassign": "DI", "dynamicNumEvents": "DY", "encJobParams": "EJ",
    "failGoalUnreached": "FG", "fineGrainedProc": "FP", "firstContentsFeed": "FC",
    "firstEvent": "FT", "fullChain": "FU", "groupBoundaryID": "GB", "hpoWorkflow": "HO",
    "ignoreMissingInDS": "IM", "inFilePosEvtNum": "IF", "inputPreStaging": "IS",
    "instantiateTmpl": "IT", "instantiateTmplSite": "IA", "intermediateTask": "IN",
    "ipConnectivity": "IP", "ipStack": "IK", "limitedSites": "LS", "loadXML": "LX",
    "maxAttemptES": "XA", "maxAttemptEsJob": "XJ", "maxCoreCount": "CC", "maxEventsPerJob": "MX",
    "maxJumboPerSite": "MJ", "maxNumJobs": "MN", "maxWalltime": "MW", "mergeEsOnOS": "ME",
    "mergeOutput": "MO", "messageDriven": "MD", "minCpuEfficiency": "MC", "multiStepExec": "MS",
    "nChunksToWait": "NT", "nEsConsumers": "EC", "nEventsPerInput": "EI", "nEventsPerJob": "NE",
    "nEventsPerMergeJob": "ZE", "nEventsPerWorker": "ES", "nFilesPerJob": "NF",
    "nFilesPerMergeJob": "ZF", "nGBPerJob": "NG", "nGBPerMergeJob": "ZG", "nJumboJobs": "NJ",
    "nMaxFilesPerJob": "MF", "nMaxFilesPerMergeJob": "ZM", "nSitesPerJob": "NS",
    "noAutoPause": "NP", "noExecStrCnv": "NC", "noInputPooling": "NI", "noLoopingCheck": "LC",
    "noWaitParent": "NW", "notDiscardEvents": "ND", "onSiteMerging": "OM", "onlyTagsForFC": "OT",
    "orderByLB": "OL", "orderInputBy": "OI", "osMatching": "OS", "pfnList": "PL", "pushJob": "PJ",
    "pushStatusChanges": "PC", "putLogToOS": "PO", "randomSeed": "RS", "registerDatasets": "RD",
    "registerEsFiles": "RE", "releasePerLB": "RP", "respectLB": "RL", "respectSplitRule": "RR",
    "resurrectConsumers": "SC", "retryModuleRules": "RM", "retryRamMax": "RZ",
    "retryRamOffset": "RX", "retryRamStep": "RY", "reuseSecOnDemand": "RO", "runUntilClosed": "RC",
    "scoutSuccessRate": "SS", "segmentedWork": "SW", "stayOutputOnSite": "SO",
    "switchEStoNormal": "SE", "t1Weight": "TW", "tgtMaxOutputForNG": "TN", "totNumJobs": "TJ",
    "useBuild": "UB", "useExhausted": "UX", "useFileAsSourceLFN": "UF", "useJobCloning": "UC",
    "useLocalIO": "LI", "usePrePro": "UP", "usePrefetcher": "UT", "useRealNumEvents": "UE",
    "useScout": "US", "useSecrets": "ST", "useZipToPin": "UZ", "waitInput": "WI",
    "workflowHoldup": "WH", "writeInputToFile": "WF",
}  # fmt: skip
"""The code of each rule, by its name."""
NAMES: Mapping[str, str] = {code: name for name, code in CODES.items()}
WORDS: Mapping[str, Mapping[str, str]] = {
    "US": {"1": "no_use", "2": "will_update_requirements", "3": "updated_requirements"},
    "LS": {"1": "with_allowlist", "2": "with_denylist", "3": "with_allow_and_denylist"},
    "IP": {"1": "full", "2": "http"},
    "IK": {"4": "IPv4", "6": "IPv6"},
    "AT": {"1": "on", "2": "off", "3": "force"},
    "IL": {"1": "use", "2": "only"},
    "UP": {"1": "toPreProcess", "2": "preProcessed", "3": "postPProcess"},
    "RD": {"1": "registering", "2": "registered", "3": "moving"},
    "IS": {"0": "notUse", "1": "use"},
    "FC": {"0": "False", "1": "True"},
    "FU": {"1": "only", "2": "require", "3": "capable"},
    "OI": {"1": "eventsAlignment"},
}
"""The meanings of values, of codes with a few fixed ones."""
CHANGEABLE = (
    "allowIncompleteInDS", "allowInputLAN", "avoidVP", "ignoreMissingInDS", "maxCoreCount",
    "nEsConsumers", "nEventsPerWorker", "nFilesPerJob", "nGBPerJob", "nJumboJobs",
    "nMaxFilesPerJob", "noAutoPause", "noInputPooling", "noLoopingCheck", "onlyTagsForFC",
    "t1Weight", "useLocalIO", "useZipToPin",
)  # fmt: skip
"""Rules, by name, that a task's life may change: by command, and by submission again."""
NO_SCOUTS, SCOUTS, AFTER_SCOUTS = "1", "2", "3"
"""Values of `useScout`."""


def parse_rules(rules: str | None) -> dict[str, str]:
    """Return codes with their values, in their order; of a code that is there twice the first.

    A part without `=` belongs to the value before it; at the beginning it is left out.
    """
    found: dict[str, str] = {}
    last = None
    for part in (rules or "").split(","):
        code, equals, value = part.partition("=")
        if equals:
            last = None if code in found else code
            found.setdefault(code, value)
        elif last is not None and part:
            found[last] += f",{part}"
    return found


def format_rules(rules: Mapping[str, str]) -> str | None:
    """Return the text of codes with values, as the column has it; None for none."""
    return ",".join(f"{code}={value}" for code, value in rules.items()) or None


def code_of(rule: str) -> str:
    """Return the code of a rule, given by its name or its code.

    Raises:
        InvalidValue: There is no such rule.
    """
    if rule in NAMES:
        return rule
    if rule not in CODES:
        raise InvalidValue(f"there is no split rule {shown(rule)}{near(rule, CODES)}")
    return CODES[rule]


def rule_number(rules: Mapping[str, str], rule: str) -> int | None:
    """Return the whole number that the value of a rule begins with; None for none.

    Only `t1Weight` can be negative.
    """
    code = code_of(rule)
    digits = r"-*(\d+)" if code == CODES["t1Weight"] else r"(\d+)"
    found = re.match(digits, rules.get(code, ""), re.ASCII)
    if found is None:
        return None
    return -int(found[1]) if found[0].startswith("-") else int(found[1])


def has_rule(rules: Mapping[str, str], rule: str) -> bool:
    """Return whether a rule has a number, whichever: so the server asks for switches."""
    return rule_number(rules, rule) is not None


def rule_word(rules: Mapping[str, str], rule: str) -> str | None:
    """Return the meaning of a rule's value; the value itself where it has no fixed meanings."""
    code = code_of(rule)
    value = rules.get(code)
    return None if value is None else WORDS.get(code, {}).get(value, value)


def value_of_word(rule: str, word: str) -> str | None:
    """Return the value of a rule that has this meaning; None for no value."""
    meanings = WORDS[code_of(rule)]
    return next((value for value, meaning in meanings.items() if meaning == word), None)


def change_rule(rules: Mapping[str, str], rule: str, value: str | int | None) -> dict[str, str]:
    """Return the rules with another value of one, at their end; without it for None or no text.

    So the command `change_split_rule` leaves them. Setting a key of the dict keeps its place, as
    the refinement does.
    """
    code = code_of(rule)
    others = {name: text for name, text in rules.items() if name != code}
    if value is None or value == "":
        return others
    return {**others, code: str(value)}


def check_known(rules: Mapping[str, str], known: Collection[str]) -> None:
    """Check that all codes are among those, for a procedure that has to follow each rule.

    Raises:
        InvalidValue: One is not; the sentence has its code, its name and its value.
    """
    for code, value in rules.items():
        if code not in known:
            name = NAMES.get(code)
            words = f"{code} ({name})" if name else shown(code)
            raise InvalidValue(f"split rule {words} with the value {shown(value)} is not supported")


def check_changeable(rule: str) -> str:
    """Return the code of a rule that may be changed, given by name or code.

    Raises:
        InvalidValue: There is no such rule, or it cannot be changed.
    """
    code = code_of(rule)
    if NAMES[code] not in CHANGEABLE:
        raise InvalidValue(f"split rule {NAMES[code]} cannot be changed: {_listed(CHANGEABLE)} can")
    return code


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({CODES[name]})" for name in names)
