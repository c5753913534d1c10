"""The archive: days that go there and back as they are, and what proves that nothing is lost."""
