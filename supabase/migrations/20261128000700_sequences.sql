-- Nobody but the service role reads or moves the counters of ids: a project grants all on every new
-- sequence by default.

revoke all on all sequences in schema public from anon, authenticated;

insert into public.schema_version (version, name) values ('20261128000700', 'sequences');
