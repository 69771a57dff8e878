"""The keys that sign user tokens, tickets and links."""
