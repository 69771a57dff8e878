"""A Supabase that runs locally, for tests, benchmarks and development.

The parts that the catalog uses are the real ones: PostgreSQL, PostgREST, and in front of them a
small gateway that serves `/rest/v1` as Supabase's does. `python -m local_supabase` runs it until
interrupted.
"""
