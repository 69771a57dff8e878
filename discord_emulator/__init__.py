"""A Discord that runs locally, with its limits and its faults."""
