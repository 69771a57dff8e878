-- A call of the collector does no more than it has time for, whatever lies there.
--
-- What deleting costs is the chunks, not the objects; and noticing again and again in one
-- transaction reads all that was noticed before in it each time.

drop function catalog_private.delete_garbage(double precision, bigint);

create function catalog_private.delete_garbage(
    p_due double precision, p_limit bigint, p_chunks bigint, out objects bigint, out chunks bigint
)
language plpgsql set search_path = '' as $$
begin
    with garbage as materialized (
        select id, chunk_count, unreferenced_since from public.objects
        where reference_count = 0 and unreferenced_since <= p_due
        order by unreferenced_since limit p_limit for update skip locked
    ), counted as (
        select id, sum(chunk_count) over (
            order by unreferenced_since, id rows unbounded preceding
        ) - chunk_count as before
        from garbage
    ), deleted as (
        delete from public.objects
        where id in (select counted.id from counted where counted.before < p_chunks)
        returning chunk_count
    )
    select count(*), coalesce(sum(chunk_count), 0) from deleted into objects, chunks;
end;
$$;
comment on function catalog_private.delete_garbage(double precision, bigint, bigint) is
'Deletes objects whose grace is over, with all that is theirs, until so many chunks have gone.';

create or replace function public.collect_objects(
    p_limit bigint, p_grace_s double precision, p_now double precision
)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_collected bigint := 0;
    v_chunks_left bigint := 20000;
    v_notices_left bigint := 20000;
    v_expired bigint;
    v_noticed bigint;
    v_deleted record;
begin
    perform catalog_private.lock_store();
    -- An answer is asked for again within seconds; an hour is plenty.
    delete from public.answers where answered_at < p_now - 3600;
    -- Deleting an object lets go of its views; expired references let go of theirs.
    loop
        v_expired := catalog_private.expire_references(p_now, 1000);
        v_noticed := catalog_private.notice_garbage(p_now, v_notices_left);
        v_deleted := catalog_private.delete_garbage(
            p_now - p_grace_s, p_limit - v_collected, v_chunks_left
        );
        v_collected := v_collected + v_deleted.objects;
        v_chunks_left := v_chunks_left - v_deleted.chunks;
        v_notices_left := v_notices_left - v_noticed;
        exit when v_collected >= p_limit or v_chunks_left <= 0 or v_notices_left <= 0
        or v_expired + v_noticed + v_deleted.objects = 0;
    end loop;
    return v_collected;
end;
$$;

revoke execute on function
catalog_private.delete_garbage(double precision, bigint, bigint) from public, anon, authenticated;
grant execute on function
catalog_private.delete_garbage(double precision, bigint, bigint) to service_role;

insert into public.schema_version (version, name) values ('20261128000600', 'bounded_collection');
