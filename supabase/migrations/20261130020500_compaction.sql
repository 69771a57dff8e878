-- Messages that are mostly holes are given back: their chunks move into new messages.

create function catalog_private.move_count_of_chunk()
returns trigger language plpgsql set search_path = '' as $$
begin
    update public.messages set chunk_count = chunk_count - 1 where id = old.message_id;
    update public.messages set chunk_count = chunk_count + 1 where id = new.message_id;
    return null;
end;
$$;
create trigger chunks_moved after update of message_id on public.chunks
for each row when (old.message_id <> new.message_id)
execute function catalog_private.move_count_of_chunk();

create function public.messages_in_use(p_after bigint, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(page) order by page.id) from (
            select messages.id, messages.channel_id, messages.webhook_id, messages.stored_size, (
                select sum(chunks.stored_size) from public.chunks
                where chunks.message_id = messages.id
            ) as used_bytes
            from public.messages
            where messages.id > p_after and messages.chunk_count > 0
            order by messages.id limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.messages_in_use(bigint, bigint) is
'Messages behind an id that hold chunks, in order, and how many bytes these take up.';

create function public.chunks_in(p_message_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(chunks) order by chunks.object_id, chunks."index")
        from public.chunks where chunks.message_id = p_message_id
    ), '[]');
end;
$$;
comment on function public.chunks_in(bigint) is 'The chunks that lie in a message.';

create function public.move_chunks(
    p_message_id bigint, p_channel_id bigint, p_webhook_id bigint, p_stored_size bigint,
    p_moves jsonb, p_keep_until double precision
)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_in_message bigint;
    v_is_new boolean;
begin
    perform from public.objects
    where id in (select (move ->> 'object_id')::uuid from jsonb_array_elements(p_moves) as move)
    order by id for key share;
    insert into public.messages (id, channel_id, webhook_id, stored_size)
    values (p_message_id, p_channel_id, p_webhook_id, p_stored_size)
    on conflict (id) do nothing;
    v_is_new := found;
    if exists (select from public.deleted_messages where id = p_message_id) then
        delete from public.messages where id = p_message_id and v_is_new;
        return 0;
    end if;
    select chunk_count into v_in_message from public.messages
    where id = p_message_id for no key update;
    if not found then
        raise exception using errcode = 'serialization_failure',
            message = 'the message was forgotten at the same moment';
    end if;
    if v_is_new or v_in_message > 0 then
        update public.chunks set message_id = p_message_id,
            attachment_id = move.new_attachment_id, "offset" = move.new_offset
        from jsonb_to_recordset(p_moves) as move (
            object_id uuid, "index" bigint, message_id bigint, attachment_id bigint,
            "offset" bigint, new_attachment_id bigint, new_offset bigint
        )
        where chunks.object_id = move.object_id and chunks."index" = move."index"
        and chunks.message_id = move.message_id and chunks."offset" = move."offset"
        and chunks.attachment_id is not distinct from move.attachment_id;
        update public.messages set due_at = greatest(due_at, p_keep_until)
        where chunk_count = 0 and id in (
            select (move ->> 'message_id')::bigint from jsonb_array_elements(p_moves) as move
        );
    end if;
    return (
        select count(*) from jsonb_to_recordset(p_moves) as move (
            object_id uuid, "index" bigint, new_attachment_id bigint, new_offset bigint
        )
        join public.chunks on chunks.object_id = move.object_id and chunks."index" = move."index"
        where chunks.message_id = p_message_id and chunks."offset" = move.new_offset
        and chunks.attachment_id is not distinct from move.new_attachment_id
    );
end;
$$;
comment on function public.move_chunks(
    bigint, bigint, bigint, bigint, jsonb, double precision
) is 'Enters a message and moves chunks into it. How many of them lie there now.';

revoke execute on function catalog_private.move_count_of_chunk() from public, anon, authenticated;
grant execute on function catalog_private.move_count_of_chunk() to service_role;
revoke execute on function public.messages_in_use(bigint, bigint) from public, anon, authenticated;
grant execute on function public.messages_in_use(bigint, bigint) to service_role;
revoke execute on function public.chunks_in(bigint) from public, anon, authenticated;
grant execute on function public.chunks_in(bigint) to service_role;
revoke execute on function public.move_chunks(
    bigint, bigint, bigint, bigint, jsonb, double precision
) from public, anon, authenticated;
grant execute on function public.move_chunks(
    bigint, bigint, bigint, bigint, jsonb, double precision
) to service_role;

insert into public.schema_version (version, name) values ('20261130020500', 'compaction');
