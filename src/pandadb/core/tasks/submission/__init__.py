"""Tasks from the JSON of a request to a refined task: submitted, taken over, refined."""
