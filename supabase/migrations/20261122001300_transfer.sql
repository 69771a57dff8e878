-- Whole catalogs out and in, through a store of records that only an export or import looks at.
--
-- An export is copied there by one statement, which sees one moment of the catalog, and then read
-- page by page. An import is put there batch by batch, and then becomes the catalog in one
-- transaction: before, nobody sees a part of it, least of all the collector, for which messages
-- without chunks are garbage. Both are known by an id that the caller makes, so that every call may
-- be repeated. What a caller left behind goes with the first transfer a day later.
--
-- Both tables are unlogged: a transfer is lost together with its records when the database crashes. Recovery
-- empties unlogged tables, and only those: a transfer that outlived its records would look like an export that
-- has come to its end.

create unlogged table catalog_private.transfers (
    id uuid primary key,
    kind text not null check (kind in ('export', 'import')),
    is_done boolean not null default false,
    started_at timestamptz not null default now()
);
comment on table catalog_private.transfers is 'Exports and imports that run, or ran lately.';
comment on column catalog_private.transfers.id is 'Made by the caller.';
comment on column catalog_private.transfers.kind is 'export or import.';
comment on column catalog_private.transfers.is_done is 'Whether the import has become the catalog.';
comment on column catalog_private.transfers.started_at is 'When it began.';

create unlogged table catalog_private.transfer_records (
    transfer_id uuid not null references catalog_private.transfers (id) on delete cascade,
    rank integer not null,
    "number" bigint not null,
    record json not null,
    primary key (transfer_id, rank, "number")
);
comment on table catalog_private.transfer_records is 'Records on their way, as in docs/export-format.md.';
comment on column catalog_private.transfer_records.transfer_id is 'The export or import.';
comment on column catalog_private.transfer_records.rank is 'Place of the record''s kind among the kinds, from 1 on.';
comment on column catalog_private.transfer_records."number" is 'Place of the record, counted within the kind or over all.';
comment on column catalog_private.transfer_records.record is 'The record.';

create function catalog_private.is_empty()
returns boolean language sql stable set search_path = '' as $$
    select not exists (
        select from public.users union all select from public.folders where id <> 0
        union all select from public.messages union all select from public.objects
        union all select from public.files union all select from public.tickets
        union all select from public.api_keys union all select from public.jobs
    );
$$;
comment on function catalog_private.is_empty() is
'Whether nothing but the root is there. Everything else refers to one of these tables.';

create function catalog_private.begin_transfer(p_id uuid, p_kind text)
returns boolean language plpgsql set search_path = '' as $$
begin
    -- A repeated call waits here until the attempt before it is over.
    perform pg_catalog.pg_advisory_xact_lock(5716803174551287642);
    if exists (select from catalog_private.transfers where id = p_id) then
        return false;
    end if;
    delete from catalog_private.transfers where started_at < now() - interval '1 day';
    insert into catalog_private.transfers (id, kind) values (p_id, p_kind);
    return true;
end;
$$;
comment on function catalog_private.begin_transfer(uuid, text) is
'Begins an export or import. Answers false when it has begun already.';

create function public.end_transfer(p_id uuid)
returns void language sql set search_path = '' set statement_timeout = '15min' as $$
    delete from catalog_private.transfers where id = p_id;
$$;
comment on function public.end_transfer(uuid) is 'Forgets an export, or an import, with its records.';

insert into public.schema_version (version, name) values ('20261122001300', 'transfer');
