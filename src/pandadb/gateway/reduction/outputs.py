"""Results of reductions: folders that appear whole, or into which files are merged."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_writable(folder: Path) -> None:
    """See that a folder can be made, with those above it.

    Raises:
        OSError: It cannot.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))
    place = folder if folder.exists() else folder.parent
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(13, "Permission denied", str(place))


def settle_links(folder: Path) -> None:
    """Make the symbolic links below a folder such that it can be copied elsewhere and removed.

    As in the service, a link to a file becomes the file; one that leads nowhere is removed. A link
    to a folder of the result is made relative, one to another folder is left.
    """
    for place, folders, names in os.walk(folder):
        for link in (Path(place) / name for name in [*folders, *names]):
            if not link.is_symlink():
                continue
            target = Path(os.path.realpath(link))
            if target.is_file():
                link.unlink()
                shutil.copy2(target, link)
            elif not target.is_dir():
                link.unlink()
            elif target.is_relative_to(os.path.realpath(folder)):
                link.unlink()
                link.symlink_to(os.path.relpath(target, os.path.realpath(place)))


def put(source: Path, final: Path) -> None:
    """Copy a folder to its final place at once: others see the old one, or the whole new one.

    Raises:
        OSError: It cannot be written; the old one stays.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(4)
    partial, old = (final.parent / f".{final.name}.{kind}-{mark}" for kind in ("new", "old"))
    try:
        _copy(source, partial)
        if final.exists():
            final.rename(old)
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if old.exists() and not final.exists():
            old.rename(final)
        raise
    shutil.rmtree(old, ignore_errors=True)


def merge(source: Path, final: Path) -> None:
    """Copy the files of a folder into another one, each at once.

    Raises:
        OSError: A file cannot be written.
    """
    for folder, folders, names in os.walk(source):
        place = final / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        special = _special(folder, names)
        for name in [*links, *(one for one in names if one not in special)]:
            partial = place / f".{name}.{secrets.token_hex(4)}"
            try:
                shutil.copy2(Path(folder) / name, partial, follow_symlinks=False)
                partial.replace(place / name)
            except BaseException:
                with suppress(OSError):
                    partial.unlink()
                raise


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=_special)
    mask = os.umask(0)
    os.umask(mask)
    target.chmod(0o777 & ~mask)


def _special(folder: str, names: Iterable[str]) -> set[str]:
    """Return the names of pipes, sockets and devices: they are no results."""
    modes = {name: (Path(folder) / name).lstat().st_mode for name in names}
    usual = stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK
    return {name for name, mode in modes.items() if not any(is_it(mode) for is_it in usual)}


def tail(path: Path, limit: int) -> str:
    """Return the end of a file of text, at most so many bytes; nothing if it cannot be read."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return ""
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - limit))
            text = stream.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""
    return f"… ({size - limit} bytes before)\n{text}" if size > limit else text
