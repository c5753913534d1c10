"""Python 2 as Python 3: the conversion of a section, and what it did otherwise when it runs."""
