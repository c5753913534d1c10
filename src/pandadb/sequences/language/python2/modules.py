"""Modules of Python 2, for the imports of a trusted section: under other names, or with more."""

from __future__ import annotations

import builtins
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

RENAMED = {
    "Queue": "queue", "ConfigParser": "configparser", "urlparse": "urllib.parse",
    "httplib": "http.client", "thread": "_thread", "__builtin__": "builtins",
    "exceptions": "builtins", "HTMLParser": "html.parser", "cookielib": "http.cookiejar",
    "Cookie": "http.cookies", "SocketServer": "socketserver", "xmlrpclib": "xmlrpc.client",
    "email.MIMEText": "email.mime.text", "email.MIMEMultipart": "email.mime.multipart",
    "email.MIMEBase": "email.mime.base", "email.Utils": "email.utils",
    "email.Encoders": "email.encoders", "BaseHTTPServer": "http.server",
    "copy_reg": "copyreg", "anydbm": "dbm", "gdbm": "dbm.gnu",
}  # fmt: skip
"""Modules that have another name."""
TEXT_METHODS = (
    "upper", "lower", "strip", "lstrip", "rstrip", "split", "rsplit", "replace", "find", "rfind",
    "index", "count", "capitalize", "swapcase", "ljust", "rjust", "center", "zfill", "expandtabs",
)  # fmt: skip
ENCODING: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape"}


def find(
    name: str, space: Any = None, local: Any = None, fromlist: Any = (), level: int = 0
) -> Any:
    """Import a module, as `__import__` does."""
    top = name.partition(".")[0]
    if level or not {name, top} & {*RENAMED, *MORE}:
        return builtins.__import__(name, space, local, fromlist, level)
    if name in RENAMED or name in MORE:
        return of_python2(name)
    found = builtins.__import__(name, space, local, fromlist, level)
    return found if fromlist else of_python2(top)


def of_python2(name: str) -> Any:
    """Return a module with its names in Python 2."""
    if name not in MADE:
        MADE[name] = _made(name)
    return MADE[name]


def _made(name: str) -> Any:
    if name not in MORE:
        return importlib.import_module(RENAMED.get(name, name))
    base, more = MORE[name]
    if name == "sys":  # its names are assigned to, such as sys.stdout
        vars(sys).update(more())
        return sys
    found = ModuleType(name)
    vars(found).update(vars(importlib.import_module(base)) if base else {}, **more())
    return found


MADE: dict[str, Any] = {}


def _commands() -> dict[str, Any]:
    import subprocess  # noqa: PLC0415 - seldom needed

    def status_and_output(command: str) -> tuple[int, str]:
        done = subprocess.run(  # noqa: S602 - the purpose of the function
            command, shell=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            **ENCODING,
        )  # fmt: skip
        code = done.returncode
        return code << 8 if code >= 0 else -code, done.stdout.removesuffix("\n")

    return {
        "getstatusoutput": status_and_output,
        "getoutput": lambda command: status_and_output(command)[1],
    }


def _subprocess() -> dict[str, Any]:
    import subprocess  # noqa: PLC0415 - seldom needed

    class Popen(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *values: Any, **names: Any) -> None:
            text = {} if "encoding" in names else ENCODING
            super().__init__(*values, **{**names, **text})

    def check_output(*values: Any, **names: Any) -> Any:
        given = {**ENCODING, **names}
        return subprocess.check_output(*values, **given)  # noqa: S603 - the section's command

    return {"Popen": Popen, "check_output": check_output}


def _string() -> dict[str, Any]:
    import string  # noqa: PLC0415

    found: dict[str, Any] = {name: getattr(str, name) for name in TEXT_METHODS}
    found["join"] = found["joinfields"] = lambda words, by=" ": by.join(words)
    found |= {"atoi": int, "atof": float, "atol": int, "letters": string.ascii_letters}
    found |= {"lowercase": string.ascii_lowercase, "uppercase": string.ascii_uppercase}
    return found


def _itertools() -> dict[str, Any]:
    import itertools  # noqa: PLC0415

    return {
        "izip": zip, "imap": map, "ifilter": filter, "izip_longest": itertools.zip_longest,
        "ifilterfalse": itertools.filterfalse,
    }  # fmt: skip


