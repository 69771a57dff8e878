-- Which master key has sealed what, by the time at which an upload began.

create table public.master_keys (
    used_from double precision primary key,
    key_id bytea not null check (length(key_id) = 4)
);
comment on table public.master_keys is
'From when on which master key seals new content. The first row begins at 0: what was there before is taken to be sealed with that key.';
comment on column public.master_keys.used_from is 'Seconds since the epoch.';
comment on column public.master_keys.key_id is 'The id of the key, which gives nothing of it away.';

alter table public.master_keys enable row level security;
revoke all on public.master_keys from public, anon, authenticated;
grant select, insert, update, delete on public.master_keys to service_role;

create function public.note_master_key(p_key_id text, p_now double precision)
returns void language plpgsql set search_path = '' as $$
declare
    v_key_id constant bytea := decode(p_key_id, 'hex');
    v_last public.master_keys;
begin
    perform catalog_private.lock_store();
    select * into v_last from public.master_keys order by used_from desc limit 1;
    if v_last.key_id is distinct from v_key_id then
        insert into public.master_keys (used_from, key_id)
        values (case when v_last.key_id is null then 0 else greatest(p_now, v_last.used_from) end, v_key_id)
        on conflict (used_from) do update set key_id = excluded.key_id;
    end if;
end;
$$;
comment on function public.note_master_key(text, double precision) is
'New content is sealed with this key from now on.';

create function public.content_of_missing_keys(p_configured text[])
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(jsonb_object_agg(encode(counted.key_id, 'hex'), counted.objects), '{}')
        from (
            select period.key_id, count(*) as objects
            from (
                select key_id, used_from, lead(used_from) over (order by used_from) as used_until
                from public.master_keys
            ) as period
            join public.objects on objects.created_at >= period.used_from
            and (period.used_until is null or objects.created_at < period.used_until)
            where objects.state = 'stored' and objects.envelope <> 'plain'
            and objects.chunk_count > 0
            and encode(period.key_id, 'hex') <> all (p_configured)
            group by period.key_id
        ) as counted
    );
end;
$$;
comment on function public.content_of_missing_keys(text[]) is
'How many stored objects were sealed with each key that is not one of these.';

create or replace function public.begin_export(p_id uuid)
returns void language plpgsql set search_path = '' set statement_timeout = '15min' as $$
begin
    if catalog_private.begin_transfer(p_id, 'export') then
        perform catalog_private.copy_catalog(p_id);
        insert into catalog_private.transfer_records (transfer_id, rank, "number", record)
        select p_id, 15, row_number() over (order by used_from), json_build_object(
            'kind', 'master_key', 'used_from', used_from, 'key_id', encode(key_id, 'hex')
        ) from public.master_keys;
    end if;
end;
$$;

create function catalog_private.fill_master_keys(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    -- A manager may have run on the empty catalog.
    delete from public.master_keys where used_from >= 0;
    insert into public.master_keys (used_from, key_id)
    select (s ->> 'used_from')::double precision, decode(s ->> 'key_id', 'hex')
    from catalog_private.staged(p_id, 15) as s;
end;
$$;
comment on function catalog_private.fill_master_keys(uuid) is
'Which key has sealed what, in an import.';

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
    perform catalog_private.fill_master_keys(p_id);
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
        'public.note_master_key(text, double precision)'::regprocedure,
        'public.content_of_missing_keys(text[])'::regprocedure,
        'catalog_private.fill_master_keys(uuid)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261129000402', 'master_keys');
