-- Every change of folders and files has a number, in the order of the commits: what tells clients of
-- changes orders them by it, however the answers overtake one another.
--
-- The number is taken under the store's lock, which is held until the transaction ends. So a higher number
-- was committed later, and none is missing: a transaction that fails gives its number back.

create table public.change_sequence (
    id bigint primary key check (id = 0),
    last bigint not null check (last >= 0)
);
comment on table public.change_sequence is 'How many changes of folders and files were committed.';
comment on column public.change_sequence.id is 'Always 0: there is one row.';
comment on column public.change_sequence.last is 'The number of the last change.';

insert into public.change_sequence (id, last) values (0, 0);

alter table public.change_sequence enable row level security;
revoke all on public.change_sequence from public, anon, authenticated;
grant select, insert, update, delete on public.change_sequence to service_role;

alter table public.commits add column sequence bigint;
comment on column public.commits.sequence is 'The number of the commit, for who lost the answer; null: made before there were numbers, or imported.';

create function catalog_private.next_change()
returns bigint language sql set search_path = '' as $$
    update public.change_sequence set last = last + 1 where id = 0 returning last
$$;
comment on function catalog_private.next_change() is
'The number of the change that this transaction makes, which holds the store''s lock.';

create function catalog_private.answered_change(
    p_request_id uuid, p_now double precision, p_answer jsonb
)
returns jsonb language plpgsql set search_path = '' as $$
begin
    return catalog_private.answered(
        p_request_id, p_now,
        p_answer || jsonb_build_object('sequence', catalog_private.next_change())
    );
end;
$$;
comment on function catalog_private.answered_change(uuid, double precision, jsonb) is
'Numbers a change, keeps its answer for a caller that may lose it, and gives it back.';

