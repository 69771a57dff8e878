"""What the manager does with each packet that it receives."""
