"""Credentials in texts of Harvester, masked before anything is shown or logged.

Messages of batch systems, addresses of logs and parameters of commands may have passwords, tokens
and keys of proxies. The database keeps what was sent; reports and pages have `***` in its place.
"""

from __future__ import annotations

import json
import re
from typing import Any

MASK = "***"
NAME = (
    r"pass(?:word|wd|phrase)?|pwd|(?:[a-z_-]*)token|(?:[a-z_-]*)secret(?:[a-z_-]*)|sig(?:nature)?"
    r"|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|credentials?|x-amz-[a-z-]+"
    r"|authorization|proxy[_-]?(?:key|cert|pem)"
)
KEY = re.compile(rf"(?:{NAME})", re.IGNORECASE)
"""Names of credentials."""
PATTERNS = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s]*(?=@)"), MASK),
    (re.compile(r"\b(?:Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE), MASK),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), MASK),
    (
        re.compile(
            rf"(?<![A-Za-z0-9])((?:{NAME})[\"']?\s*[:=]\s*)"
            r"(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s\"'&;,}\])]+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)


def mask_text(text: str) -> str:
    """Return a text with its credentials masked."""
    for pattern, mask in PATTERNS:
        text = pattern.sub(mask, text)
    return text


def mask(value: Any) -> Any:
    """Return a value, such as decoded JSON or a row, with the credentials in it masked."""
    match value:
        case str():
            return mask_text(value)
        case dict():
            return {
                name: MASK if isinstance(name, str) and KEY.fullmatch(name) else mask(one)
                for name, one in value.items()
            }
        case list() | tuple():
            return [mask(one) for one in value]
        case _:
            return value


def mask_json(text: str | None) -> Any:
    """Return the value of a JSON text, masked; the masked text itself if it is no JSON."""
    if text is None:
        return None
    try:
        return mask(json.loads(text))
    except (ValueError, RecursionError):
        return mask_text(text)
