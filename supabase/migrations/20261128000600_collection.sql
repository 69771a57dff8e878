-- Deleting content that nothing needs.
--
-- A call does no more than it has time for, whatever lies there: what deleting costs is the chunks, not the
-- objects; and noticing again and again in one transaction reads all that was noticed before in it each time.

create function catalog_private.expire_references(p_now double precision, p_limit bigint)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_over constant uuid[] := array(
        select object_id from public."references"
        where expires_at <= p_now order by expires_at limit p_limit
    );
    v_locked constant uuid[] := array(
        select id from public.objects where id = any(v_over) for update skip locked
    );
    v_deleted bigint;
begin
    delete from public."references" where object_id = any(v_locked) and expires_at <= p_now;
    get diagnostics v_deleted = row_count;
    return v_deleted;
end;
$$;
comment on function catalog_private.expire_references(double precision, bigint) is
'Deletes a batch of references that are over. Answers how many.';

create function catalog_private.notice_garbage(p_now double precision, p_limit bigint)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_garbage constant uuid[] := array(
        select id from public.objects where reference_count = 0 and unreferenced_since is null
        limit p_limit for update skip locked
    );
begin
    update public.objects
    set unreferenced_since = case state when 'uploading' then 0 else p_now end
    where id = any(v_garbage);
    return cardinality(v_garbage);
end;
$$;
comment on function catalog_private.notice_garbage(double precision, bigint) is
'Begins the grace of a batch of objects that nothing refers to any more. Answers how many.';

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

create function public.collect_objects(
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
comment on function public.collect_objects(bigint, double precision, double precision) is
'Deletes objects that nothing has needed for the time of grace. Answers how many.';

create function public.garbage(p_limit bigint, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(entry) order by entry.part, entry.since) from (
            (
                select id, size, unreferenced_since as since, 1 as part from public.objects
                where reference_count = 0 and unreferenced_since is not null
                order by unreferenced_since limit p_limit
            )
            union all
            (
                select id, size, unreferenced_since, 2 from public.objects
                where reference_count = 0 and unreferenced_since is null limit p_limit
            )
            union all
            (
                select objects.id, objects.size, objects.unreferenced_since, 3
                from public."references" join public.objects
                on objects.id = "references".object_id
                where "references".expires_at <= p_now
                group by objects.id having count(*) = objects.reference_count
                limit p_limit
            )
            order by part, since limit p_limit
        ) as entry
    ), '[]');
end;
$$;
comment on function public.garbage(bigint, double precision) is
'What collection would delete now or after its grace, those noticed first first.';

insert into public.schema_version (version, name) values ('20261128000600', 'collection');
