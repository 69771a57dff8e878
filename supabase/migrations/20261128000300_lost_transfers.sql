-- A transfer is lost together with its records when the database crashes.
--
-- Recovery empties unlogged tables, and only those: a transfer that outlived its records would look
-- like an export that has come to its end.

alter table catalog_private.transfers set unlogged;

create or replace function public.stage_records(
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

insert into public.schema_version (version, name) values ('20261128000300', 'lost_transfers');
