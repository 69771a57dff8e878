-- A message may hold many chunks. They are entered together with it: were they entered one by one, the
-- message could be without a chunk in between, and be deleted.

drop function public.add_chunk(
    uuid, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bytea
);

create function public.add_message(
    p_message_id bigint, p_channel_id bigint, p_webhook_id bigint, p_stored_size bigint,
    p_chunks jsonb
)
returns boolean[] language plpgsql set search_path = '' as $$
declare
    v_in_message bigint;
    v_is_new boolean;
begin
    -- Kept from being collected until the chunks are in it. In one order, as in all that waits here.
    perform from public.objects
    where id in (select (chunk ->> 'object_id')::uuid from jsonb_array_elements(p_chunks) as chunk)
    order by id for key share;
    insert into public.messages (id, channel_id, webhook_id, stored_size)
    values (p_message_id, p_channel_id, p_webhook_id, p_stored_size)
    on conflict (id) do nothing;
    v_is_new := found;
    -- Not before: who forgets the message may have been waited for.
    if exists (select from public.deleted_messages where id = p_message_id) then
        delete from public.messages where id = p_message_id and v_is_new;
        return array_fill(false, array[jsonb_array_length(p_chunks)]);
    end if;
    -- Until a chunk is in the message, it cannot lose its last one.
    select chunk_count into v_in_message from public.messages
    where id = p_message_id for no key update;
    if not found then
        raise exception using errcode = 'serialization_failure',
            message = 'the message was forgotten at the same moment';
    end if;
    if v_is_new or v_in_message > 0 then
        insert into public.chunks (object_id, "index", message_id, attachment_id, "offset",
            stored_size, size, digest)
        select chunk.object_id, chunk."index", p_message_id, chunk.attachment_id, chunk."offset",
            chunk.stored_size, chunk.size, chunk.digest
        from jsonb_to_recordset(p_chunks) as chunk (
            object_id uuid, "index" bigint, attachment_id bigint, "offset" bigint,
            stored_size bigint, size bigint, digest bytea
        )
        join public.objects on objects.id = chunk.object_id
        where chunk."index" between 0 and objects.chunk_count - 1
        order by chunk.object_id, chunk."index"
        on conflict (object_id, "index") do nothing;
    end if;
    return array(
        select exists (
            select from public.chunks
            where chunks.object_id = chunk.object_id and chunks."index" = chunk."index"
            and chunks.message_id = p_message_id
            and chunks.attachment_id is not distinct from chunk.attachment_id
            and chunks."offset" = chunk."offset"
        )
        from rows from (jsonb_to_recordset(p_chunks) as (
            object_id uuid, "index" bigint, attachment_id bigint, "offset" bigint
        )) with ordinality as chunk (object_id, "index", attachment_id, "offset", position)
        order by chunk.position
    );
end;
$$;
comment on function public.add_message(bigint, bigint, bigint, bigint, jsonb) is
'Enters a message with the chunks in it that are wanted. For each chunk whether it is there now.';

-- Objects begin together, too.

alter function public.begin_object(
    uuid, bigint, bigint, bigint, text, double precision, uuid, text, text, double precision
) set schema catalog_private;

create function public.begin_objects(p_drafts jsonb)
returns void language plpgsql set search_path = '' as $$
begin
    -- In one order, so that no two calls wait for each other.
    perform catalog_private.begin_object(
        draft.object_id, draft.size, draft.chunk_size, draft.chunk_count, draft.envelope,
        draft.created_at, draft.hold_object_id, draft.service, draft."key", draft.expires_at
    )
    from (
        select * from jsonb_to_recordset(p_drafts) as unordered (
            object_id uuid, size bigint, chunk_size bigint, chunk_count bigint, envelope text,
            created_at double precision, hold_object_id uuid, service text, "key" text,
            expires_at double precision
        ) order by object_id
    ) as draft;
end;
$$;
comment on function public.begin_objects(jsonb) is
'Starts objects in state uploading, each with the reference that keeps it alive.';

create or replace function public.redeem_ticket(
    p_object_id uuid, p_size bigint, p_chunk_size bigint, p_chunk_count bigint, p_envelope text,
    p_created_at double precision, p_hold_object_id uuid, p_service text, p_key text,
    p_expires_at double precision, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_ticket public.tickets;
begin
    perform catalog_private.lock_store();
    v_ticket := catalog_private.require_ticket(p_object_id);
    if v_ticket.used_at is not null then
        -- The very same call again is known by its reference.
        if not exists (
            select from public."references"
            join public.objects on objects.id = "references".object_id
            where "references".object_id = p_hold_object_id and "references".service = p_service
            and "references"."key" = p_key and objects.state = 'uploading'
        ) then
            perform catalog_private.refuse('ticket-used', 'the ticket has been used');
        end if;
        return to_jsonb(v_ticket);
    end if;
    if v_ticket.expires_at <= p_now then
        perform catalog_private.refuse('ticket-expired', 'the ticket was not used in time');
    end if;
    perform catalog_private.begin_object(
        p_object_id, p_size, p_chunk_size, p_chunk_count, p_envelope, p_created_at,
        p_hold_object_id, p_service, p_key, p_expires_at
    );
    update public.tickets set used_at = p_now where id = p_object_id;
    return public.ticket_by_id(p_object_id);
end;
$$;

revoke execute on function public.add_message(bigint, bigint, bigint, bigint, jsonb)
from public, anon, authenticated;
grant execute on function public.add_message(bigint, bigint, bigint, bigint, jsonb)
to service_role;
revoke execute on function public.begin_objects(jsonb) from public, anon, authenticated;
grant execute on function public.begin_objects(jsonb) to service_role;

insert into public.schema_version (version, name) values ('20261130012000', 'whole_messages');
