-- The queue of objects to process.

create function catalog_private.enqueue(p_object_id uuid, p_now double precision)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.jobs (object_id, state, due_at) values (p_object_id, 'queued', p_now)
    on conflict (object_id) do nothing;
end;
$$;
comment on function catalog_private.enqueue(uuid, double precision) is
'Queues an object, unless it has a job.';

create function public.enqueue_missing(
    p_recipe_version bigint, p_after uuid, p_limit bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_stretch uuid[];
    v_queued bigint;
begin
    perform catalog_private.lock_store();
    v_stretch := array(
        select id from public.objects where id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
        order by id limit p_limit
    );
    insert into public.jobs (object_id, state, due_at)
    select objects.id, 'queued', p_now
    from public.objects left join public.jobs on jobs.object_id = objects.id
    where objects.id = any(v_stretch) and objects.state = 'stored'
    and (
        exists (select from public.files where files.object_id = objects.id)
        or exists (
            select from public."references" as held where held.object_id = objects.id
            and (held.expires_at is null or held.expires_at > p_now)
        )
    )
    and (
        jobs.object_id is null
        or (jobs.state = 'done' and jobs.recipe_version < p_recipe_version)
    )
    on conflict (object_id) do update set state = 'queued', due_at = excluded.due_at, attempts = 0,
        worker = null, error = null, recipe_version = null;
    get diagnostics v_queued = row_count;
    return jsonb_build_object(
        'queued', v_queued,
        'last', case when cardinality(v_stretch) = p_limit then v_stretch[p_limit] end
    );
end;
$$;
comment on function public.enqueue_missing(bigint, uuid, bigint, double precision) is
'Looks at some objects, those after an id, and queues what was never processed, or by older recipes.';

create function public.claim_job(
    p_worker text, p_lease_s double precision, p_max_attempts bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_job public.jobs;
begin
    -- Workers pass by what others are just taking.
    update public.jobs set state = 'failed', worker = null,
        error = format('the worker was lost %s times', attempts)
    where object_id in (
        select object_id from public.jobs
        where state = 'running' and due_at <= p_now and attempts >= p_max_attempts
        for update skip locked
    );
    update public.jobs
    set state = 'running', worker = p_worker, due_at = p_now + p_lease_s, attempts = attempts + 1
    where object_id = (
        select object_id from public.jobs where state in ('queued', 'running') and due_at <= p_now
        order by due_at limit 1 for update skip locked
    )
    returning * into v_job;
    return case when v_job.object_id is not null then to_jsonb(v_job) end;
end;
$$;
comment on function public.claim_job(text, double precision, bigint, double precision) is
'Leases the job that is due longest, and counts the attempt; null when none is due.';

create function public.renew_job(
    p_object_id uuid, p_worker text, p_lease_s double precision, p_now double precision
)
returns boolean language plpgsql set search_path = '' as $$
begin
    update public.jobs set due_at = p_now + p_lease_s
    where object_id = p_object_id and state = 'running' and worker = p_worker;
    return found;
end;
$$;
comment on function public.renew_job(uuid, text, double precision, double precision) is
'Moves the end of a lease. False when the worker does not have the job any more.';

create function public.complete_job(
    p_object_id uuid, p_worker text, p_metadata text, p_recipe_version bigint,
    p_now double precision
)
returns boolean language plpgsql set search_path = '' as $$
begin
    -- The object first, as collection locks them.
    perform from public.objects where id = p_object_id for no key update;
    update public.jobs
    set state = 'done', due_at = p_now, error = null, recipe_version = p_recipe_version
    where object_id = p_object_id and worker = p_worker and (
        state = 'running' or (state = 'done' and recipe_version = p_recipe_version)
    );
    if not found then
        return false;
    end if;
    update public.objects set metadata = p_metadata::json where id = p_object_id;
    return true;
end;
$$;
comment on function public.complete_job(uuid, text, text, bigint, double precision) is
'Stores what was found out, and the job is done. False when the worker does not have it.';

create function public.fail_job(
    p_object_id uuid, p_worker text, p_error text, p_retry_at double precision,
    p_now double precision
)
returns boolean language plpgsql set search_path = '' as $$
begin
    update public.jobs
    set state = case when p_retry_at is null then 'failed' else 'queued' end,
        due_at = coalesce(p_retry_at, p_now), worker = null, error = p_error
    where object_id = p_object_id and state = 'running' and worker = p_worker;
    return found;
end;
$$;
comment on function public.fail_job(uuid, text, text, double precision, double precision) is
'Ends an attempt: due again at a time, or (null) given up.';

create function public.jobs_in(p_state text, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(page) order by page.due_at) from (
            select * from public.jobs where state = p_state order by due_at limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.jobs_in(text, bigint) is 'Jobs in a state, due longest first.';

create function public.count_jobs()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_object_agg(counted.state, counted.jobs) from (
            select jobs.state, count(*) as jobs from public.jobs
            where jobs.state in ('queued', 'running', 'failed') group by 1
        ) as counted
    ), '{}');
end;
$$;
comment on function public.count_jobs() is 'How many jobs are not done, by state.';

create function public.retry_jobs(p_now double precision)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_queued bigint;
begin
    perform catalog_private.lock_store();
    update public.jobs set state = 'queued', due_at = p_now, attempts = 0, worker = null
    where state = 'failed';
    get diagnostics v_queued = row_count;
    return v_queued;
end;
$$;
comment on function public.retry_jobs(double precision) is
'Queues all failed jobs anew, with no attempt counted. Answers how many.';

insert into public.schema_version (version, name) values ('20261122001000', 'jobs');
