"""The trash, and earlier contents of files."""
