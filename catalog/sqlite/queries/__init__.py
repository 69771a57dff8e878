"""Every SQL statement of the adapter, named and described, by the part of the port it serves.

Parameters are named (`:folder_id`). Times are seconds since the Unix epoch, object ids are the 16
bytes of the UUID.
"""
