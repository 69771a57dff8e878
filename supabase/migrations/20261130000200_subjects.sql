-- The migrations up to the first release (20261128001000) were put together by subject: each function is made once,
-- in its last form. They keep their numbers, by which a database that was made before is known to have them; the
-- schema is the same to the letter. Only some names stand for another subject since.

update public.schema_version set name = renamed.name
from (
    values ('20261122000900', 'references'), ('20261122001200', 'keys'),
    ('20261128000100', 'sharing'), ('20261128000200', 'views'), ('20261128000300', 'export'),
    ('20261128000400', 'import'), ('20261128000500', 'messages'),
    ('20261128000600', 'collection'), ('20261128000700', 'positions'),
    ('20261128000800', 'administration'), ('20261128001000', 'access')
) as renamed (version, name)
where schema_version.version = renamed.version;

insert into public.schema_version (version, name) values ('20261130000200', 'subjects');
