-- What happened. Names are texts, not references: an event outlives the user and the file that it is about.

create table public.audit_events (
    id uuid primary key,
    first_at double precision not null,
    last_at double precision not null check (last_at >= first_at),
    "count" bigint not null check ("count" > 0),
    action text not null,
    outcome text not null check (outcome in ('success', 'failure')),
    actor_id bigint,
    actor text,
    address text,
    subject text,
    details jsonb not null
);
comment on table public.audit_events is 'What somebody did, or tried to do.';
comment on column public.audit_events.id is 'Made for the event, so that it may be written again.';
comment on column public.audit_events.first_at is 'When it happened, in seconds since the epoch.';
comment on column public.audit_events.last_at is 'Of equal events that were counted, the last time.';
comment on column public.audit_events."count" is 'How many equal events were counted.';
comment on column public.audit_events.action is 'What was done.';
comment on column public.audit_events.outcome is 'Whether it was done.';
comment on column public.audit_events.actor_id is 'The user who did it, who may be gone.';
comment on column public.audit_events.actor is 'Name of who did it, or who that was claimed to be.';
comment on column public.audit_events.address is 'The client; null for a command on the machine of the manager.';
comment on column public.audit_events.subject is 'What it was done to: a path, a name or an id.';
comment on column public.audit_events.details is 'More about it.';

create index audit_events_by_time on public.audit_events (first_at, id);
create index audit_events_by_action on public.audit_events (action, first_at, id);
create index audit_events_by_actor on public.audit_events (lower(actor), first_at, id);
create index audit_events_by_subject on public.audit_events (lower(subject), first_at, id);

alter table public.audit_events enable row level security;
revoke all on public.audit_events from public, anon, authenticated;
grant select, insert, update, delete on public.audit_events to service_role;

create function public.put_audit_events(p_events jsonb)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.audit_events as known
    select (jsonb_populate_record(null::public.audit_events, e)).*
    from jsonb_array_elements(p_events) as e
    on conflict (id) do update set
        "count" = greatest(known."count", excluded."count"),
        last_at = greatest(known.last_at, excluded.last_at);
end;
$$;
comment on function public.put_audit_events(jsonb) is
'Adds events to the audit log; those that are there are counted.';

create function public.audit_events(
    p_user text, p_action text, p_since double precision, p_before_at double precision,
    p_before_id uuid, p_limit bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_user constant text := lower(p_user);
    v_since constant double precision := coalesce(p_since, '-infinity');
    v_before_at constant double precision := coalesce(p_before_at, 'infinity');
    v_page public.audit_events[];
begin
    if p_user is not null then
        v_page := array(
            select e from (
                (select a from public.audit_events as a
                where lower(a.actor) = v_user and (a.first_at, a.id) < (v_before_at, p_before_id)
                    and a.first_at >= v_since and (p_action is null or a.action = p_action)
                order by a.first_at desc, a.id desc limit p_limit)
                union
                (select a from public.audit_events as a
                where lower(a.subject) = v_user and (a.first_at, a.id) < (v_before_at, p_before_id)
                    and a.first_at >= v_since and (p_action is null or a.action = p_action)
                order by a.first_at desc, a.id desc limit p_limit)
            ) as found (e)
            order by (e).first_at desc, (e).id desc limit p_limit
        );
    elsif p_action is not null then
        v_page := array(
            select a from public.audit_events as a
            where a.action = p_action and (a.first_at, a.id) < (v_before_at, p_before_id)
                and a.first_at >= v_since
            order by a.first_at desc, a.id desc limit p_limit
        );
    else
        v_page := array(
            select a from public.audit_events as a
            where (a.first_at, a.id) < (v_before_at, p_before_id) and a.first_at >= v_since
            order by a.first_at desc, a.id desc limit p_limit
        );
    end if;
    return to_jsonb(v_page);
end;
$$;
comment on function public.audit_events(text, text, double precision, double precision, uuid, bigint) is
'A page of the audit log, newest events first: of a user, of an action, since a time, before an event.';

create function public.drop_audit_events(p_before double precision, p_limit bigint)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_number bigint;
begin
    delete from public.audit_events where id in (
        select id from public.audit_events where first_at < p_before
        order by first_at, id limit p_limit
    );
    get diagnostics v_number = row_count;
    return to_jsonb(v_number);
end;
$$;
comment on function public.drop_audit_events(double precision, bigint) is
'Deletes the oldest events before a time. Answers how many.';

drop function public.note_master_key(text, double precision);
create function public.note_master_key(p_request_id uuid, p_key_id text, p_now double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_key_id constant bytea := decode(p_key_id, 'hex');
    v_last public.master_keys;
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    select * into v_last from public.master_keys order by used_from desc limit 1;
    if v_last.key_id is distinct from v_key_id then
        insert into public.master_keys (used_from, key_id)
        values (case when v_last.key_id is null then 0 else greatest(p_now, v_last.used_from) end, v_key_id)
        on conflict (used_from) do update set key_id = excluded.key_id;
    end if;
    return catalog_private.answered(
        p_request_id, p_now, to_jsonb(v_last.key_id is distinct from v_key_id)
    );
end;
$$;
comment on function public.note_master_key(uuid, text, double precision) is
'New content is sealed with this key from now on. Answers whether it is another one than before.';

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.put_audit_events(jsonb)'::regprocedure,
        'public.audit_events(text, text, double precision, double precision, uuid, bigint)'::regprocedure,
        'public.drop_audit_events(double precision, bigint)'::regprocedure,
        'public.note_master_key(uuid, text, double precision)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130010000', 'audit_events');
