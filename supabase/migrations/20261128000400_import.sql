-- Whole catalogs in: records are staged, and become the catalog in one transaction.

create function public.begin_import(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    if not catalog_private.is_empty() then
        perform catalog_private.refuse('catalog-not-empty', 'the catalog is not empty');
    end if;
    perform catalog_private.begin_transfer(p_id, 'import');
end;
$$;
comment on function public.begin_import(uuid) is 'Begins an import; refused unless all is empty.';

create function public.stage_records(
    p_id uuid, p_rank bigint, p_first bigint, p_records json
)
returns void language plpgsql set search_path = '' as $$
begin
    if not exists (select from catalog_private.transfers where id = p_id and kind = 'import') then
        raise exception 'the import is gone: begin anew';
    end if;
    insert into catalog_private.transfer_records (transfer_id, rank, "number", record)
    select p_id, p_rank, p_first + given.position, given.record
    from json_array_elements(p_records) with ordinality as given (record, position)
    on conflict do nothing;
end;
$$;
comment on function public.stage_records(uuid, bigint, bigint, json) is
'Takes records of one kind for an import. They are known by their numbers, from p_first + 1 on.';

create function catalog_private.staged(p_id uuid, p_rank integer)
returns setof json language sql stable set search_path = '' as $$
    select record from catalog_private.transfer_records
    where transfer_id = p_id and rank = p_rank order by "number";
$$;
comment on function catalog_private.staged(uuid, integer) is 'Staged records of one kind.';

create function catalog_private.fill_content(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.users (id, name, is_admin, password_hash, token_epoch, created_at)
    select r.id, r.name, r.is_admin, r.password_hash, r.token_epoch, r.created_at
    from catalog_private.staged(p_id, 1) as s, json_populate_record(null::public.users, s) as r;
    insert into public.folders (id, parent_id, name)
    select r.id, r.parent_id, r.name
    from catalog_private.staged(p_id, 2) as s, json_populate_record(null::public.folders, s) as r;
    insert into public.messages (id, channel_id, webhook_id, stored_size)
    select r.id, r.channel_id, r.webhook_id, r.stored_size
    from catalog_private.staged(p_id, 3) as s, json_populate_record(null::public.messages, s) as r;
    insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, mime_type, hash,
        metadata, created_at, unreferenced_since)
    select r.id, r.size, r.chunk_size, r.chunk_count, r.envelope, r.state, r.mime_type, r.hash,
        (s ->> 'metadata')::json, r.created_at, r.unreferenced_since
    from catalog_private.staged(p_id, 4) as s, json_populate_record(null::public.objects, s) as r;
    insert into public.chunks (object_id, "index", message_id, attachment_id, "offset", stored_size,
        size, digest)
    select r.object_id, r."index", r.message_id, r.attachment_id, r."offset", r.stored_size,
        r.size, decode(s ->> 'digest', 'hex')
    from catalog_private.staged(p_id, 5) as s, json_to_record(s) as r (
        object_id uuid, "index" bigint, message_id bigint, attachment_id bigint, "offset" bigint,
        stored_size bigint, size bigint
    );
end;
$$;
comment on function catalog_private.fill_content(uuid) is
'Accounts, folders and content of an import.';

create function catalog_private.fill_names(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.files (id, folder_id, name, object_id, owner_id, is_public, size, created_at,
        updated_at)
    select r.id, r.folder_id, r.name, r.object_id, r.owner_id, r.is_public,
        coalesce(objects.size, 0), r.created_at, r.updated_at
    from catalog_private.staged(p_id, 6) as s
    cross join json_populate_record(null::public.files, s) as r
    left join public.objects on objects.id = r.object_id;
    insert into public.shares
    select r.* from catalog_private.staged(p_id, 7) as s,
        json_populate_record(null::public.shares, s) as r;
    insert into public."references"
    select r.* from catalog_private.staged(p_id, 8) as s,
        json_populate_record(null::public."references", s) as r;
    insert into public.views
    select r.* from catalog_private.staged(p_id, 9) as s,
        json_populate_record(null::public.views, s) as r;
    insert into public.commits (object_id, file_id, folder_id, name, owner_id, is_public,
        created_at, updated_at, replaced, created_folders)
    select r.object_id, r.file_id, r.folder_id, r.name, r.owner_id, r.is_public, r.created_at,
        r.updated_at, r.replaced, r.created_folders
    from catalog_private.staged(p_id, 10) as s, json_populate_record(null::public.commits, s) as r;
end;
$$;
comment on function catalog_private.fill_names(uuid) is 'What refers to content, in an import.';

create function catalog_private.fill_services(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.api_keys (id, service, key_hash, created_by, created_at, revoked_at)
    select r.id, r.service, decode(s ->> 'key_hash', 'hex'), r.created_by, r.created_at,
        r.revoked_at
    from catalog_private.staged(p_id, 11) as s, json_to_record(s) as r (
        id bigint, service text, created_by bigint, created_at double precision,
        revoked_at double precision
    );
    insert into public.tickets
    select r.* from catalog_private.staged(p_id, 12) as s,
        json_populate_record(null::public.tickets, s) as r;
    insert into public.jobs
    select r.* from catalog_private.staged(p_id, 13) as s,
        json_populate_record(null::public.jobs, s) as r;
end;
$$;
comment on function catalog_private.fill_services(uuid) is 'Keys, tickets and jobs of an import.';

create function catalog_private.move_sequences(p_id uuid)
returns void language plpgsql set search_path = '' as $$
declare
    v_table text;
    v_last bigint;
begin
    foreach v_table in array array['api_keys', 'files', 'folders', 'users'] loop
        execute format('select coalesce(max(id), 0) from public.%I', v_table) into v_last;
        select greatest(v_last, max((s ->> 'last_id')::bigint)) into v_last
        from catalog_private.staged(p_id, 14) as s where s ->> 'table' = v_table;
        perform setval(
            pg_get_serial_sequence('public.' || v_table, 'id'), greatest(v_last, 1), v_last > 0
        );
    end loop;
end;
$$;
comment on function catalog_private.move_sequences(uuid) is
'Moves the sequences behind all ids that were ever given out.';

create function catalog_private.count_everything()
returns void language plpgsql set search_path = '' as $$
begin
    update public.messages set chunk_count = found.number
    from (select message_id, count(*) as number from public.chunks group by 1) as found
    where messages.id = found.message_id;
    update public.objects set reference_count = found.number
    from (
        select needed.id, count(*) as number from (
            select object_id as id from public.files
            union all select object_id from public."references"
            union all select view_object_id from public.views
        ) as needed group by 1
    ) as found
    where objects.id = found.id;
    update public.folders set subfolder_count = found.number
    from (select parent_id, count(*) as number from public.folders group by 1) as found
    where folders.id = found.parent_id;
    update public.folders set file_count = found.number
    from (select folder_id, count(*) as number from public.files group by 1) as found
    where folders.id = found.folder_id;
    insert into public.folder_usage (folder_id, mime_type, bytes, files)
    with recursive climbing (folder_id, mime_type, bytes, files) as (
        select files.folder_id, objects.mime_type, sum(files.size)::bigint, count(*)
        from public.files join public.objects on objects.id = files.object_id group by 1, 2
        union all
        select folders.parent_id, climbing.mime_type, climbing.bytes, climbing.files
        from climbing join public.folders on folders.id = climbing.folder_id
        where folders.parent_id is not null
    )
    select folder_id, mime_type, sum(bytes), sum(files) from climbing group by 1, 2;
end;
$$;
comment on function catalog_private.count_everything() is
'All counters and totals, from nothing.';

create function catalog_private.require_complete()
returns void language plpgsql set search_path = '' as $$
begin
    if exists (
        select from public.objects
        left join (
            select object_id, count(*) as number, sum(size) as size from public.chunks group by 1
        ) as found on found.object_id = objects.id
        where objects.state = 'stored' and (
            objects.chunk_count <> coalesce(found.number, 0)
            or objects.size <> coalesce(found.size, 0)
        )
    ) then
        perform catalog_private.refuse(
            'invalid-record', 'content that is marked as stored lacks chunks'
        );
    end if;
end;
$$;
comment on function catalog_private.require_complete() is
'Refuses an import whose content lacks chunks.';

create function catalog_private.count_by_triggers(p_is_wanted boolean)
returns void language plpgsql set search_path = '' as $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'folders', 'messages', 'objects', 'chunks', 'files', 'references', 'views'
    ] loop
        execute format('alter table public.%I %s trigger user', v_table,
            case when p_is_wanted then 'enable' else 'disable' end);
    end loop;
end;
$$;
comment on function catalog_private.count_by_triggers(boolean) is
'Switches the counting triggers, within the transaction. Locks the tables against other writes.';

-- As its owner, because only the owner of a table may switch its triggers. They count row by row,
-- and a row that is updated 100 000 times in one transaction takes hours.
create function public.finish_import(p_id uuid, p_count bigint)
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
comment on function public.finish_import(uuid, bigint) is
'Makes what was staged the catalog, all or nothing. Repeated, it changes nothing.';

insert into public.schema_version (version, name) values ('20261128000400', 'import');
