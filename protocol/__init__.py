"""The packets that clients, services and the manager exchange."""
