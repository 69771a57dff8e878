"""Gateways, which send content in the manager's place."""
