-- Messages without chunks by who posted them, sweeps for unknown ones, and webhooks in quarantine.

alter table public.messages add column due_at double precision not null default 0;
comment on column public.messages.due_at is
'From when the reaper may try to delete it: later for one that Discord refused to delete.';

-- What nobody can delete now is not read again and again.
drop index public.messages_orphaned;
create index messages_orphaned
on public.messages (coalesce(webhook_id, 0), channel_id, due_at, id) where chunk_count = 0;

create table public.quarantined_webhooks (
    webhook_id bigint primary key,
    reason text not null,
    is_gone boolean not null,
    since double precision not null
);
comment on table public.quarantined_webhooks is 'Webhooks that are not used any more. Tokens are kept nowhere.';
comment on column public.quarantined_webhooks.webhook_id is 'Snowflake of the webhook.';
comment on column public.quarantined_webhooks.reason is 'Why, for the operator.';
comment on column public.quarantined_webhooks.is_gone is 'Whether it does not exist, so that it reads nothing either.';
comment on column public.quarantined_webhooks.since is 'Seconds since the epoch.';

create table public.channel_sweeps (
    channel_id bigint primary key,
    swept_until bigint not null
);
comment on table public.channel_sweeps is 'How far each channel was looked through for messages that nobody has reported.';
comment on column public.channel_sweeps.channel_id is 'Snowflake of the channel.';
comment on column public.channel_sweeps.swept_until is 'Snowflake of the last message that was looked at.';

create table public.watches (
    began_at double precision primary key,
    seen_at double precision not null,
    check (seen_at >= began_at)
);
comment on table public.watches is
'When a manager has kept this very database. Messages of other times are unknown to a restored backup too, and must not be taken for garbage.';
comment on column public.watches.began_at is 'Seconds since the epoch.';
comment on column public.watches.seen_at is 'When the manager was last known to keep it, in seconds since the epoch.';

alter table public.quarantined_webhooks enable row level security;
alter table public.channel_sweeps enable row level security;
alter table public.watches enable row level security;
revoke all on public.quarantined_webhooks, public.channel_sweeps, public.watches
from public, anon, authenticated;
grant select, insert, update, delete
on public.quarantined_webhooks, public.channel_sweeps, public.watches to service_role;

create function public.orphan_authors(p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        -- From one author to the next in the index, however many messages each has.
        with recursive author (webhook, channel) as (
            (
                select coalesce(webhook_id, 0), channel_id from public.messages
                where chunk_count = 0 order by coalesce(webhook_id, 0), channel_id limit 1
            )
            union all
            select later.webhook, later.channel from author cross join lateral (
                select coalesce(webhook_id, 0) as webhook, channel_id as channel
                from public.messages where chunk_count = 0
                and (coalesce(webhook_id, 0), channel_id) > (author.webhook, author.channel)
                order by coalesce(webhook_id, 0), channel_id limit 1
            ) as later
        )
        select coalesce(jsonb_agg(jsonb_build_object(
            'webhook_id', nullif(page.webhook, 0), 'channel_id', page.channel
        )), '[]')
        from (select webhook, channel from author limit p_limit) as page
    );
end;
$$;
comment on function public.orphan_authors(bigint) is
'Who has posted messages that hold no chunk: webhook (null: a bot) and channel.';

drop function public.orphan_messages(bigint, bigint);

create function public.orphan_messages(
    p_webhook_id bigint, p_channel_id bigint, p_now double precision, p_limit bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(page) order by page.due_at, page.id) from (
            select * from public.messages
            where chunk_count = 0 and coalesce(webhook_id, 0) = coalesce(p_webhook_id, 0)
            and channel_id = p_channel_id and due_at <= p_now
            order by due_at, id limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.orphan_messages(bigint, bigint, double precision, bigint) is
'Messages of a webhook (null: a bot) in a channel that hold no chunk and are due, oldest first.';

create function public.count_orphans(p_webhook_ids bigint[], p_channel_ids bigint[])
returns bigint language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(sum(counted.number), 0)
        from unnest(p_webhook_ids, p_channel_ids) as author (webhook_id, channel_id)
        cross join lateral (
            select count(*) as number from public.messages
            where chunk_count = 0
            and coalesce(messages.webhook_id, 0) = coalesce(author.webhook_id, 0)
            and messages.channel_id = author.channel_id
        ) as counted
    );
end;
$$;
comment on function public.count_orphans(bigint[], bigint[]) is
'How many messages of these webhooks (null: a bot) in these channels hold no chunk.';

create function public.postpone_message(p_message_id bigint, p_until double precision)
returns void language plpgsql set search_path = '' as $$
begin
    update public.messages set due_at = p_until where id = p_message_id;
