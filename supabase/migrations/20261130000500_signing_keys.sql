-- Keys that sign user tokens, upload tickets and links, each encrypted with a master key.

create table public.signing_keys (
    key_id bytea primary key check (length(key_id) = 4),
    signs_from double precision not null,
    sealed bytea,
    check ((sealed is null) = (key_id = '\x00000000'))
);
comment on table public.signing_keys is
'Keys that sign user tokens, upload tickets and links. A key signs from its time on until the next one does. The one whose id is 0 is in no catalog: its secret is the oldest master key, with which earlier releases have signed.';
comment on column public.signing_keys.key_id is 'What is signed names its key by it.';
comment on column public.signing_keys.signs_from is 'Seconds since the epoch.';
comment on column public.signing_keys.sealed is 'The secret, encrypted with a master key.';

alter table public.signing_keys enable row level security;
revoke all on public.signing_keys from public, anon, authenticated;
grant select, insert, update, delete on public.signing_keys to service_role;

create function public.list_signing_keys()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'key_id', encode(key_id, 'hex'), 'signs_from', signs_from, 'sealed', encode(sealed, 'hex')
        ) order by signs_from, key_id), '[]') from public.signing_keys
    );
end;
$$;
comment on function public.list_signing_keys() is
'All signing keys by the time from which they sign.';

create function public.begin_signing_keys(p_key_id text, p_signs_from double precision, p_sealed text)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    if exists (select from public.signing_keys) then
        return;
    end if;
    if exists (select from public.users) then
        insert into public.signing_keys (key_id, signs_from) values ('\x00000000', 0);
    end if;
    insert into public.signing_keys (key_id, signs_from, sealed)
    values (decode(p_key_id, 'hex'), p_signs_from, decode(p_sealed, 'hex'));
end;
$$;
comment on function public.begin_signing_keys(text, double precision, text) is
'Adds the first signing key, unless there is any; before it that of earlier releases, if there is a user.';

create function public.add_signing_key(
    p_key_id text, p_signs_from double precision, p_sealed text, p_revokes_others boolean
)
returns void language plpgsql set search_path = '' as $$
declare
    v_key_id constant bytea := decode(p_key_id, 'hex');
begin
    perform catalog_private.lock_store();
    if exists (select from public.signing_keys where key_id = v_key_id) then
        return;
    end if;
    insert into public.signing_keys (key_id, signs_from, sealed)
    values (v_key_id, p_signs_from, decode(p_sealed, 'hex'));
    if p_revokes_others then
        delete from public.signing_keys where key_id <> v_key_id;
    end if;
end;
$$;
comment on function public.add_signing_key(text, double precision, text, boolean) is
'Adds a signing key, unless it is there, and deletes all others if that is asked for.';

create function public.reseal_signing_key(p_key_id text, p_sealed text)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    update public.signing_keys set sealed = decode(p_sealed, 'hex')
    where key_id = decode(p_key_id, 'hex') and sealed is not null;
end;
$$;
comment on function public.reseal_signing_key(text, text) is
'Stores the secret of a signing key as it is encrypted with another master key.';

create function public.drop_signing_keys(p_key_ids text[])
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    delete from public.signing_keys where encode(key_id, 'hex') = any (p_key_ids);
end;
$$;
comment on function public.drop_signing_keys(text[]) is
'Deletes these signing keys.';

create or replace function public.begin_export(p_id uuid)
returns void language plpgsql set search_path = '' set statement_timeout = '15min' as $$
begin
    if catalog_private.begin_transfer(p_id, 'export') then
        perform catalog_private.copy_catalog(p_id);
        insert into catalog_private.transfer_records (transfer_id, rank, "number", record)
        select p_id, 15, row_number() over (order by used_from), json_build_object(
            'kind', 'master_key', 'used_from', used_from, 'key_id', encode(key_id, 'hex')
        ) from public.master_keys;
        insert into catalog_private.transfer_records (transfer_id, rank, "number", record)
        select p_id, 16, row_number() over (order by key_id), json_build_object(
            'kind', 'signing_key', 'key_id', encode(key_id, 'hex'), 'signs_from', signs_from,
            'sealed', encode(sealed, 'hex')
        ) from public.signing_keys;
    end if;
end;
$$;

create function catalog_private.fill_signing_keys(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    -- A manager may have run on the empty catalog.
    delete from public.signing_keys where key_id is not null;
    insert into public.signing_keys (key_id, signs_from, sealed)
    select decode(s ->> 'key_id', 'hex'), (s ->> 'signs_from')::double precision,
        decode(s ->> 'sealed', 'hex')
    from catalog_private.staged(p_id, 16) as s;
end;
$$;
comment on function catalog_private.fill_signing_keys(uuid) is
'The signing keys of an import.';

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
    perform catalog_private.fill_signing_keys(p_id);
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
        'public.list_signing_keys()'::regprocedure,
        'public.begin_signing_keys(text, double precision, text)'::regprocedure,
        'public.add_signing_key(text, double precision, text, boolean)'::regprocedure,
        'public.reseal_signing_key(text, text)'::regprocedure,
        'public.drop_signing_keys(text[])'::regprocedure,
        'catalog_private.fill_signing_keys(uuid)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130000500', 'signing_keys');
