-- Files: finding and listing them, and what changes names and places.
--
-- A permit is {"user_id": …, "standings": [holder/is_public/can_write, …]}: how a file must stand to
-- the user who acts, checked by the call that writes. No permit (null) asks for nothing.

create view catalog_private.file_records with (security_invoker = true) as
select files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    exists (
        select from public.views
        where views.object_id = files.object_id and views.name = 'thumbnail'
    ) as has_thumbnail,
    files.created_at, files.updated_at
from public.files join public.objects on objects.id = files.object_id;
comment on view catalog_private.file_records is 'Files with what their content adds to them.';

create function catalog_private.file_json(p_file_id bigint, p_viewer_id bigint default null)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(record) || jsonb_build_object('share', to_jsonb(shares))
        from catalog_private.file_records as record
        left join public.shares on shares.file_id = record.id and shares.user_id = p_viewer_id
        where record.id = p_file_id
    );
end;
$$;
comment on function catalog_private.file_json(bigint, bigint) is
'The file as a record, with the viewer''s share; null for a missing one.';

create function catalog_private.files_json(p_file_ids bigint[], p_viewer_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(
            to_jsonb(record) || jsonb_build_object('share', to_jsonb(shares))
            order by page.position
        )
        from unnest(p_file_ids) with ordinality as page (id, position)
        join catalog_private.file_records as record on record.id = page.id
        left join public.shares on shares.file_id = record.id and shares.user_id = p_viewer_id
    ), '[]');
end;
$$;
comment on function catalog_private.files_json(bigint[], bigint) is
'Files as records, in the order of their ids, with the viewer''s shares.';

create function catalog_private.shares_json(p_file_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(shares) order by shares.user_id) from public.shares
        where shares.file_id = p_file_id
    ), '[]');
end;
$$;
comment on function catalog_private.shares_json(bigint) is 'The shares of a file by user id.';

create function catalog_private.placed_files(p_file_ids bigint[])
returns jsonb[] language plpgsql stable set search_path = '' as $$
begin
    return array(
        with folders (id, path) as materialized (
            select folder.id, catalog_private.folder_path(folder.id)
            from (
                select distinct files.folder_id as id from public.files
                where files.id = any(p_file_ids)
            ) as folder
        ),
        given (file_id, shares) as (
            select shares.file_id, jsonb_agg(to_jsonb(shares) order by shares.user_id)
            from public.shares where shares.file_id = any(p_file_ids) group by 1
        )
        select jsonb_build_object(
            'folder', folders.path,
            'file', to_jsonb(record) || '{"share": null}',
            'shares', coalesce(given.shares, '[]')
        )
        from unnest(p_file_ids) with ordinality as wanted (id, position)
        join catalog_private.file_records as record on record.id = wanted.id
        join folders on folders.id = record.folder_id
        left join given on given.file_id = record.id
        order by wanted.position
    );
end;
$$;
comment on function catalog_private.placed_files(bigint[]) is
'The files, the paths of their folders and all their shares, in the order of the ids.';

