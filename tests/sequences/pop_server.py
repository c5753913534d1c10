"""A POP3 server on this machine whose mails are the files of a folder."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "secret"


class Session(socketserver.StreamRequestHandler):
    """A session: the mails are those that were there at the login."""

    server: PopServer

    def handle(self) -> None:
        self.mails: list[Path] = []
        self.say("+OK ready")
        for line in self.rfile:
            name, *words = line.decode().split()
            if name.upper() == "QUIT":
                self.say("+OK")
                return
            self.answer(name.upper(), words)

    def answer(self, name: str, words: list[str]) -> None:
        if name == "PASS":
            if self.server.refusals or words != [PASSWORD]:
                self.server.refusals -= 1
                self.say("-ERR authentication failed")
                return
            self.mails = sorted(self.server.folder.glob("*.eml"))
            self.server.logins += 1
        if name == "UIDL":
            self.many([f"{place} {one.name}" for place, one in enumerate(self.mails, 1)])
        elif name in ("TOP", "RETR"):
            lines = self.mails[int(words[0]) - 1].read_text().splitlines()
            self.many(lines[: lines.index("") + 1] if name == "TOP" else lines)
        else:
            self.say("+OK")

    def many(self, lines: list[str]) -> None:
        self.say("+OK")
        for line in lines:
            self.say(f".{line}" if line.startswith(".") else line)
        self.say(".")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class PopServer(socketserver.ThreadingTCPServer):
    """The server; `refusals` logins fail first."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.folder = folder
        self.refusals = 0
        self.logins = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def pop_server(folder: Path) -> Iterator[PopServer]:
    folder.mkdir(exist_ok=True)
    with PopServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
