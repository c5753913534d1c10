"""Reads of the unmodified panda-server, printed as JSON; for programs in its environment.

They run as `python PROGRAM FOLDER HOST PORT DATABASE PASSWORD`; FOLDER has the program that
connects the server, `pandaenv.py`.
"""

import contextlib
import json
import sys


def report(calls):
    """Print the answers to calls, `{name: function of the server's proxy}`, and SQL errors."""
    folder, host, port, dbname, password = sys.argv[1:]
    sys.path.insert(0, folder)
    import pandaenv

    dsn = {"host": host, "port": int(port), "dbname": dbname, "user": "panda"}
    panda = pandaenv.Panda({**dsn, "password": password})
    found = {}
    for name, call in calls.items():
        with pandaenv.time_limit(60), contextlib.redirect_stdout(panda.noise):
            found[name] = call(panda.proxy)
    panda.close()
    sys.stdout.write(
        json.dumps({"found": found, "errors": pandaenv.RECORDER.errors}, default=pandaenv.plain)
    )
