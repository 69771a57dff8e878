"""The discord-cloud command."""
