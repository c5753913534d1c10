"""A small dispatcher: it gives jobs to workers, hears their heartbeats and ends their jobs.

It is a JSON service on pandadb's data layer. Run it on the database of PANDADB_URL:

    python dispatcher.py --port 8080
    curl -d '{"computingsite": "CERN", "njobs": 2}' localhost:8080/dispatch
    curl -d '{"pandaid": 1, "state": "running"}' localhost:8080/heartbeat
    curl -d '{"pandaids": [1], "state": "finished"}' localhost:8080/end
"""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pandadb.database import Database
from pandadb.errors import InvalidInput
from pandadb.services import jobs
from pandadb.services.jobs import DispatchRequest, Heartbeat

COLUMNS = ["computingsite", "transformation", "corecount", "maxwalltime"]


def dispatch(database: Database, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Give activated jobs to a worker, each to one only; the worker waits for none."""
    request = DispatchRequest(asked["computingsite"], int(asked.get("njobs", 1)), columns=COLUMNS)
    return [{**job.job, "parameters": job.parameters} for job in jobs.dispatch(database, request)]


def heartbeat(database: Database, asked: dict[str, Any]) -> dict[str, Any]:
    """Store the state that a pilot reports; answer with the command for it, such as tobekilled."""
    beat = Heartbeat(asked["pandaid"], asked["state"], values=asked.get("values", {}))
    answer = jobs.heartbeat(database, [beat])[asked["pandaid"]]
    return {"command": answer.command, "ignored": answer.ignored}


def end(database: Database, asked: dict[str, Any]) -> dict[str, Any]:
    """End jobs; a job that cannot end has its reason in `refused`."""
    verb = jobs.finish if asked["state"] == "finished" else jobs.fail
    done = verb(database, asked["pandaids"])
    refused = {pandaid: refusal.sentence for pandaid, refusal in done.refused.items()}
    return {"ended": sorted(done.jobs), "refused": refused}


CALLS = {"/dispatch": dispatch, "/heartbeat": heartbeat, "/end": end}


def serve(database: Database, port: int) -> ThreadingHTTPServer:
    """Return a server whose threads share the database's pool of connections."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                code, answer = 200, CALLS[self.path](database, asked)
            except (InvalidInput, KeyError, ValueError) as error:
                code, answer = 400, {"error": f"{type(error).__name__}: {error}"}
            body = json.dumps(answer, default=str).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(("localhost", port), Handler)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Give jobs to workers.")
    parser.add_argument("--port", type=int, default=8080)
    port = parser.parse_args().port
    with Database.from_settings() as database, serve(database, port) as server:
        print(f"Listening on http://localhost:{server.server_port}")
        server.serve_forever()