create function catalog_private.placed_file(p_file_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (catalog_private.placed_files(array[p_file_id]))[1];
end;
$$;
comment on function catalog_private.placed_file(bigint) is
'The file, the path of its folder and all its shares; null for a missing one.';

create function catalog_private.standing(
    p_owner_id bigint, p_is_public boolean, p_can_write boolean, p_user_id bigint
)
returns text language plpgsql immutable set search_path = '' as $$
begin
    return case when p_owner_id is null then 'nobody' when p_owner_id = p_user_id then 'user'
        else 'other' end
        || '/' || p_is_public::text || '/' || coalesce(p_can_write::text, 'none');
end;
$$;
comment on function catalog_private.standing(bigint, boolean, boolean, bigint) is
'How a file stands to a user: whose it is, whether it is public, and what the user''s share allows.';

create function catalog_private.refuse_unless_permitted(p_refused bigint, p_concerned bigint)
returns void language plpgsql immutable set search_path = '' as $$
begin
    if p_refused > 0 then
        perform catalog_private.refuse(
            'not-permitted', 'the permit does not cover all files',
            jsonb_build_object('refused', p_refused, 'concerned', p_concerned)::text
        );
    end if;
end;
$$;
comment on function catalog_private.refuse_unless_permitted(bigint, bigint) is
'Refuses when the permit does not cover some of the files.';

create function catalog_private.require_files(p_file_ids bigint[], p_permit jsonb)
returns void language plpgsql stable set search_path = '' as $$
declare
    v_user_id constant bigint := p_permit ->> 'user_id';
    v_missing text;
    v_refused bigint;
begin
    select string_agg(wanted.id::text, ', ' order by wanted.position) into v_missing
    from unnest(p_file_ids) with ordinality as wanted (id, position)
    where not exists (select from public.files where files.id = wanted.id);
    if v_missing is not null then
        perform catalog_private.refuse('file-missing', 'there is no file ' || v_missing);
    end if;
    select count(*) into v_refused
    from public.files
    left join public.shares on shares.file_id = files.id and shares.user_id = v_user_id
    where files.id = any(p_file_ids) and p_permit is not null
    and not (p_permit -> 'standings') ? catalog_private.standing(
        files.owner_id, files.is_public, shares.can_write, v_user_id
    );
    perform catalog_private.refuse_unless_permitted(v_refused, cardinality(p_file_ids));
end;
$$;
comment on function catalog_private.require_files(bigint[], jsonb) is
'Refuses missing files, and such as the permit does not cover.';

create function catalog_private.require_permitted_within(p_folder_id bigint, p_permit jsonb)
returns void language plpgsql stable set search_path = '' as $$
declare
    v_user_id constant bigint := p_permit ->> 'user_id';
    v_refused bigint;
    v_concerned bigint;
begin
    with recursive tree (id) as (
        select p_folder_id
        union all
        select folders.id from tree join public.folders on folders.parent_id = tree.id
    ),
    standings (standing) as (
        select catalog_private.standing(
            files.owner_id, files.is_public, shares.can_write, v_user_id
        )
        from tree join public.files on files.folder_id = tree.id
        left join public.shares on shares.file_id = files.id and shares.user_id = v_user_id
    )
    select count(*) filter (where not (p_permit -> 'standings') ? standing), count(*)
    into v_refused, v_concerned from standings;
    perform catalog_private.refuse_unless_permitted(v_refused, v_concerned);
end;
$$;
comment on function catalog_private.require_permitted_within(bigint, jsonb) is
'Refuses when a file of the subtree is not covered by the permit.';

create function catalog_private.free_file_name(
    p_folder_id bigint, p_name text, p_own_id bigint default null, p_given text[] default '{}'
)
returns text language plpgsql stable set search_path = '' as $$
declare
    v_name text := p_name;
    v_number bigint := 0;
begin
    while v_name = any(p_given) or exists (
        select from public.files
        where folder_id = p_folder_id and name = v_name and id is distinct from p_own_id
    ) loop
        v_number := v_number + 1;
        v_name := catalog_private.numbered_name(p_name, v_number, true);
    end loop;
    return v_name;
end;
$$;
comment on function catalog_private.free_file_name(bigint, text, bigint, text[]) is
'The name, or its first numbered form that no other file of the folder has, and that is not given.';

create function public.file_at(p_path text[], p_name text, p_viewer_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select catalog_private.file_json(files.id, p_viewer_id) from public.files
        where files.folder_id = catalog_private.folder_along(p_path) and files.name = p_name
    );
end;
$$;
comment on function public.file_at(text[], text, bigint) is
'The file of that name in the folder at that path, or null.';

create function public.file_by_id(p_file_id bigint, p_viewer_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.file_json(p_file_id, p_viewer_id);
end;
$$;
comment on function public.file_by_id(bigint, bigint) is 'The file with that id, or null.';

create function public.files_in(p_folder_id bigint, p_names text[], p_viewer_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.files_json(array(
        select id from public.files where folder_id = p_folder_id and name = any(p_names)
    ), p_viewer_id);
end;
$$;
comment on function public.files_in(bigint, text[], bigint) is
'Those files of a folder that have one of the names.';

create function public.files_of(p_object_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(catalog_private.placed_file(files.id) order by files.id)
        from public.files where files.object_id = p_object_id
    ), '[]');
end;
$$;
comment on function public.files_of(uuid) is 'The files that have this content, by id.';

create function public.list_files(
    p_folder_id bigint, p_viewer_id bigint, p_order text, p_ascending boolean,
    p_offset bigint, p_limit bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_direction constant text := case when p_ascending then 'asc' else 'desc' end;
    v_ids bigint[];
begin
    -- Ids first, from an index alone: the joins then meet one page, not all that OFFSET skips.
    execute format(
        'select array(select id from public.files where folder_id = $1
            order by %s limit $2 offset $3)',
        case p_order when 'name' then 'name ' || v_direction
        else format('%I %s, name', p_order, v_direction) end
    ) using p_folder_id, p_limit, p_offset into v_ids;
    return catalog_private.files_json(v_ids, p_viewer_id);
end;
$$;
comment on function public.list_files(bigint, bigint, text, boolean, bigint, bigint) is
'A page of a folder''s files, with the viewer''s shares. Ties go by name ascending.';

create function public.rename_file(
    p_request_id uuid, p_file_id bigint, p_name text, p_permit jsonb, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    update public.files
    set name = catalog_private.free_file_name(folder_id, p_name, p_file_id) where id = p_file_id;
    return catalog_private.answered(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;
comment on function public.rename_file(uuid, bigint, text, jsonb, double precision) is
'Another name for a file, numbered when taken.';

create function catalog_private.can_keep_names(p_file_ids bigint[], p_folder_id bigint)
returns boolean language plpgsql stable set search_path = '' as $$
begin
    return not exists (
        select from public.files where id = any(p_file_ids) group by name having count(*) > 1
    ) and not exists (
        select from public.files as moving
        join public.files as there on there.folder_id = p_folder_id and there.name = moving.name
        where moving.id = any(p_file_ids)
    );
end;
$$;
comment on function catalog_private.can_keep_names(bigint[], bigint) is
'Whether files that lie elsewhere find their names free in a folder.';

create function catalog_private.names_in(p_file_ids bigint[], p_folder_id bigint)
returns text[] language plpgsql stable set search_path = '' as $$
declare
    v_wished text[] := array(
        select files.name from unnest(p_file_ids) with ordinality as wanted (id, position)
        join public.files on files.id = wanted.id order by wanted.position
    );
    v_given text[] := '{}';
    v_name text;
begin
    if catalog_private.can_keep_names(p_file_ids, p_folder_id) then
        return v_wished;
    end if;
    foreach v_name in array v_wished loop
        v_given := v_given || catalog_private.free_file_name(p_folder_id, v_name, null, v_given);
    end loop;
    return v_given;
end;
$$;
comment on function catalog_private.names_in(bigint[], bigint) is
'What files that lie elsewhere will be called in a folder, taken names numbered in their order.';

create function catalog_private.place_files(p_file_ids bigint[], p_folder_id bigint)
returns void language plpgsql set search_path = '' as $$
declare
    v_names constant text[] := catalog_private.names_in(p_file_ids, p_folder_id);
begin
    perform catalog_private.subtract_usage(part.folder_id, part.mime_type, part.bytes, part.files),
        catalog_private.add_usage(p_folder_id, part.mime_type, part.bytes, part.files)
    from (
        select folder_id, mime_type, sum(size)::bigint as bytes, count(*) as files
        from catalog_private.file_records where id = any(p_file_ids) group by 1, 2
    ) as part;
    update public.files set folder_id = p_folder_id, name = placed.name
    from unnest(p_file_ids, v_names) as placed (id, name) where files.id = placed.id;
end;
$$;
comment on function catalog_private.place_files(bigint[], bigint) is
'Moves files that lie elsewhere into a folder, numbering taken names.';

create function public.move_files(
    p_request_id uuid, p_file_ids bigint[], p_folder_id bigint, p_permit jsonb,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_before jsonb[];
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_folder(p_folder_id);
    perform catalog_private.require_files(p_file_ids, p_permit);
    v_before := catalog_private.placed_files(p_file_ids);
    perform catalog_private.place_files(array(
        select moving.id from unnest(p_file_ids) with ordinality as moving (id, position)
        join public.files on files.id = moving.id
        where files.folder_id <> p_folder_id order by moving.position
    ), p_folder_id);
    return catalog_private.answered(p_request_id, p_now, (
        select coalesce(jsonb_agg(
            jsonb_build_object('before', moved.before, 'after', moved.after) order by moved.position
        ), '[]')
        from unnest(v_before, catalog_private.placed_files(p_file_ids))
        with ordinality as moved (before, after, position)
    ));
end;
$$;
comment on function public.move_files(uuid, bigint[], bigint, jsonb, double precision) is
'Moves all of the files (each named once) or none, numbering taken names.';

create function public.delete_file(
    p_request_id uuid, p_file_id bigint, p_permit jsonb, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_place jsonb;
    v_file catalog_private.file_records;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    select * into v_file from catalog_private.file_records where id = p_file_id;
    if not found then
        return null;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    v_place := catalog_private.placed_file(p_file_id);
    delete from public.files where id = p_file_id;
    perform catalog_private.subtract_usage(v_file.folder_id, v_file.mime_type, v_file.size, 1);
    return catalog_private.answered(p_request_id, p_now, v_place);
end;
$$;
comment on function public.delete_file(uuid, bigint, jsonb, double precision) is
'Deletes a name. Answers what was deleted, null for a missing file.';

create function public.delete_folder(
    p_request_id uuid, p_folder_id bigint, p_permit jsonb, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_folder public.folders;
    v_place jsonb;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    select * into v_folder from public.folders where id = p_folder_id;
    if not found then
        return null;
    end if;
    perform catalog_private.require_movable(p_folder_id);
    if p_permit is not null then
        perform catalog_private.require_permitted_within(p_folder_id, p_permit);
    end if;
    v_place := catalog_private.placed_folder(p_folder_id);
    perform catalog_private.subtract_subtree(v_folder.parent_id, p_folder_id);
    delete from public.folders where id = p_folder_id;
    return catalog_private.answered(p_request_id, p_now, v_place);
end;
$$;
comment on function public.delete_folder(uuid, bigint, jsonb, double precision) is
'Deletes a folder and everything in it. Answers what was deleted, null for a missing folder.';

insert into public.schema_version (version, name) values ('20261122000500', 'files');