def _types() -> dict[str, Any]:
    kinds = {
        "String": str, "Unicode": str, "Int": int, "Long": int, "Float": float, "List": list,
        "Tuple": tuple, "Dict": dict, "Boolean": bool, "Object": object, "Type": type,
    }  # fmt: skip
    return {**{f"{name}Type": kind for name, kind in kinds.items()}, "StringTypes": (str,)}


def _os() -> dict[str, Any]:
    import os  # noqa: PLC0415

    def write(number: int, text: Any) -> int:
        data = text.encode(**ENCODING) if isinstance(text, str) else text
        return os.write(number, data)

    def read(number: int, size: int) -> str:
        return os.read(number, size).decode(**ENCODING)

    return {"write": write, "read": read, "getcwdu": os.getcwd}


def _sys() -> dict[str, Any]:
    return {"maxint": sys.maxsize, "setdefaultencoding": lambda _: None, "exc_clear": lambda: None}


def _math() -> dict[str, Any]:
    import math  # noqa: PLC0415

    def of(function: Callable[[float], float]) -> Callable[[float], float]:
        return lambda value: float(function(value))

    return {"floor": of(math.floor), "ceil": of(math.ceil)}


def _pickle() -> dict[str, Any]:
    import pickle  # noqa: PLC0415

    return {
        "dumps": lambda value, protocol=0: pickle.dumps(value, protocol).decode("latin-1"),
        "loads": lambda text: pickle.loads(text.encode("latin-1")),  # noqa: S301 - the section's
    }


def _urls() -> dict[str, Any]:
    import urllib.error  # noqa: PLC0415
    import urllib.parse  # noqa: PLC0415

    errors = {name: getattr(urllib.error, name) for name in ("URLError", "HTTPError")}
    parse = ("quote", "quote_plus", "unquote", "unquote_plus", "urlencode")
    return {**errors, **{name: getattr(urllib.parse, name) for name in parse}}


def _bytes(value: Any) -> Any:
    return value.encode(**ENCODING) if isinstance(value, str) else value


def _hashed(name: str) -> Callable[..., Any]:
    """Return a function that makes a hash; it takes texts."""
    import hashlib  # noqa: PLC0415 - seldom needed

    class Hash:
        def __init__(self, text: Any = "") -> None:
            self._hash = hashlib.new(name, _bytes(text))
            self.hexdigest = self._hash.hexdigest

        def update(self, text: Any) -> None:
            self._hash.update(_bytes(text))

    return Hash


def _hashlib() -> dict[str, Any]:
    names = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
    return {name: _hashed(name) for name in names}


def _base64() -> dict[str, Any]:
    import base64  # noqa: PLC0415 - seldom needed

    def of(name: str) -> Callable[..., str]:
        function = getattr(base64, name)
        return lambda text, *more: function(_bytes(text), *more).decode(**ENCODING)

    found = {name: of(name) for name in ("b64encode", "b64decode")}
    return {**found, "encodestring": of("encodebytes"), "decodestring": of("decodebytes")}


MORE: dict[str, tuple[str | None, Callable[[], dict[str, Any]]]] = {
    "commands": (None, _commands),
    "subprocess": ("subprocess", _subprocess),
    "string": ("string", _string),
    "itertools": ("itertools", _itertools),
    "types": ("types", _types),
    "os": ("os", _os),
    "sys": ("sys", _sys),
    "math": ("math", _math),
    "time": ("time", lambda: {"clock": importlib.import_module("time").process_time}),
    "cPickle": ("pickle", _pickle),
    "StringIO": ("io", dict),
    "cStringIO": ("io", dict),
    "urllib": ("urllib.request", _urls),
    "urllib2": ("urllib.request", _urls),
    "md5": (None, lambda: {"new": _hashed("md5"), "md5": _hashed("md5")}),
    "sha": (None, lambda: {"new": _hashed("sha1"), "sha": _hashed("sha1")}),
    "hashlib": ("hashlib", _hashlib),
    "base64": ("base64", _base64),
    "sets": (None, lambda: {"Set": set, "ImmutableSet": frozenset}),
}
"""Modules with more than Python 3 has: the module they begin with, and the additions."""
