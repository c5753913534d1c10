"""What the unmodified panda-server reads of shares, sites and workers, as JSON.

It runs in panda-server's environment: `python grid_reader.py FOLDER HOST PORT DATABASE PASSWORD`;
FOLDER has the program that connects the server, `pandaenv.py`.
"""

import contextlib
import json
import sys

folder, host, port, dbname, password = sys.argv[1:]
sys.path.insert(0, folder)

import pandaenv  # noqa: E402


def leaves(proxy):
    """The leaves of the tree of shares, with their percent of everything."""
    proxy.reload_shares()
    return {share.name: round(share.value, 4) for share in proxy.leave_shares}


def main():
    """Call the server's methods that read shares, sites and workers."""
    dsn = {"host": host, "port": int(port), "dbname": dbname, "user": "panda"}
    panda = pandaenv.Panda({**dsn, "password": password})
    proxy = panda.proxy
    calls = {
        "shares": lambda: leaves(proxy),
        "order of shares": lambda: [share["name"] for share in proxy.getGShareStatus()],
        "sites": lambda: {
            name: [site.status, site.coreCount, site.maxrss]
            for name, site in proxy.getSiteInfo()[0].items()
        },
        "known sites": lambda: sorted(proxy.configurator_read_sites()),
        "endpoints": lambda: sorted(proxy.getDdmEndpoints()[0]),
        "tags": lambda: sorted(proxy.load_sw_map()),
        "workers": proxy.getWorkerStats,
        "commands": lambda: [
            [one["command"], one["params"]] for one in proxy.getCommands("h1", 5)[1]
        ],
    }
    found = {}
    for name, call in calls.items():
        with pandaenv.time_limit(60), contextlib.redirect_stdout(panda.noise):
            found[name] = call()
    panda.close()
    sys.stdout.write(
        json.dumps({"found": found, "errors": pandaenv.RECORDER.errors}, default=pandaenv.plain)
    )


main()
