-- Content and its chunks, and what keeps them alive.

create function catalog_private.object_json(p_object public.objects)
returns jsonb language plpgsql immutable set search_path = '' as $$
begin
    return case when (p_object).id is not null then jsonb_build_object(
        'id', (p_object).id, 'size', (p_object).size, 'chunk_size', (p_object).chunk_size,
        'chunk_count', (p_object).chunk_count, 'envelope', (p_object).envelope,
        'state', (p_object).state, 'mime_type', (p_object).mime_type, 'hash', (p_object).hash,
        'created_at', (p_object).created_at
    ) end;
end;
$$;
comment on function catalog_private.object_json(public.objects) is
'The object as a record, without its metadata; null for none.';

create function catalog_private.object_json(p_object_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select catalog_private.object_json(objects) from public.objects
        where objects.id = p_object_id
    );
end;
$$;
comment on function catalog_private.object_json(uuid) is 'The object as a record, or null.';

create function catalog_private.put_reference(
    p_object_id uuid, p_service text, p_key text, p_expires_at double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public."references" (object_id, service, "key", expires_at)
    values (p_object_id, p_service, p_key, p_expires_at)
    on conflict (object_id, service, "key") do update set expires_at = excluded.expires_at;
end;
$$;
comment on function catalog_private.put_reference(uuid, text, text, double precision) is
'A reference, or another expiry for it.';

create function public.begin_object(
    p_object_id uuid, p_size bigint, p_chunk_size bigint, p_chunk_count bigint, p_envelope text,
    p_created_at double precision, p_hold_object_id uuid, p_service text, p_key text,
    p_expires_at double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, created_at)
    values (p_object_id, p_size, p_chunk_size, p_chunk_count, p_envelope, 'uploading', p_created_at)
    on conflict (id) do nothing;
    perform catalog_private.put_reference(p_hold_object_id, p_service, p_key, p_expires_at);
end;
$$;
comment on function public.begin_object(
    uuid, bigint, bigint, bigint, text, double precision, uuid, text, text, double precision
) is 'Starts an object in state uploading, and the reference that keeps it alive.';

create function public.add_chunk(
    p_object_id uuid, p_index bigint, p_message_id bigint, p_channel_id bigint,
    p_webhook_id bigint, p_message_stored_size bigint, p_attachment_id bigint, p_offset bigint,
    p_stored_size bigint, p_size bigint, p_digest bytea
)
returns boolean language plpgsql set search_path = '' as $$
declare
    v_chunk_count bigint;
begin
    -- Kept from being collected until the chunk is in it.
    select chunk_count into v_chunk_count from public.objects where id = p_object_id for key share;
    insert into public.messages (id, channel_id, webhook_id, stored_size)
    values (p_message_id, p_channel_id, p_webhook_id, p_message_stored_size)
    on conflict (id) do nothing;
    perform from public.messages where id = p_message_id for key share;
    if not found then
        raise exception using errcode = 'serialization_failure',
            message = 'the message was forgotten at the same moment';
    end if;
    if p_index between 0 and v_chunk_count - 1 then
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
'Journals a message, and the chunk that it holds. False when the object is gone or the index taken.';

create function public.finish_object(p_object_id uuid, p_mime_type text, p_hash text)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_object public.objects;
    v_count bigint;
    v_size bigint;
begin
    select * into v_object from public.objects where id = p_object_id for no key update;
    if not found then
        perform catalog_private.refuse(
            'object-missing', format('there is no object %s', p_object_id)
        );
    end if;
    if v_object.state = 'stored' then
        return catalog_private.object_json(v_object);
    end if;
    -- Indices are unique and in range, so their number tells all.
    select count(*), coalesce(sum(size), 0) into v_count, v_size
    from public.chunks where object_id = p_object_id;
    if (v_count, v_size) <> (v_object.chunk_count, v_object.size) then
        perform catalog_private.refuse('object-incomplete', format(
            '%s of %s chunks and %s of %s bytes of the object %s are stored',
            v_count, v_object.chunk_count, v_size, v_object.size, p_object_id
        ));
    end if;
    update public.objects set state = 'stored', mime_type = p_mime_type, hash = p_hash
    where id = p_object_id;
    return catalog_private.object_json(p_object_id);
end;
$$;
comment on function public.finish_object(uuid, text, text) is
'From uploading to stored, once every chunk is there; no change when it is stored.';

create function public.object_by_id(p_object_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.object_json(p_object_id);
end;
$$;
comment on function public.object_by_id(uuid) is 'The object with that id, or null.';

create function public.chunks_of(p_object_id uuid, p_first bigint, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(page.chunk order by page.index) from (
            select chunks."index" as index, jsonb_build_object(
                'chunk', to_jsonb(chunks), 'message', to_jsonb(messages)
            ) as chunk
            from public.chunks join public.messages on messages.id = chunks.message_id
            where chunks.object_id = p_object_id and chunks."index" >= p_first
            order by chunks."index" limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.chunks_of(uuid, bigint, bigint) is
'Chunks from an index on, in order, with the messages that hold them.';

create function public.hold(
    p_object_id uuid, p_service text, p_key text, p_expires_at double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    -- Whoever comes first: collection skips an object that is locked, and a collected one is gone.
    perform from public.objects where id = p_object_id for no key update;
    if not found then
        perform catalog_private.refuse(
            'object-missing', format('there is no object %s', p_object_id)
        );
    end if;
    perform catalog_private.put_reference(p_object_id, p_service, p_key, p_expires_at);
end;
$$;
comment on function public.hold(uuid, text, text, double precision) is
'Adds a reference or moves its expiry.';

create function public.release(p_object_id uuid, p_service text, p_key text)
returns void language plpgsql set search_path = '' as $$
begin
    perform from public.objects where id = p_object_id for no key update;
    delete from public."references"
    where object_id = p_object_id and service = p_service and "key" = p_key;
end;
$$;
comment on function public.release(uuid, text, text) is 'Removes a reference, if there is one.';

create function public.renew(p_service text, p_expires_at double precision, p_now double precision)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    update public."references" set expires_at = p_expires_at
    where service = p_service and expires_at > p_now;
end;
$$;
comment on function public.renew(text, double precision, double precision) is
'Moves the expiry of every temporary reference of a service that is not over yet.';

insert into public.schema_version (version, name) values ('20261122000700', 'objects');
