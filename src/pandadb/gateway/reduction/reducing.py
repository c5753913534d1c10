"""One reduction: its folders, its script, its logs, and the keys of its event."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pandadb.errors import InvalidInput
from pandadb.gateway import places
from pandadb.gateway.reduction import outputs
from pandadb.gateway.reduction.folders import Folders
from pandadb.gateway.reduction.script_process import Script, ScriptEnd, ScriptProcess
from pandadb.worker.handlers import JobFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

LOGS = "reduction_log"
REMOVED = "The script has removed its output folder"


class Reduction:
    """The reduction of a run."""

    def __init__(
        self,
        run: Mapping[str, Any],
        folders: Mapping[str, Any],
        rules: Mapping[str, Any],
        kinds: Mapping[str, list[str]],
    ) -> None:
        self.run, self.rules = run, rules
        self.folders = Folders.of(folders)
        name = run["instrument"]
        self.is_excitation = name in kinds["excitation"]
        self.is_ceph = name in kinds["ceph"]
        self.lines: list[str] = []
        self.temporary: Path | None = None
        self.copies: list[str] = []
        self.logs: list[BinaryIO] = []
        self.process: ScriptProcess | None = None
        self.software: str | None = None

    @cached_property
    def merges(self) -> bool:
        """Whether the result has one folder with those of other runs."""
        return bool(self.run["is_flat"]) or self.is_excitation

    @cached_property
    def final(self) -> Path:
        """The folder of the result."""
        names = places.names_of(self.run)
        if self.run["overwrite"]:
            names["run_version"] = 0
        folders = self.folders
        template, versioned = folders.result, folders.versioned
        if self.is_excitation:
            template, versioned = folders.excitation, ""
        elif self.is_ceph:
            template = folders.ceph
        elif self.run["is_flat"]:
            template, versioned = folders.flat, ""
        parts = [template, versioned] if versioned else [template]
        return folders.root / "/".join(places.filled(part, names) for part in parts)

    def reduce(self) -> dict[str, Any]:
        """Reduce the run; return the keys of its event.

        Raises:
            JobFailure: It cannot be reduced, or not now.
        """
        signal.signal(signal.SIGTERM, self._stopped)
        try:
            self._check()
            self.temporary = self._make_temporary()
            return self._result(self._run_script())
        except InvalidInput as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"Permission error: {_words(error)}", self.rules["retry_in"])
        finally:
            for log in self.logs:
                log.close()
            self._remove_temporary()

    def _check(self) -> None:
        """See that the data can be read and the result be written.

        Raises:
            InvalidInput: The data lie where they must not.
            OSError: They cannot; they may later.
        """
        places.check_data(self.folders, self.run)
        self.note(f"Data: {self.data}")
        self.note(f"Result: {self.final}")
        self._check_real_path()
        self._check_readable()
        outputs.check_writable(self.final)

    @cached_property
    def data(self) -> str:
        """The path of the data."""
        return places.posix_path(self.run["data"])

    def _check_real_path(self) -> None:
        """See that the data lie where those of the instrument may, behind symbolic links, too."""
        if not self.folders.data:
            return
        names = places.names_of(self.run)
        allowed = [Path(self.folders.root / places.filled(one, names)) for one in self.folders.data]
        real = Path(self.data).resolve()
        if not any(real.is_relative_to(one.resolve()) for one in allowed):
            raise InvalidInput(f"data: the file is not in a folder of {self.run['instrument']}")

    def _check_readable(self) -> None:
        path = Path(self.data)
        if path.is_dir():
            os.listdir(path)  # noqa: PTH208 - whether it can be read
        elif not path.exists() or path.is_file():
            with path.open("rb"):
                pass
        else:
            raise InvalidInput(f"data: {self.data} is neither a file nor a folder")

    def _make_temporary(self) -> Path:
        if self.folders.temporary is not None:
            self.folders.temporary.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=self.folders.temporary))
        (made / LOGS).mkdir()
        # open, so that the output of the script is kept though it removes the files
        self.logs = [path.open("w+b") for path in self._places(made)]
        return made

    def _places(self, folder: Path) -> tuple[Path, Path]:
        return self.stdout(folder), self.stderr(folder)

    def stdout(self, folder: Path) -> Path:
        """Return the file of the script's output."""
        return folder / LOGS / places.filled(self.folders.script_log, places.names_of(self.run))

    def stderr(self, folder: Path) -> Path:
        """Return the file of the script's errors."""
        return folder / LOGS / places.filled(self.folders.error_log, places.names_of(self.run))

    def _run_script(self) -> ScriptEnd:
        folder = self._temporary()
        path = places.script_folder(self.folders, self.run["instrument"]) / "reduce.py"
        working = self.rules.get("working")
        self.note(f"Script: {path}")
        script = Script(
            self.run["script"],
            str(path),
            self.run["run_number"],
            self.run["variables"],
            self.data,
            folder,
            None if working is None else Path(working),
            self.stdout(folder),
            self.stderr(folder),
        )
        self.process = ScriptProcess(script)
        end = self.process.wait(self.rules["timeout"])
        self.process, self.software = None, end.software
        if end.error:
            self.note(end.error)
        return end

    def _result(self, end: ScriptEnd) -> dict[str, Any]:
        """Copy the output to its places; return the keys of the event.

        Raises:
            JobFailure: The script has failed.
            InvalidInput: It has put something else in place of its output folder.
            OSError: The output cannot be copied.
        """
        if end.mistake:
            self.note(end.mistake)
        is_gone = not self._temporary().is_dir()
        with suppress(OSError):  # another file is in the way
            for log, place in zip(self.logs, self._places(self._temporary()), strict=True):
                outputs.keep_log(log, place)
        if not self._temporary().is_dir():
            raise InvalidInput(end.error or REMOVED)
        outputs.settle_links(self._temporary())
        uncopied = self._copy(end.folders)
        said = self._said(end.skipped or "")
        wrong = end.error or end.mistake or uncopied or (REMOVED if is_gone else None)
        if end.skipped is not None and not is_gone:
            return {"status": "Skipped", **said}
        if wrong:
            raise JobFailure(wrong, retryable=False, result={**said, "message": wrong})
        return {"status": "Completed", **said}

    def _copy(self, extra: Sequence[str]) -> str | None:
        """Copy the output to its place, then to further ones; return the first mistake of these.

        Raises:
            OSError: It cannot be copied to its place.
        """
        folder = self._temporary()
        (outputs.merge if self.merges else outputs.put)(folder, self.final)
        self.copies = [str(self.final)]
        self.note(f"Copied to {self.final}")
        mistakes = list[str]()
        for path in extra:
            place = Path(self.rules.get("working") or ".") / path
            try:
                if place.resolve() != self.final.resolve():
                    outputs.merge(folder, place)
                    self.copies.append(str(place))
                    self.note(f"Copied to {place}")
            except (OSError, RuntimeError, ValueError) as error:  # also a loop of links, or a NUL
                words = _words(error) if isinstance(error, OSError) else str(error)
                mistakes.append(f"The result cannot be copied to {path[:1000]!r}: {words}")
                self.note(mistakes[-1])
        return mistakes[0] if mistakes else None

    def _said(self, message: str) -> dict[str, Any]:
        """Return the keys of the event that logs and folders make."""
        said: dict[str, Any] = {
            "message": message,
            "reduction_log": self._log(),
            "admin_log": "\n".join(self.lines),
            "information": socket.gethostname(),
        }
        if self.copies:
            said["reduction_data"] = self.copies
        if software := self.rules.get("software") or self.software:
            said["software"] = software
        return said

    def _log(self) -> str:
        """Return the end of both logs."""
        limit = self.rules["log_limit"] // 2
        return "".join(outputs.tail(log, limit) for log in self.logs)

    def note(self, line: str) -> None:
        """Add a line to the service's own log."""
        self.lines.append(line)

    def _fail(self, words: str, retry_in: float | None = None) -> NoReturn:
        self.note(words)
        result = self._said(words)
        raise JobFailure(words, retry_in=retry_in, retryable=retry_in is not None, result=result)

    def _temporary(self) -> Path:
        if self.temporary is None:
            raise LookupError("there is no temporary folder")
        return self.temporary

    def _remove_temporary(self) -> None:
        if self.temporary is not None:
            shutil.rmtree(self.temporary, ignore_errors=True)

    def _stopped(self, number: int, _frame: object) -> NoReturn:
        """End the script, too, when the worker ends this process."""
        if self.process is not None:
            self.process.kill(signal.SIGKILL)
        self._remove_temporary()
        sys.stderr.flush()
        os._exit(128 + number)


def _words(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}" if error.strerror else str(error)[:1000]
