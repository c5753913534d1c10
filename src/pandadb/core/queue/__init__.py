"""The job queue on PanDA's tables: jobs for workers, under leases with fencing tokens."""