end;
$$;
comment on function public.postpone_message(bigint, double precision) is
'Keeps a message from the reaper until then.';

create function public.channel_sweeps()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (select coalesce(jsonb_agg(to_jsonb(channel_sweeps)), '[]') from public.channel_sweeps);
end;
$$;
comment on function public.channel_sweeps() is 'How far each channel was looked through.';

create function public.note_sweep(
    p_channel_id bigint, p_swept_until bigint, p_message_ids bigint[], p_webhook_ids bigint[],
    p_stored_sizes bigint[]
)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_new bigint;
begin
    perform catalog_private.lock_store();
    insert into public.messages (id, channel_id, webhook_id, stored_size)
    select id, p_channel_id, webhook_id, stored_size
    from unnest(p_message_ids, p_webhook_ids, p_stored_sizes) as found (id, webhook_id, stored_size)
    order by id
    on conflict (id) do nothing;
    get diagnostics v_new = row_count;
    insert into public.channel_sweeps (channel_id, swept_until)
    values (p_channel_id, p_swept_until)
    on conflict (channel_id) do update
    set swept_until = greatest(channel_sweeps.swept_until, excluded.swept_until);
    return v_new;
end;
$$;
comment on function public.note_sweep(bigint, bigint, bigint[], bigint[], bigint[]) is
'How far a channel was looked through; enters what is unknown of the messages, without a chunk.';

create function public.watches()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(jsonb_agg(to_jsonb(watches) order by watches.began_at), '[]')
        from public.watches
    );
end;
$$;
comment on function public.watches() is 'When a manager has kept this database, in order.';

create function public.keep_watch(
    p_began_at double precision, p_seen_at double precision, p_drop_before double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    insert into public.watches (began_at, seen_at) values (p_began_at, p_seen_at)
    on conflict (began_at) do update set seen_at = greatest(watches.seen_at, excluded.seen_at);
    delete from public.watches where seen_at < p_drop_before;
end;
$$;
comment on function public.keep_watch(double precision, double precision, double precision) is
'A watch, or a later end of it; drops those that ended long ago.';

create function public.quarantines()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(
            jsonb_agg(to_jsonb(quarantined_webhooks) order by quarantined_webhooks.webhook_id), '[]'
        )
        from public.quarantined_webhooks
    );
end;
$$;
comment on function public.quarantines() is 'The webhooks that are not used any more.';

create function public.put_quarantine(
    p_webhook_id bigint, p_reason text, p_is_gone boolean, p_since double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.quarantined_webhooks (webhook_id, reason, is_gone, since)
    values (p_webhook_id, p_reason, p_is_gone, p_since)
    on conflict (webhook_id) do update
    set reason = excluded.reason, is_gone = excluded.is_gone, since = excluded.since;
end;
$$;
comment on function public.put_quarantine(bigint, text, boolean, double precision) is
'A webhook that is not used any more.';

create function public.end_quarantine(p_webhook_id bigint)
returns void language plpgsql set search_path = '' as $$
begin
    delete from public.quarantined_webhooks where webhook_id = p_webhook_id;
end;
$$;
comment on function public.end_quarantine(bigint) is 'A webhook that may be used again.';

create function public.chunks_posted_by(p_object_id uuid, p_webhook_ids bigint[])
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(found.chunk order by found.webhook_id, found.channel_id) from (
            select distinct on (messages.webhook_id, messages.channel_id)
                messages.webhook_id, messages.channel_id, jsonb_build_object(
                    'chunk', to_jsonb(chunks), 'message', to_jsonb(messages)
                ) as chunk
            from public.chunks join public.messages on messages.id = chunks.message_id
            where chunks.object_id = p_object_id and messages.webhook_id = any(p_webhook_ids)
            order by messages.webhook_id, messages.channel_id, chunks."index"
        ) as found
    ), '[]');
end;
$$;
comment on function public.chunks_posted_by(uuid, bigint[]) is
'For each of the webhooks and each channel the first chunk of the object that lies there.';

-- An import makes this the catalog of other times, in which nobody has kept it.
create or replace function public.begin_import(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    if not catalog_private.is_empty() then
        perform catalog_private.refuse('catalog-not-empty', 'the catalog is not empty');
    end if;
    perform catalog_private.begin_transfer(p_id, 'import');
    delete from public.watches;
    delete from public.channel_sweeps;
end;
$$;

do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select pg_proc.oid from pg_catalog.pg_proc
        where pronamespace = 'public'::regnamespace and proname in (
            'orphan_authors', 'orphan_messages', 'count_orphans', 'postpone_message',
            'channel_sweeps', 'note_sweep', 'watches', 'keep_watch', 'quarantines',
            'put_quarantine', 'end_quarantine', 'chunks_posted_by'
        )
    loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261129000200', 'messages_and_webhooks');
