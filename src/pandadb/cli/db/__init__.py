"""`pandadb db`: the schema, its revisions, its roles."""
