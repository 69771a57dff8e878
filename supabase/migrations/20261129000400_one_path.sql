-- A path is that of one file or of one folder. Until now both could have it.
--
-- Whoever names something holds the store's lock, so that a look before the write is enough; triggers hold
-- that against everything else that writes.

create function catalog_private.is_taken(
    p_folder_id bigint, p_name text, p_own_file_id bigint default null,
    p_own_folder_id bigint default null
)
returns boolean language plpgsql stable set search_path = '' as $$
begin
    return exists (
        select from public.files
        where folder_id = p_folder_id and name = p_name and id is distinct from p_own_file_id
    ) or exists (
        select from public.folders
        where parent_id = p_folder_id and name = p_name and id is distinct from p_own_folder_id
    );
end;
$$;
comment on function catalog_private.is_taken(bigint, text, bigint, bigint) is
'Whether a file or folder in the folder, other than the own one, has the name.';

create or replace function catalog_private.free_file_name(
    p_folder_id bigint, p_name text, p_own_id bigint default null, p_given text[] default '{}'
)
returns text language plpgsql stable set search_path = '' as $$
declare
    v_name text := p_name;
    v_number bigint := 0;
begin
    while v_name = any(p_given) or catalog_private.is_taken(p_folder_id, v_name, p_own_id) loop
        v_number := v_number + 1;
        v_name := catalog_private.numbered_name(p_name, v_number, true);
    end loop;
    return v_name;
end;
$$;
comment on function catalog_private.free_file_name(bigint, text, bigint, text[]) is
'The name, or its first numbered form that nothing else in the folder has, and that is not given.';

create or replace function catalog_private.can_keep_names(p_file_ids bigint[], p_folder_id bigint)
returns boolean language plpgsql stable set search_path = '' as $$
begin
    return not exists (
        select from public.files where id = any(p_file_ids) group by name having count(*) > 1
    ) and not exists (
        select from public.files as moving
        join public.files as there on there.folder_id = p_folder_id and there.name = moving.name
        where moving.id = any(p_file_ids)
    ) and not exists (
        select from public.files as moving
        join public.folders as there on there.parent_id = p_folder_id and there.name = moving.name
        where moving.id = any(p_file_ids)
    );
end;
$$;

create or replace function catalog_private.place_folder(
    p_folder_id bigint, p_parent_id bigint, p_name text
)
returns void language plpgsql set search_path = '' as $$
declare
    v_name text := p_name;
    v_number bigint := 0;
begin
    while catalog_private.is_taken(p_parent_id, v_name, null, p_folder_id) loop
        v_number := v_number + 1;
        v_name := catalog_private.numbered_name(p_name, v_number, false);
    end loop;
    update public.folders set parent_id = p_parent_id, name = v_name where id = p_folder_id;
end;
$$;

create function catalog_private.refuse_file(p_path text[])
returns void language plpgsql stable set search_path = '' as $$
begin
    perform catalog_private.refuse(
        'not-a-folder', 'a file stands where a folder was to be', to_jsonb(p_path)::text
    );
end;
$$;
comment on function catalog_private.refuse_file(text[]) is
'Says that a file stands where a folder was to be.';

create function catalog_private.refuse_folder(p_path text[])
returns void language plpgsql stable set search_path = '' as $$
begin
    perform catalog_private.refuse(
        'is-a-folder', 'a folder stands where a file was to be', to_jsonb(p_path)::text
    );
end;
$$;
comment on function catalog_private.refuse_folder(text[]) is
'Says that a folder stands where a file was to be.';

