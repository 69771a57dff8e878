"""Who somebody is: users, their passwords and tokens, and other services with API keys."""
