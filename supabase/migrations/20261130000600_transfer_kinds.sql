-- Further kinds of records of an export, each in a row of a table, so that a migration that adds one need not
-- repeat the functions that go through all of them.

create table catalog_private.transfer_kinds (
    rank integer primary key,
    read_function text not null,
    fill_function text not null
);
comment on table catalog_private.transfer_kinds is
'The kinds of records from rank 17 on. Kinds that refer to another one come after it.';
comment on column catalog_private.transfer_kinds.rank is
'Place of the kind among all kinds, as the programs have it.';
comment on column catalog_private.transfer_kinds.read_function is
'Function of this schema without arguments that answers all records of the kind as JSON, in their order.';
comment on column catalog_private.transfer_kinds.fill_function is
'Function of this schema that takes the transfer and the rank, and inserts what is staged.';

alter table catalog_private.transfer_kinds enable row level security;
revoke all on catalog_private.transfer_kinds from public, anon, authenticated;
grant select on catalog_private.transfer_kinds to service_role;

create function catalog_private.copy_further_kinds(p_id uuid)
returns void language plpgsql set search_path = '' as $$
declare
    v_kind catalog_private.transfer_kinds;
begin
    for v_kind in select * from catalog_private.transfer_kinds order by rank loop
        execute format(
            'insert into catalog_private.transfer_records (transfer_id, rank, "number", record)'
            ' select $1, $2, "number", record'
            ' from catalog_private.%I() with ordinality as read (record, "number")',
            v_kind.read_function
        ) using p_id, v_kind.rank;
    end loop;
end;
$$;
comment on function catalog_private.copy_further_kinds(uuid) is
'Puts the records of the further kinds into an export.';

create function catalog_private.fill_further_kinds(p_id uuid)
returns void language plpgsql set search_path = '' as $$
declare
    v_kind catalog_private.transfer_kinds;
begin
    for v_kind in select * from catalog_private.transfer_kinds order by rank loop
        execute format('select catalog_private.%I($1, $2)', v_kind.fill_function)
        using p_id, v_kind.rank;
    end loop;
end;
$$;
comment on function catalog_private.fill_further_kinds(uuid) is
'Inserts the records of the further kinds that are staged for an import.';

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
        perform catalog_private.copy_further_kinds(p_id);
    end if;
end;
$$;

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
    perform catalog_private.fill_further_kinds(p_id);
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
        'catalog_private.copy_further_kinds(uuid)'::regprocedure,
        'catalog_private.fill_further_kinds(uuid)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130000600', 'transfer_kinds');