create or replace function catalog_private.make_path(
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
            if catalog_private.is_taken(v_parent_id, p_path[v_depth]) then
                perform catalog_private.refuse_file(p_path[:v_depth]);
            end if;
            insert into public.folders (parent_id, name) values (v_parent_id, p_path[v_depth])
            returning id into folder_id;
            created := created || jsonb_build_array(jsonb_build_object(
                'folder', catalog_private.folder_json(folder_id), 'path', p_path[:v_depth]
            ));
        end if;
    end loop;
end;
$$;

create function public.check_place(p_path text[], p_name text)
returns void language plpgsql stable set search_path = '' as $$
declare
    v_path constant text[] := p_path || p_name;
    v_parent_id bigint;
    v_folder_id bigint := 0;
begin
    for v_depth in 1 .. cardinality(v_path) loop
        v_parent_id := v_folder_id;
        select folders.id into v_folder_id from public.folders
        where folders.parent_id = v_parent_id and folders.name = v_path[v_depth];
        if not found then
            if v_depth < cardinality(v_path)
            and catalog_private.is_taken(v_parent_id, v_path[v_depth]) then
                perform catalog_private.refuse_file(v_path[:v_depth]);
            end if;
            return;
        end if;
    end loop;
    perform catalog_private.refuse_folder(v_path);
end;
$$;
comment on function public.check_place(text[], text) is
'Refuses a place for a file where a folder has its name, or a file that of one of its folders.';

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
    return jsonb_build_object(
        'file', catalog_private.file_json(v_file_id),
        'shares', catalog_private.shares_json(v_file_id), 'created', v_made.created,
        'replaced', v_file_id is not distinct from v_present_id
    );
end;
$$;

create function catalog_private.number_paired_files()
returns void language plpgsql set search_path = '' as $$
declare
    v_file record;
begin
    for v_file in
        select files.id, files.folder_id, files.name from public.files
        join public.folders on folders.parent_id = files.folder_id and folders.name = files.name
        order by files.id
    loop
        update public.files
        set name = catalog_private.free_file_name(v_file.folder_id, v_file.name, v_file.id)
        where id = v_file.id;
    end loop;
end;
$$;
comment on function catalog_private.number_paired_files() is
'Numbers every file that has the path of a folder, under the store''s lock.';

select catalog_private.lock_store();
select catalog_private.number_paired_files();

create function catalog_private.forbid_paired_files()
returns trigger language plpgsql set search_path = '' as $$
begin
    if exists (
        select from named
        join public.folders on folders.parent_id = named.folder_id and folders.name = named.name
    ) then
        raise unique_violation using message = 'a folder has the name of the file';
    end if;
    return null;
end;
$$;
create trigger files_named after insert on public.files
referencing new table as named
for each statement execute function catalog_private.forbid_paired_files();
create trigger files_renamed after update on public.files
referencing new table as named
for each statement execute function catalog_private.forbid_paired_files();

create function catalog_private.forbid_paired_folder()
returns trigger language plpgsql set search_path = '' as $$
begin
    if exists (
        select from public.files where folder_id = new.parent_id and name = new.name
    ) then
        raise unique_violation using message = 'a file has the name of the folder';
    end if;
    return null;
end;
$$;
create trigger folders_named after insert or update of parent_id, name on public.folders
for each row execute function catalog_private.forbid_paired_folder();

-- Imports write with the triggers switched off, and exports of earlier releases have pairs.
create or replace function public.finish_import(p_id uuid, p_count bigint)
returns void language plpgsql security definer
set search_path = '' set statement_timeout = '15min' as $$
begin
    perform catalog_private.lock_store();
    if exists (select from catalog_private.transfers where id = p_id and is_done) then
        return;
    end if;
    if p_count is distinct from (
        select count(*) from catalog_private.transfer_records where transfer_id = p_id
    ) then
        raise exception 'records of the import are gone: begin anew';
    end if;
    perform catalog_private.count_by_triggers(false);
    if not catalog_private.is_empty() then
        perform catalog_private.refuse('catalog-not-empty', 'the catalog is not empty');
    end if;
    perform catalog_private.fill_content(p_id);
    perform catalog_private.fill_names(p_id);
    perform catalog_private.number_paired_files();
    perform catalog_private.fill_services(p_id);
    perform catalog_private.count_everything();
    perform catalog_private.require_complete();
    perform catalog_private.count_by_triggers(true);
    -- Last, because a sequence does not go back when the transaction does.
    perform catalog_private.move_sequences(p_id);
    update catalog_private.transfers set is_done = true where id = p_id;
    delete from catalog_private.transfer_records where transfer_id = p_id;
end;
$$;

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.check_place(text[], text)'::regprocedure,
        'catalog_private.is_taken(bigint, text, bigint, bigint)'::regprocedure,
        'catalog_private.refuse_file(text[])'::regprocedure,
        'catalog_private.refuse_folder(text[])'::regprocedure,
        'catalog_private.number_paired_files()'::regprocedure,
        'catalog_private.forbid_paired_files()'::regprocedure,
        'catalog_private.forbid_paired_folder()'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261129000400', 'one_path');
