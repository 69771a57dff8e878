-- A file that is stored becomes public, or private again.

create function public.set_public(
    p_request_id uuid, p_file_id bigint, p_is_public boolean, p_permit jsonb,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    update public.files set is_public = p_is_public where id = p_file_id;
    return catalog_private.answered(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;
comment on function public.set_public(uuid, bigint, boolean, jsonb, double precision) is
'Makes a file public, or not any more; its shares stay.';

revoke execute on function public.set_public(uuid, bigint, boolean, jsonb, double precision)
from public, anon, authenticated;
grant execute on function public.set_public(uuid, bigint, boolean, jsonb, double precision)
to service_role;

insert into public.schema_version (version, name) values ('20261128000100', 'public_files');
