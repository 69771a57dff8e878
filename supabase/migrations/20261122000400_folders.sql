-- Folders: paths, pages, totals of subtrees, and changes of the tree.

create function catalog_private.folder_path(p_folder_id bigint)
returns text[] language plpgsql stable set search_path = '' as $$
begin
    return (
        with recursive ascent (id, parent_id, path) as (
            select folders.id, folders.parent_id, '{}'::text[] || case
                when folders.parent_id is null then '{}'::text[] else array[folders.name::text] end
            from public.folders where folders.id = p_folder_id
            union all
            select folders.id, folders.parent_id,
                case when folders.parent_id is null then ascent.path
                else folders.name::text || ascent.path end
            from ascent join public.folders on folders.id = ascent.parent_id
        )
        select ascent.path from ascent where ascent.parent_id is null
    );
end;
$$;
comment on function catalog_private.folder_path(bigint) is
'Names from the root down to the folder; null for a missing one.';

create function catalog_private.folder_json(p_folder_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select jsonb_build_object('id', id, 'name', name, 'parent_id', parent_id)
        from public.folders where id = p_folder_id
    );
end;
$$;
comment on function catalog_private.folder_json(bigint) is 'The folder as a record, or null.';

create function catalog_private.placed_folder(p_folder_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return jsonb_build_object(
        'folder', catalog_private.folder_json(p_folder_id),
        'path', catalog_private.folder_path(p_folder_id)
    );
end;
$$;
comment on function catalog_private.placed_folder(bigint) is 'The folder and its path.';

create function catalog_private.require_folder(p_folder_id bigint)
returns void language plpgsql stable set search_path = '' as $$
begin
    if not exists (select from public.folders where id = p_folder_id) then
        perform catalog_private.refuse(
            'folder-missing', format('there is no folder %s', p_folder_id)
        );
    end if;
end;
$$;
comment on function catalog_private.require_folder(bigint) is 'Refuses a missing folder.';

create function catalog_private.require_movable(p_folder_id bigint)
returns void language plpgsql stable set search_path = '' as $$
begin
    if p_folder_id = 0 then
        perform catalog_private.refuse(
            'root-is-fixed', 'the root folder cannot be renamed, moved or deleted'
        );
    end if;
    perform catalog_private.require_folder(p_folder_id);
end;
$$;
comment on function catalog_private.require_movable(bigint) is 'Refuses the root, and a missing folder.';

create function catalog_private.folder_along(p_path text[])
returns bigint language plpgsql stable set search_path = '' as $$
declare
    v_folder_id bigint := 0;
    v_name text;
begin
    foreach v_name in array p_path loop
        select folders.id into v_folder_id from public.folders
        where folders.parent_id = v_folder_id and folders.name = v_name;
        if not found then
            return null;
        end if;
    end loop;
    return v_folder_id;
end;
$$;
comment on function catalog_private.folder_along(text[]) is 'Id of the folder at a path, or null.';

create function catalog_private.make_path(
    p_path text[], out folder_id bigint, out created jsonb
)
language plpgsql set search_path = '' as $$
declare
    v_parent_id bigint;
    v_depth integer;
begin
    folder_id := 0;
    created := '[]';
    for v_depth in 1 .. cardinality(p_path) loop
        v_parent_id := folder_id;
        select folders.id into folder_id from public.folders
        where folders.parent_id = v_parent_id and folders.name = p_path[v_depth];
        if not found then
            insert into public.folders (parent_id, name) values (v_parent_id, p_path[v_depth])
            returning id into folder_id;
            created := created || jsonb_build_array(jsonb_build_object(
                'folder', catalog_private.folder_json(folder_id), 'path', p_path[:v_depth]
            ));
        end if;
    end loop;
end;
$$;
comment on function catalog_private.make_path(text[]) is
'Makes what is missing of a path, under the store''s lock.';

create function catalog_private.line_of(p_folder_id bigint)
returns bigint[] language plpgsql stable set search_path = '' as $$
begin
    return array(
        with recursive line (id) as (
            select p_folder_id
            union all
            select folders.parent_id from line join public.folders on folders.id = line.id
            where folders.parent_id is not null
        )
        select line.id from line
    );
end;
$$;
comment on function catalog_private.line_of(bigint) is 'A folder and all that it lies in.';

create function catalog_private.add_usage(
    p_folder_id bigint, p_mime_type text, p_bytes bigint, p_files bigint
)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.folder_usage as total (folder_id, mime_type, bytes, files)
    select unnest(catalog_private.line_of(p_folder_id)), p_mime_type, p_bytes, p_files
    on conflict (folder_id, mime_type) do update
    set bytes = total.bytes + excluded.bytes, files = total.files + excluded.files;
end;
$$;
comment on function catalog_private.add_usage(bigint, text, bigint, bigint) is
'Counts files in a folder and in all above.';

create function catalog_private.subtract_usage(
    p_folder_id bigint, p_mime_type text, p_bytes bigint, p_files bigint
)
returns void language plpgsql set search_path = '' as $$
declare
    v_line constant bigint[] := catalog_private.line_of(p_folder_id);
begin
    update public.folder_usage set bytes = bytes - p_bytes, files = files - p_files
    where folder_id = any(v_line) and mime_type = p_mime_type;
    delete from public.folder_usage
    where folder_id = any(v_line) and mime_type = p_mime_type and files = 0;
end;
$$;
comment on function catalog_private.subtract_usage(bigint, text, bigint, bigint) is
'The reverse of add_usage.';

create function catalog_private.add_subtree(p_folder_id bigint, p_subtree_id bigint)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.add_usage(p_folder_id, part.mime_type, part.bytes, part.files)
    from public.folder_usage as part where part.folder_id = p_subtree_id;
end;
$$;
comment on function catalog_private.add_subtree(bigint, bigint) is
'Counts a whole subtree in the folder that it comes to lie in, and in all above.';

create function catalog_private.subtract_subtree(p_folder_id bigint, p_subtree_id bigint)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.subtract_usage(p_folder_id, part.mime_type, part.bytes, part.files)
    from public.folder_usage as part where part.folder_id = p_subtree_id;
end;
$$;
comment on function catalog_private.subtract_subtree(bigint, bigint) is 'The reverse of add_subtree.';

create function catalog_private.place_folder(p_folder_id bigint, p_parent_id bigint, p_name text)
returns void language plpgsql set search_path = '' as $$
declare
    v_name text := p_name;
    v_number bigint := 0;
begin
    while exists (
        select from public.folders
        where parent_id = p_parent_id and name = v_name and id <> p_folder_id
    ) loop
        v_number := v_number + 1;
        v_name := catalog_private.numbered_name(p_name, v_number, false);
    end loop;
    update public.folders set parent_id = p_parent_id, name = v_name where id = p_folder_id;
end;
$$;
comment on function catalog_private.place_folder(bigint, bigint, text) is
'Moves or renames a folder, numbering a taken name.';

create function public.folder_at(p_path text[])
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.folder_json(catalog_private.folder_along(p_path));
end;
$$;
comment on function public.folder_at(text[]) is 'The folder at a path, or null.';

create function public.folder_by_id(p_folder_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.folder_json(p_folder_id);
end;
$$;
comment on function public.folder_by_id(bigint) is 'The folder with that id, or null.';

create function public.folder_path(p_folder_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    perform catalog_private.require_folder(p_folder_id);
    return to_jsonb(catalog_private.folder_path(p_folder_id));
end;
$$;
comment on function public.folder_path(bigint) is 'Where the folder stands.';

create function public.make_folders(p_request_id uuid, p_path text[], p_now double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_made record;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    select * into v_made from catalog_private.make_path(p_path);
    return catalog_private.answered(p_request_id, p_now, jsonb_build_object(
        'folder', catalog_private.folder_json(v_made.folder_id), 'created', v_made.created
    ));
end;
$$;
comment on function public.make_folders(uuid, text[], double precision) is
'Makes a folder and its parents where they are missing.';

create function public.folder_counts(p_folder_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    perform catalog_private.require_folder(p_folder_id);
    return (
        select jsonb_build_object('files', file_count, 'subfolders', subfolder_count)
        from public.folders where id = p_folder_id
    );
end;
$$;
comment on function public.folder_counts(bigint) is 'How many entries lie directly in a folder.';

create function public.list_folders(
    p_folder_id bigint, p_offset bigint, p_limit bigint, p_ascending boolean
)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_page jsonb;
begin
    execute format(
        'select jsonb_agg(to_jsonb(page)) from (
            select id, name, parent_id from public.folders where parent_id = $1
            order by name %s limit $2 offset $3
        ) as page',
        case when p_ascending then 'asc' else 'desc' end
    ) using p_folder_id, p_limit, p_offset into v_page;
    return jsonb_build_object(
        'parent_path', catalog_private.folder_path(p_folder_id), 'folders', coalesce(v_page, '[]')
    );
end;
$$;
comment on function public.list_folders(bigint, bigint, bigint, boolean) is
'A page of subfolders by name, and the path of the folder they lie in.';

create function public.usage_by_type(p_folder_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    perform catalog_private.require_folder(p_folder_id);
    return coalesce((
        select jsonb_object_agg(mime_type, bytes) from public.folder_usage
        where folder_id = p_folder_id
    ), '{}');
end;
$$;
comment on function public.usage_by_type(bigint) is 'Bytes by MIME type in the whole subtree.';

create function public.rename_folder(
    p_request_id uuid, p_folder_id bigint, p_name text, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_before jsonb;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_movable(p_folder_id);
    v_before := catalog_private.placed_folder(p_folder_id);
    perform catalog_private.place_folder(folders.id, folders.parent_id, p_name)
    from public.folders where folders.id = p_folder_id;
    return catalog_private.answered(p_request_id, p_now, jsonb_build_object(
        'before', v_before, 'after', catalog_private.placed_folder(p_folder_id)
    ));
end;
$$;
comment on function public.rename_folder(uuid, bigint, text, double precision) is
'Another name for a folder, numbered when taken.';

create function catalog_private.require_room(
    p_folder_id bigint, p_parent_id bigint, p_max_depth bigint
)
returns void language plpgsql stable set search_path = '' as $$
declare
    -- The line has the root in it, which is no name of a path.
    v_depth constant bigint := cardinality(catalog_private.line_of(p_parent_id));
begin
    if v_depth >= cardinality(catalog_private.line_of(p_folder_id)) and exists (
        with recursive tree (id, depth) as (
            select p_folder_id, v_depth
            union all
            select folders.id, tree.depth + 1
            from tree join public.folders on folders.parent_id = tree.id
            where tree.depth <= p_max_depth
        )
        select from tree where tree.depth > p_max_depth
    ) then
        perform catalog_private.refuse('too-deep', format(
            'below folder %s a path would have more than %s names', p_parent_id, p_max_depth
        ));
    end if;
end;
$$;
comment on function catalog_private.require_room(bigint, bigint, bigint) is
'Refuses when a part of the folder would come to lie too deep, and deeper than before.';

create function public.move_folder(
    p_request_id uuid, p_folder_id bigint, p_parent_id bigint, p_max_depth bigint,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_before jsonb;
    v_folder public.folders;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_movable(p_folder_id);
    perform catalog_private.require_folder(p_parent_id);
    if p_folder_id = any(catalog_private.line_of(p_parent_id)) then
        perform catalog_private.refuse('folder-circle', format(
            'folder %s lies within folder %s', p_parent_id, p_folder_id
        ));
    end if;
    if p_max_depth is not null then
        perform catalog_private.require_room(p_folder_id, p_parent_id, p_max_depth);
    end if;
    v_before := catalog_private.placed_folder(p_folder_id);
    select * into v_folder from public.folders where id = p_folder_id;
    perform catalog_private.subtract_subtree(v_folder.parent_id, p_folder_id);
    perform catalog_private.place_folder(p_folder_id, p_parent_id, v_folder.name);
    perform catalog_private.add_subtree(p_parent_id, p_folder_id);
    return catalog_private.answered(p_request_id, p_now, jsonb_build_object(
        'before', v_before, 'after', catalog_private.placed_folder(p_folder_id)
    ));
end;
$$;
comment on function public.move_folder(uuid, bigint, bigint, bigint, double precision) is
'Moves a folder with all in it, numbering a taken name.';

insert into public.schema_version (version, name) values ('20261122000400', 'folders');
