"""The catalog in a Supabase project: PostgreSQL behind PostgREST, reached over HTTP.

The work is done by functions in the database (`supabase/migrations/`), one transaction each. This
package calls them, asks again where an answer was lost, and turns JSON into records.
"""
