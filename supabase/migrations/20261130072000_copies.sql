-- Copies of files and folders: new names for content that is there.

create function public.copy_files(
    p_request_id uuid, p_file_ids bigint[], p_folder_id bigint, p_owner_id bigint, p_name text,
    p_permit jsonb, p_target_permit jsonb, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_file catalog_private.file_records;
    v_copy_id bigint;
    v_ids bigint[] := '{}';
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_folder(p_folder_id);
    perform catalog_private.require_right(p_folder_id, p_target_permit);
    perform catalog_private.require_files(p_file_ids, p_permit);
    perform catalog_private.require_user(p_owner_id);
    if cardinality(p_file_ids) = 0 then
        return '{"folders": [], "files": []}';
    end if;
    for v_file in
        select record.* from unnest(p_file_ids) with ordinality as wanted (id, position)
        join catalog_private.file_records as record on record.id = wanted.id
        order by wanted.position
    loop
        insert into public.files (folder_id, name, object_id, owner_id, is_public, size, created_at,
            updated_at)
        values (p_folder_id,
            catalog_private.free_file_name(p_folder_id, coalesce(p_name, v_file.name)),
            v_file.object_id, p_owner_id, v_file.is_public, v_file.size, p_now, p_now)
        returning id into v_copy_id;
        perform catalog_private.add_usage(p_folder_id, v_file.mime_type, v_file.size, 1);
        v_ids := v_ids || v_copy_id;
    end loop;
    return catalog_private.answered_change(p_request_id, p_now, jsonb_build_object(
        'folders', '[]'::jsonb, 'files', to_jsonb(catalog_private.placed_files(v_ids))
    ));
end;
$$;
comment on function public.copy_files(
    uuid, bigint[], bigint, bigint, text, jsonb, jsonb, double precision
) is 'Copies files, all or none, into a folder, numbering taken names.';

create function catalog_private.copy_folders(p_folder_id bigint, p_parent_id bigint, p_name text)
returns table (source_ids bigint[], copy_ids bigint[]) language plpgsql set search_path = '' as $$
declare
    v_sources bigint[] := array[p_folder_id];
    v_copies bigint[];
    v_name text := p_name;
    v_number bigint := 0;
    v_copy_id bigint;
begin
    while catalog_private.is_taken(p_parent_id, v_name) loop
        v_number := v_number + 1;
        v_name := catalog_private.numbered_name(p_name, v_number, false);
    end loop;
    insert into public.folders (parent_id, name) values (p_parent_id, v_name)
    returning id into v_copy_id;
    v_copies := array[v_copy_id];
    source_ids := v_sources;
    copy_ids := v_copies;
    -- One level after the other: what was made is known by the folder it lies in and by its name.
    loop
        with made as (
            insert into public.folders (parent_id, name)
            select level.copy_id, folders.name
            from unnest(v_sources, v_copies) as level (source_id, copy_id)
            join public.folders on folders.parent_id = level.source_id
            order by folders.id
            returning id, parent_id, name
        )
        select array_agg(folders.id order by made.id), array_agg(made.id order by made.id)
        into v_sources, v_copies
        from made
        join unnest(v_sources, v_copies) as level (source_id, copy_id) on level.copy_id = made.parent_id
        join public.folders on folders.parent_id = level.source_id and folders.name = made.name;
        exit when v_sources is null;
        source_ids := source_ids || v_sources;
        copy_ids := copy_ids || v_copies;
    end loop;
    return next;
end;
$$;
comment on function catalog_private.copy_folders(bigint, bigint, text) is
'Makes a folder and those in it once more, empty: which they were, and which they are now, outermost first.';

create function public.copy_folder(
    p_request_id uuid, p_folder_id bigint, p_parent_id bigint, p_owner_id bigint,
    p_max_entries bigint, p_name text, p_max_depth bigint, p_permit jsonb, p_target_permit jsonb,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_files bigint;
    v_copied record;
    v_ids bigint[];
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_movable(p_folder_id);
    perform catalog_private.require_folder(p_parent_id);
    perform catalog_private.require_right(p_parent_id, p_target_permit);
    if p_permit ->> 'folder_right' is null then
        perform catalog_private.require_standings_within(p_folder_id, p_permit);
    else
        perform catalog_private.require_right(p_folder_id, p_permit);
    end if;
    perform catalog_private.require_user(p_owner_id);
    if p_folder_id = any(catalog_private.line_of(p_parent_id)) then
        perform catalog_private.refuse('folder-circle', format(
            'folder %s lies within folder %s', p_parent_id, p_folder_id
        ));
    end if;
    if p_max_depth is not null then
        perform catalog_private.require_room(p_folder_id, p_parent_id, p_max_depth);
    end if;
    select coalesce(sum(files), 0) into v_files from public.folder_usage where folder_id = p_folder_id;
    if v_files >= p_max_entries
    or v_files + cardinality(catalog_private.subtree_of(p_folder_id)) > p_max_entries then
        perform catalog_private.refuse(
            'copy-too-large', format('a copy may have %s folders and files at most', p_max_entries),
            p_max_entries::text
        );
    end if;
    select copied.* into v_copied from catalog_private.copy_folders(
        p_folder_id, p_parent_id,
        coalesce(p_name, (select name from public.folders where id = p_folder_id))
    ) as copied;
    insert into public.folder_usage (folder_id, mime_type, bytes, files)
    select pair.copy_id, part.mime_type, part.bytes, part.files
    from unnest(v_copied.source_ids, v_copied.copy_ids) as pair (source_id, copy_id)
    join public.folder_usage as part on part.folder_id = pair.source_id;
    perform catalog_private.add_subtree(p_parent_id, v_copied.copy_ids[1]);
    with made as (
        insert into public.files (folder_id, name, object_id, owner_id, is_public, size, created_at,
            updated_at)
        select pair.copy_id, files.name, files.object_id, p_owner_id, files.is_public, files.size,
            p_now, p_now
        from unnest(v_copied.source_ids, v_copied.copy_ids)
        with ordinality as pair (source_id, copy_id, position)
        join public.files on files.folder_id = pair.source_id
        order by pair.position, files.id
        returning id
    )
    select coalesce(array_agg(id order by id), '{}') into v_ids from made;
    return catalog_private.answered_change(p_request_id, p_now, jsonb_build_object(
        'folders', (
            select jsonb_agg(catalog_private.placed_folder(copied.id) order by copied.position)
            from unnest(v_copied.copy_ids) with ordinality as copied (id, position)
        ),
        'files', to_jsonb(catalog_private.placed_files(v_ids))
    ));
end;
$$;
comment on function public.copy_folder(
    uuid, bigint, bigint, bigint, bigint, text, bigint, jsonb, jsonb, double precision
) is 'Copies a folder with all in it into a folder, numbering a taken name.';

revoke execute on function catalog_private.copy_folders(bigint, bigint, text),
public.copy_files(uuid, bigint[], bigint, bigint, text, jsonb, jsonb, double precision),
public.copy_folder(
    uuid, bigint, bigint, bigint, bigint, text, bigint, jsonb, jsonb, double precision
) from public, anon, authenticated;
grant execute on function catalog_private.copy_folders(bigint, bigint, text),
public.copy_files(uuid, bigint[], bigint, bigint, text, jsonb, jsonb, double precision),
public.copy_folder(
    uuid, bigint, bigint, bigint, bigint, text, bigint, jsonb, jsonb, double precision
) to service_role;

insert into public.schema_version (version, name) values ('20261130072000', 'copies');
