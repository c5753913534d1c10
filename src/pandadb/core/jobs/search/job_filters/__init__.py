"""The filter of the controller: criteria of jobs, and the value that combines them."""
