"""Jobs given to pilots: candidates, the dispatch, the workers that get them."""
