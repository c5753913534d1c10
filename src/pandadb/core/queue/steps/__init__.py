"""Steps of a runner that brings jobs to other machines: staging, batch systems, fetching."""
