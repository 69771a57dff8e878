"""Users, their passwords and tokens, and the API keys of other services."""
