"""The language of sequence sections: a subset of Python, or all of it in another process."""
