-- A message that was given up never becomes a chunk, and what was deleted is remembered for a month.

create table public.deleted_messages (
    id bigint primary key,
    deleted_at double precision not null
);
comment on table public.deleted_messages is
'Messages that were deleted on Discord: a report of one may still be on its way.';
comment on column public.deleted_messages.id is 'The message''s snowflake.';
comment on column public.deleted_messages.deleted_at is 'Seconds since the Unix epoch.';
create index deleted_messages_by_age on public.deleted_messages (deleted_at);

alter table public.deleted_messages enable row level security;
revoke all on public.deleted_messages from public, anon, authenticated;
grant select, insert, update, delete on public.deleted_messages to service_role;

create or replace function public.add_chunk(
    p_object_id uuid, p_index bigint, p_message_id bigint, p_channel_id bigint,
    p_webhook_id bigint, p_message_stored_size bigint, p_attachment_id bigint, p_offset bigint,
    p_stored_size bigint, p_size bigint, p_digest bytea
)
returns boolean language plpgsql set search_path = '' as $$
declare
    v_chunk_count bigint;
    v_in_message bigint;
    v_is_new boolean;
begin
    -- Kept from being collected until the chunk is in it.
    select chunk_count into v_chunk_count from public.objects where id = p_object_id for key share;
    insert into public.messages (id, channel_id, webhook_id, stored_size)
    values (p_message_id, p_channel_id, p_webhook_id, p_message_stored_size)
    on conflict (id) do nothing;
    v_is_new := found;
    -- Not before: who forgets the message may have been waited for.
    if exists (select from public.deleted_messages where id = p_message_id) then
        delete from public.messages where id = p_message_id and v_is_new;
        return false;
    end if;
    -- Until the chunk is in the message, it cannot lose its last one.
    select chunk_count into v_in_message from public.messages
    where id = p_message_id for no key update;
    if not found then
        raise exception using errcode = 'serialization_failure',
            message = 'the message was forgotten at the same moment';
    end if;
    if (v_is_new or v_in_message > 0) and p_index between 0 and v_chunk_count - 1 then
        insert into public.chunks (object_id, "index", message_id, attachment_id, "offset",
            stored_size, size, digest)
        values (p_object_id, p_index, p_message_id, p_attachment_id, p_offset,
            p_stored_size, p_size, p_digest)
        on conflict (object_id, "index") do nothing;
    end if;
    return exists (
        select from public.chunks
        where object_id = p_object_id and "index" = p_index and message_id = p_message_id
        and attachment_id is not distinct from p_attachment_id and "offset" = p_offset
    );
end;
$$;
comment on function public.add_chunk(
    uuid, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bytea
) is
'Journals a message, and the chunk in it. False when the object is gone, the index taken, or the message given up.';

drop function public.forget_message(bigint);

create function public.forget_message(p_message_id bigint, p_now double precision)
returns void language plpgsql set search_path = '' as $$
begin
    delete from public.messages where id = p_message_id and chunk_count = 0;
    if found then
        insert into public.deleted_messages (id, deleted_at) values (p_message_id, p_now)
        on conflict (id) do nothing;
    end if;
end;
$$;
comment on function public.forget_message(bigint, double precision) is
'Forgets a message that Discord has deleted, unless a chunk lies in it, and remembers that it was one.';

drop function public.renew(text, double precision, double precision);

create function public.renew(
    p_service text, p_object_ids uuid[], p_keys text[], p_expires_at double precision,
    p_now double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    update public."references" set expires_at = p_expires_at
    from unnest(p_object_ids, p_keys) as held (object_id, "key")
    where "references".object_id = held.object_id and "references"."key" = held."key"
    and service = p_service and expires_at > p_now;
end;
$$;
comment on function public.renew(text, uuid[], text[], double precision, double precision) is
'Moves the expiry of temporary references of a service, by object and key, that are not over yet.';

-- References are renewed by their key.
drop index public.references_of_service;

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
    -- A report that was kept is sent again as soon as its service is back; a month is plenty.
    delete from public.deleted_messages where id in (
        select id from public.deleted_messages where deleted_at < p_now - 2592000
        order by deleted_at limit 20000
    );
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

revoke execute on function public.forget_message(bigint, double precision)
from public, anon, authenticated;
revoke execute on function
public.renew(text, uuid[], text[], double precision, double precision)
from public, anon, authenticated;
grant execute on function public.forget_message(bigint, double precision) to service_role;
grant execute on function
public.renew(text, uuid[], text[], double precision, double precision) to service_role;

insert into public.schema_version (version, name) values ('20261129000100', 'deleted_messages');
