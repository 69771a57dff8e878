"""Links that open a file without an account: made by who may share it, and checked at every use."""
