"""Names of users, from the distinguished names of certificates and identities of tokens.

Tasks and jobs have the short name; the table USERS has both.
"""

from __future__ import annotations

import re

NO_NAME_PARTS = (
    r"/(?:DC|O|OU|C|L)=[^/]+", r"/CN=[0-9]+", r" [0-9]+", r"_[0-9]+", r"/CN=(?:limited )?proxy",
    r"limited proxy", r"/CN=Robot:[^/]+", r"/CN=nickname:[^/]+",
)  # fmt: skip
"""Parts that do not belong to the name; the first are removed first."""
TWO_NAMES = re.compile(r".*/CN=[^/]+/CN=([^/]+)")
PROXY = re.compile(r".*(limited.*proxy)")
MAIL = re.compile(r" [a-z][\w.-]+@[\w.-]+(?:\.\w+)+")


def short_name(dn: str) -> str:
    """Return the short name of a user; the name itself if nothing would be left of it."""
    name = dn
    for part in NO_NAME_PARTS:
        name = re.sub(part, "", name)
    two = TWO_NAMES.match(name)
    name = two[1] if two else name.replace("/CN=", "")
    mail = name.lower().find("/email")
    name = name[:mail] if mail > 0 else name
    proxy = PROXY.match(name)
    name = re.sub(r"[()']", "", proxy[1] if proxy else name)
    bare = MAIL.sub("", name).strip()
    name = bare if " " in bare else name
    return dn if name in ("", "NULL") else name
