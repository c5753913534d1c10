"""Python 2 as Python 3: the conversion of a section, and its differences at run time."""
