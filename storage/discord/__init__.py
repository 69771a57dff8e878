"""Discord's HTTP API, as far as chunks need it."""
