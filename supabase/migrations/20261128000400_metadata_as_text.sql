-- Metadata is answered as text in which escapes stay escapes.
--
-- PostgREST takes JSON apart to answer it, and PostgreSQL refuses to decode the escape of NUL, which
-- somebody's tags may well hold.

create or replace function public.metadata_of(p_object_id uuid)
returns json language plpgsql stable set search_path = '' as $$
begin
    return (
        select json_build_object('text', objects.metadata::text) from public.objects
        where objects.id = p_object_id and objects.metadata is not null
    );
end;
$$;
comment on function public.metadata_of(uuid) is
'What processing found out about an object, as the text of its JSON; null before that.';

insert into public.schema_version (version, name) values ('20261128000400', 'metadata_as_text');
