"""The catalog in a SQLite database: the default when nothing else is configured."""
