-- What the operations stand on: errors, locks, answers, names, and the counters that triggers keep.
--
-- Locks. All of this runs in READ COMMITTED, where each statement sees what was committed before it.
-- Two rules make it correct and free of deadlocks:
--   1. What may touch several objects, references, folders or files takes the store's lock first.
--      Every commit updates the totals of the root anyway, so little that could run at once is
--      kept from it.
--   2. Everything else locks one object, then one reference or message of it, and waits for no
--      second object. Collection, which holds many objects, waits for none: it skips those that
--      somebody is working on, since they are not garbage for certain.

create schema if not exists catalog_private;
comment on schema catalog_private is 'Parts of the functions in public; not reachable from outside.';

create function catalog_private.refuse(p_code text, p_message text, p_detail text default '')
returns void language plpgsql set search_path = '' as $$
begin
    raise exception using errcode = 'DC000', message = p_message, hint = p_code, detail = p_detail;
end;
$$;
comment on function catalog_private.refuse(text, text, text) is
'Ends the transaction with an error of the catalog: its code is in the hint, its facts in the detail.';

create function catalog_private.lock_store()
returns void language plpgsql set search_path = '' as $$
begin
    perform pg_catalog.pg_advisory_xact_lock(5716803174551287641);
end;
$$;
comment on function catalog_private.lock_store() is
'Waits its turn among the writes that touch several rows; held until the transaction ends.';

create function catalog_private.begin_write(p_request_id uuid)
returns jsonb language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    -- A statement of its own, so that it sees what was committed while this call waited: perhaps
    -- its own first attempt, whose answer was lost.
    return (select answers.answer from public.answers where answers.request_id = p_request_id);
end;
$$;
comment on function catalog_private.begin_write(uuid) is
'Takes the store''s lock. Answers what this very call was answered before; null when it is new.';

create function catalog_private.answered(p_request_id uuid, p_now double precision, p_answer jsonb)
returns jsonb language plpgsql set search_path = '' as $$
begin
    insert into public.answers (request_id, answer, answered_at)
    values (p_request_id, coalesce(p_answer, 'null'), p_now);
    return p_answer;
end;
$$;
comment on function catalog_private.answered(uuid, double precision, jsonb) is
'Keeps an answer for a caller that may lose it, and gives it back.';

create function catalog_private.numbered_name(p_name text, p_number bigint, p_keep_extension boolean)
returns text language plpgsql immutable set search_path = '' as $$
declare
    v_parts constant text[] := regexp_match(p_name, '^(.*)(\.[^.]*)$');
    v_mark constant text := ' (' || p_number || ')';
    v_stem text := p_name;
    v_extension text := '';
    v_room integer;
begin
    if p_keep_extension and btrim(v_parts[1], '.') <> '' and position(' ' in v_parts[2]) = 0 then
        v_stem := v_parts[1];
        v_extension := v_parts[2];
    end if;
    v_room := 127 - length(v_mark) - length(v_extension);
    if v_room < 1 then
        return left(p_name, 127 - length(v_mark)) || v_mark;
    end if;
    return left(v_stem, v_room) || v_mark || v_extension;
end;
$$;
comment on function catalog_private.numbered_name(text, bigint, boolean) is
'The name with a number, as catalog/naming.py says: before the extension, never too long.';

create function catalog_private.count_subfolders()
returns trigger language plpgsql set search_path = '' as $$
begin
    if tg_op <> 'INSERT' then
        update public.folders set subfolder_count = subfolder_count - 1 where id = old.parent_id;
    end if;
    if tg_op <> 'DELETE' then
        update public.folders set subfolder_count = subfolder_count + 1 where id = new.parent_id;
    end if;
    return null;
end;
$$;
create trigger folders_counted after insert or delete on public.folders
for each row execute function catalog_private.count_subfolders();
create trigger folders_moved after update of parent_id on public.folders
for each row when (old.parent_id <> new.parent_id)
execute function catalog_private.count_subfolders();

create function catalog_private.count_new_file()
returns trigger language plpgsql set search_path = '' as $$
begin
    update public.folders set file_count = file_count + 1 where id = new.folder_id;
    return null;
end;
$$;
create trigger files_inserted after insert on public.files
for each row execute function catalog_private.count_new_file();

