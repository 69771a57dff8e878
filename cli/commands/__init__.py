"""What the commands do that are clients of a manager."""
