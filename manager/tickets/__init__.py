"""The interface for other services: uploads with tickets, and references to stored files."""
