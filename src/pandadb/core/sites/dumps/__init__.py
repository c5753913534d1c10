"""Dumps of CRIC and Rucio: their kinds, their shapes, and samples of them."""
