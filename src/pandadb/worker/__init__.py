"""Workers: processes for jobs of queues: claims, payloads, reports of their ends."""
