"""Output and log files of generated jobs, and their datasets: job generation 3."""
