"""`pandadb sites`: sites, queues and storage endpoints, as CRIC has them."""
