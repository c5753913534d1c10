"""Jobs from the CSV files that the monitor exports."""
