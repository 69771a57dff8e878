"""The commands that are clients of a manager."""