-- A whole statement at once: moving and deleting concern thousands of files, and a row that one
-- transaction writes again and again becomes slower with every time.
create function catalog_private.count_moved_files()
returns trigger language plpgsql set search_path = '' as $$
begin
    update public.folders set file_count = folders.file_count + change.number
    from (
        select folder_id, sum(number) as number
        from (
            select arrived.folder_id, 1 as number from arrived
            union all
            select departed.folder_id, -1 from departed
        ) as moved
        group by folder_id having sum(number) <> 0
    ) as change
    where folders.id = change.folder_id;
    return null;
end;
$$;
create trigger files_moved after update on public.files
referencing old table as departed new table as arrived
for each statement execute function catalog_private.count_moved_files();

create function catalog_private.count_deleted_files()
returns trigger language plpgsql set search_path = '' as $$
begin
    update public.folders set file_count = folders.file_count - gone.number
    from (select deleted.folder_id, count(*) as number from deleted group by 1) as gone
    where folders.id = gone.folder_id;
    update public.objects set reference_count = objects.reference_count - gone.number
    from (select deleted.object_id, count(*) as number from deleted group by 1) as gone
    where objects.id = gone.object_id;
    return null;
end;
$$;
create trigger files_deleted after delete on public.files
referencing old table as deleted
for each statement execute function catalog_private.count_deleted_files();

create function catalog_private.count_references()
returns trigger language plpgsql set search_path = '' as $$
begin
    if tg_op <> 'INSERT' then
        update public.objects set reference_count = reference_count - 1 where id = old.object_id;
    end if;
    if tg_op <> 'DELETE' then
        update public.objects set reference_count = reference_count + 1 where id = new.object_id;
    end if;
    return null;
end;
$$;
create trigger references_counted after insert or delete on public."references"
for each row execute function catalog_private.count_references();
create trigger files_referring after insert on public.files
for each row execute function catalog_private.count_references();
create trigger files_replaced after update of object_id on public.files
for each row when (old.object_id <> new.object_id)
execute function catalog_private.count_references();

create function catalog_private.end_grace()
returns trigger language plpgsql set search_path = '' as $$
begin
    new.unreferenced_since := null;
    return new;
end;
$$;
create trigger objects_referenced before update of reference_count on public.objects
for each row when (old.reference_count = 0 and new.reference_count > 0)
execute function catalog_private.end_grace();

create function catalog_private.delete_ticket()
returns trigger language plpgsql set search_path = '' as $$
begin
    delete from public.tickets where id = old.id;
    return null;
end;
$$;
create trigger objects_deleted after delete on public.objects
for each row execute function catalog_private.delete_ticket();

create function catalog_private.count_views()
returns trigger language plpgsql set search_path = '' as $$
begin
    if tg_op <> 'INSERT' then
        -- What was a view goes without grace.
        update public.objects
        set reference_count = reference_count - 1,
            unreferenced_since = case reference_count when 1 then 0 end
        where id = old.view_object_id;
    end if;
    if tg_op <> 'DELETE' then
        update public.objects set reference_count = reference_count + 1 where id = new.view_object_id;
    end if;
    return null;
end;
$$;
create trigger views_counted after insert or delete on public.views
for each row execute function catalog_private.count_views();
create trigger views_replaced after update of view_object_id on public.views
for each row when (old.view_object_id <> new.view_object_id)
execute function catalog_private.count_views();

create function catalog_private.count_chunks()
returns trigger language plpgsql set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        update public.messages set chunk_count = chunk_count + 1 where id = new.message_id;
    else
        update public.messages set chunk_count = chunk_count - 1 where id = old.message_id;
    end if;
    return null;
end;
$$;
create trigger chunks_counted after insert or delete on public.chunks
for each row execute function catalog_private.count_chunks();

create function public.check_catalog()
returns text[] language plpgsql set search_path = '' as $$
begin
    -- The smallest write: a database that has become read-only refuses it.
    update public.schema_version set name = name
    where version = (select max(version) from public.schema_version);
    return array(select version || '_' || name from public.schema_version order by version);
end;
$$;
comment on function public.check_catalog() is
'Fails unless the database can be read and written. Answers which migrations were applied.';

insert into public.schema_version (version, name) values ('20261122000200', 'rules');
