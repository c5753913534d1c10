"""The unmodified panda-server reads shares, sites and workers: see `server_reads.py`."""

from server_reads import report


def leaves(proxy):
    """The leaves of the tree of shares, with their percent of everything."""
    proxy.reload_shares()
    return {share.name: round(share.value, 4) for share in proxy.leave_shares}


report(
    {
        "shares": leaves,
        "order of shares": lambda proxy: [share["name"] for share in proxy.getGShareStatus()],
        "sites": lambda proxy: {
            name: [site.status, site.coreCount, site.maxrss]
            for name, site in proxy.getSiteInfo()[0].items()
        },
        "known sites": lambda proxy: sorted(proxy.configurator_read_sites()),
        "endpoints": lambda proxy: sorted(proxy.getDdmEndpoints()[0]),
        "tags": lambda proxy: sorted(proxy.load_sw_map()),
        "workers": lambda proxy: proxy.getWorkerStats(),
        "commands": lambda proxy: [one["command"] for one in proxy.getCommands("h1", 5)[1]],
    }
)
