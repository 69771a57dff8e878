-- Kept uploads follow their folder when it, or one above it, is renamed or moved.

create or replace function catalog_private.place_folder(
    p_folder_id bigint, p_parent_id bigint, p_name text
)
returns void language plpgsql set search_path = '' as $$
declare
    v_before constant text[] := catalog_private.folder_path(p_folder_id);
    v_after text[];
    v_name text := p_name;
    v_number bigint := 0;
begin
    while catalog_private.is_taken(p_parent_id, v_name, null, p_folder_id) loop
        v_number := v_number + 1;
        v_name := catalog_private.numbered_name(p_name, v_number, false);
    end loop;
    update public.folders set parent_id = p_parent_id, name = v_name where id = p_folder_id;
    v_after := catalog_private.folder_path(p_folder_id);
    update public.kept_uploads set folder = v_after || folder[cardinality(v_before) + 1:]
    where folder[:cardinality(v_before)] = v_before;
end;
$$;
comment on function catalog_private.place_folder(bigint, bigint, text) is
'Moves or renames a folder, numbering a taken name; kept uploads go along.';

drop function public.park_kept_upload(uuid, bigint, text, text[], text, double precision);

create function public.park_kept_upload(
    p_object_id uuid, p_epoch bigint, p_state text, p_mime_type text, p_expires_at double precision
)
returns boolean language plpgsql set search_path = '' as $$
declare
    v_owner_id bigint;
begin
    perform catalog_private.lock_store();
    update public.kept_uploads
    set state = p_state, mime_type = coalesce(p_mime_type, mime_type)
    where object_id = p_object_id and epoch = p_epoch
    returning owner_id into v_owner_id;
    if v_owner_id is null then
        return false;
    end if;
    perform catalog_private.put_reference(
        p_object_id, 'kept-upload', v_owner_id::text, p_expires_at
    );
    return true;
end;
$$;
comment on function public.park_kept_upload(uuid, bigint, text, text, double precision) is
'Notes how far a kept upload has come, in the epoch that is going on.';

revoke execute on function public.park_kept_upload(uuid, bigint, text, text, double precision)
from public, anon, authenticated;
grant execute on function public.park_kept_upload(uuid, bigint, text, text, double precision)
to service_role;

insert into public.schema_version (version, name) values ('20261130011000', 'kept_upload_folders');