create or replace function public.make_folders(p_request_id uuid, p_path text[], p_now double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_made record;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    select * into v_made from catalog_private.make_path(p_path);
    if v_made.created = '[]' then
        return jsonb_build_object(
            'folder', catalog_private.folder_json(v_made.folder_id), 'created', v_made.created
        );
    end if;
    return catalog_private.answered_change(p_request_id, p_now, jsonb_build_object(
        'folder', catalog_private.folder_json(v_made.folder_id), 'created', v_made.created
    ));
end;
$$;

create or replace function public.rename_folder(
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
    return catalog_private.answered_change(p_request_id, p_now, jsonb_build_object(
        'before', v_before, 'after', catalog_private.placed_folder(p_folder_id)
    ));
end;
$$;

create or replace function public.move_folder(
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
    return catalog_private.answered_change(p_request_id, p_now, jsonb_build_object(
        'before', v_before, 'after', catalog_private.placed_folder(p_folder_id)
    ));
end;
$$;

create or replace function public.delete_folder(
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
    return catalog_private.answered_change(p_request_id, p_now, v_place);
end;
$$;

create or replace function public.rename_file(
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
    return catalog_private.answered_change(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;

create or replace function public.move_files(
    p_request_id uuid, p_file_ids bigint[], p_folder_id bigint, p_permit jsonb,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_before jsonb[];
    v_sequence bigint;
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
    if cardinality(p_file_ids) > 0 then
        v_sequence := catalog_private.next_change();
    end if;
    return catalog_private.answered(p_request_id, p_now, (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'before', moved.before, 'after', moved.after, 'sequence', v_sequence
            ) order by moved.position
        ), '[]')
        from unnest(v_before, catalog_private.placed_files(p_file_ids))
        with ordinality as moved (before, after, position)
    ));
end;
$$;

create or replace function public.delete_file(
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
    return catalog_private.answered_change(p_request_id, p_now, v_place);
end;
$$;

create or replace function public.set_owner(
    p_request_id uuid, p_file_id bigint, p_owner_id bigint, p_delete_shares boolean,
    p_share_with bigint, p_permit jsonb, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    if p_owner_id is not null then
        perform catalog_private.require_user(p_owner_id);
    end if;
    delete from public.shares
    where file_id = p_file_id and (p_delete_shares or user_id = p_owner_id);
    if p_share_with is distinct from p_owner_id and p_share_with is not null then
        perform catalog_private.share(p_file_id, p_share_with, true, p_now);
    end if;
    update public.files set owner_id = p_owner_id where id = p_file_id;
    return catalog_private.answered_change(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;

create or replace function public.set_public(
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
    return catalog_private.answered_change(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;

create or replace function public.put_share(
    p_request_id uuid, p_file_id bigint, p_user_id bigint, p_can_write boolean, p_permit jsonb,
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
    perform catalog_private.share(p_file_id, p_user_id, p_can_write, p_now);
    return catalog_private.answered_change(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;

create or replace function public.remove_share(
    p_request_id uuid, p_file_id bigint, p_user_id bigint, p_permit jsonb, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    if not exists (select from public.files where id = p_file_id) then
        return null;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    delete from public.shares where file_id = p_file_id and user_id = p_user_id;
    if not found then
        return null;
    end if;
    return catalog_private.answered_change(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;

create or replace function public.release_files(
    p_request_id uuid, p_user_id bigint, p_heir_id bigint, p_limit bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_ids bigint[];
    v_places jsonb[];
begin
    if v_answer is not null then
        return v_answer;
    end if;
    v_ids := array(
        select id from public.files where owner_id = p_user_id order by id limit p_limit
    );
    if p_heir_id is null then
        v_places := catalog_private.placed_files(v_ids);
        perform catalog_private.subtract_usage(
            part.folder_id, part.mime_type, part.bytes::bigint, part.files
        )
        from (
            select record.folder_id, record.mime_type, sum(record.size) as bytes, count(*) as files
            from catalog_private.file_records as record where record.id = any(v_ids)
            group by record.folder_id, record.mime_type
        ) as part;
        delete from public.files where id = any(v_ids);
    else
        perform catalog_private.require_heir(p_heir_id);
        delete from public.shares where user_id = p_heir_id and file_id = any(v_ids);
        update public.files set owner_id = p_heir_id where id = any(v_ids);
        v_places := catalog_private.placed_files(v_ids);
    end if;
    return catalog_private.answered(p_request_id, p_now, jsonb_build_object(
        'files', to_jsonb(v_places),
        'remaining', (select count(*) from public.files where owner_id = p_user_id),
        'sequence', case when cardinality(v_ids) > 0 then catalog_private.next_change() end
    ));
end;
$$;

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
            'replaced', commits.replaced,
            'sequence', commits.sequence
        )
        from public.commits join public.objects on objects.id = commits.object_id
        where commits.object_id = p_object_id
    );
end;
$$;

create or replace function catalog_private.write_receipt(p_file_id bigint, p_replaced boolean, p_created jsonb)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.commits (object_id, file_id, folder_id, name, owner_id, is_public,
        created_at, updated_at, replaced, created_folders, sequence)
    select files.object_id, files.id, files.folder_id, files.name, files.owner_id, files.is_public,
        files.created_at, files.updated_at, p_replaced, (
            select jsonb_agg(jsonb_build_array(
                made.placed -> 'folder' -> 'id', made.placed -> 'folder' -> 'parent_id',
                made.placed -> 'path'
            ) order by made.position)
            from jsonb_array_elements(p_created) with ordinality as made (placed, position)
        ), catalog_private.next_change()
    from public.files where files.id = p_file_id;
end;
$$;

create or replace function public.commit_file(
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
    if p_on_conflict <> 'rename' and exists (
        select from public.folders where parent_id = v_made.folder_id and name = p_name
    ) then
        perform catalog_private.refuse_folder(p_path || p_name);
    end if;
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
    return catalog_private.receipt(p_object_id) || jsonb_build_object(
        'file', catalog_private.file_json(v_file_id)
    );
end;
$$;

create or replace function public.files_of(p_object_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(
            catalog_private.placed_file(files.id)
            || jsonb_build_object('sequence', change_sequence.last) order by files.id
        )
        from public.files cross join public.change_sequence where files.object_id = p_object_id
    ), '[]');
end;
$$;

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'catalog_private.next_change()'::regprocedure,
        'catalog_private.answered_change(uuid, double precision, jsonb)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130000100', 'change_sequence');
