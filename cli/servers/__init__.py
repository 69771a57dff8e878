"""The programs behind the server commands, one module each: importing one brings in its server."""
