"""The archive: days are moved there and back unchanged, with proofs that no row is lost."""
