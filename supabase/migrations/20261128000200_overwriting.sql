-- A commit that overwrites a file checks the right to do so itself, and every commit tells the shares of
-- its file, so that nobody has to ask for them while others may change it.

create or replace function catalog_private.receipt(p_object_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select jsonb_build_object(
            'file', jsonb_build_object(
                'id', commits.file_id, 'folder_id', commits.folder_id, 'name', commits.name,
                'object_id', commits.object_id, 'owner_id', commits.owner_id,
                'is_public', commits.is_public, 'size', objects.size,
                'mime_type', objects.mime_type, 'has_thumbnail', false,
                'created_at', commits.created_at, 'updated_at', commits.updated_at, 'share', null
            ),
            'shares', catalog_private.shares_json(commits.file_id),
            'created', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'folder', jsonb_build_object(
                        'id', made.folder -> 0, 'parent_id', made.folder -> 1,
                        'name', made.folder -> 2 -> -1
                    ),
                    'path', made.folder -> 2
                ) order by made.position), '[]')
                from jsonb_array_elements(commits.created_folders)
                with ordinality as made (folder, position)
            ),
            'replaced', commits.replaced
        )
        from public.commits join public.objects on objects.id = commits.object_id
        where commits.object_id = p_object_id
    );
end;
$$;
comment on function catalog_private.receipt(uuid) is
'What committing this object did, and the shares that its file has now; null if it was not committed yet.';

-- Another argument makes another function, and which of the two a call means would be left open.
drop function public.commit_file(
    uuid, text[], text, bigint, boolean, text, bigint, double precision
);
create function public.commit_file(
    p_object_id uuid, p_path text[], p_name text, p_owner_id bigint, p_is_public boolean,
    p_on_conflict text, p_overwrite_id bigint, p_now double precision, p_permit jsonb default null
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_content public.objects;
    v_made record;
    v_present_id bigint;
    v_file_id bigint;
begin
    perform catalog_private.lock_store();
    if exists (select from public.commits where object_id = p_object_id) then
        return catalog_private.receipt(p_object_id);
    end if;
    v_content := catalog_private.require_stored(p_object_id);
    if p_owner_id is not null then
        perform catalog_private.require_user(p_owner_id);
    end if;
    select * into v_made from catalog_private.make_path(p_path);
    select id into v_present_id from public.files
    where folder_id = v_made.folder_id and name = p_name;
    if v_present_id is null or p_on_conflict = 'rename' then
        v_file_id := catalog_private.insert_file(
            v_content, v_made.folder_id, p_name, p_owner_id, p_is_public, p_now
        );
    elsif p_on_conflict = 'overwrite' and v_present_id = p_overwrite_id then
        v_file_id := v_present_id;
        perform catalog_private.require_files(array[v_file_id], p_permit);
        perform catalog_private.replace_content(v_content, v_file_id, p_now);
    else
        perform catalog_private.refuse(
            'name-taken', 'a file of that name exists already in this folder',
            catalog_private.file_json(v_present_id)::text
        );
    end if;
    perform catalog_private.enqueue(p_object_id, p_now);
    perform catalog_private.write_receipt(
        v_file_id, v_file_id is not distinct from v_present_id, v_made.created
    );
    return jsonb_build_object(
        'file', catalog_private.file_json(v_file_id),
        'shares', catalog_private.shares_json(v_file_id), 'created', v_made.created,
        'replaced', v_file_id is not distinct from v_present_id
    );
end;
$$;
comment on function
public.commit_file(uuid, text[], text, bigint, boolean, text, bigint, double precision, jsonb) is
'Gives stored content a name: makes the folders, takes the name, lets replaced content go.';

revoke execute on function
public.commit_file(uuid, text[], text, bigint, boolean, text, bigint, double precision, jsonb)
from public, anon, authenticated;
grant execute on function
public.commit_file(uuid, text[], text, bigint, boolean, text, bigint, double precision, jsonb)
to service_role;

insert into public.schema_version (version, name) values ('20261128000200', 'overwriting');
