-- Committing an upload: stored content gets a name, in one transaction.
--
-- A commit that overwrites a file checks the right to do so itself, and answers with the shares of its file,
-- so that nobody has to ask for them while others may change it.

create function catalog_private.receipt(p_object_id uuid)
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

create function catalog_private.write_receipt(p_file_id bigint, p_replaced boolean, p_created jsonb)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.commits (object_id, file_id, folder_id, name, owner_id, is_public,
        created_at, updated_at, replaced, created_folders)
    select files.object_id, files.id, files.folder_id, files.name, files.owner_id, files.is_public,
        files.created_at, files.updated_at, p_replaced, (
            select jsonb_agg(jsonb_build_array(
                made.placed -> 'folder' -> 'id', made.placed -> 'folder' -> 'parent_id',
                made.placed -> 'path'
            ) order by made.position)
            from jsonb_array_elements(p_created) with ordinality as made (placed, position)
        )
    from public.files where files.id = p_file_id;
end;
$$;
comment on function catalog_private.write_receipt(bigint, boolean, jsonb) is
'Notes what a commit did.';

create function catalog_private.require_stored(
    p_object_id uuid, p_incomplete_code text default 'object-incomplete'
)
returns public.objects language plpgsql set search_path = '' as $$
declare
    v_object public.objects;
begin
    -- Locked, so that it cannot be collected before its file is there.
    select * into v_object from public.objects where id = p_object_id for no key update;
    if not found then
        perform catalog_private.refuse(
            'object-missing', format('there is no object %s', p_object_id)
        );
    end if;
    if v_object.state <> 'stored' then
        perform catalog_private.refuse(
            p_incomplete_code, format('the object %s is still being uploaded', p_object_id)
        );
    end if;
    return v_object;
end;
$$;
comment on function catalog_private.require_stored(uuid, text) is
'The object, locked; refused unless stored.';

create function catalog_private.insert_file(
    p_content public.objects, p_folder_id bigint, p_name text, p_owner_id bigint,
    p_is_public boolean, p_now double precision
)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_file_id bigint;
begin
    insert into public.files (folder_id, name, object_id, owner_id, is_public, size,
        created_at, updated_at)
    values (p_folder_id, catalog_private.free_file_name(p_folder_id, p_name), (p_content).id,
        p_owner_id, p_is_public, (p_content).size, p_now, p_now)
    returning id into v_file_id;
    perform catalog_private.add_usage(
        p_folder_id, (p_content).mime_type, (p_content).size, 1
    );
    return v_file_id;
end;
$$;
comment on function
catalog_private.insert_file(public.objects, bigint, text, bigint, boolean, double precision) is
'A new file, under the first free form of the name.';

create function catalog_private.replace_content(
    p_content public.objects, p_file_id bigint, p_now double precision
)
returns void language plpgsql set search_path = '' as $$
declare
    v_file catalog_private.file_records;
begin
    select * into v_file from catalog_private.file_records where id = p_file_id;
    update public.files
    set object_id = (p_content).id, size = (p_content).size, updated_at = p_now
    where id = p_file_id;
    perform catalog_private.subtract_usage(v_file.folder_id, v_file.mime_type, v_file.size, 1);
    perform catalog_private.add_usage(
        v_file.folder_id, (p_content).mime_type, (p_content).size, 1
    );
end;
$$;
comment on function
catalog_private.replace_content(public.objects, bigint, double precision) is
'Other content for a file, which stays the same in everything else.';

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

insert into public.schema_version (version, name) values ('20261122000600', 'commits');
