"""What needs the extra `server`: the server programs, and the commands on the catalog itself."""
