-- The content of many small files is located in one request.

create function public.single_chunks(p_object_ids uuid[])
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(jsonb_build_object(
            'object', catalog_private.object_json(objects), 'chunk', to_jsonb(chunks),
            'message', to_jsonb(messages)
        ))
        from public.objects
        join public.chunks on chunks.object_id = objects.id and chunks."index" = 0
        join public.messages on messages.id = chunks.message_id
        where objects.id = any(p_object_ids) and objects.chunk_count = 1
        and objects.state = 'stored'
    ), '[]');
end;
$$;
comment on function public.single_chunks(uuid[]) is
'Those of these objects that are stored as one chunk, each with the chunk and its message.';

revoke execute on function public.single_chunks(uuid[]) from public, anon, authenticated;
grant execute on function public.single_chunks(uuid[]) to service_role;

insert into public.schema_version (version, name) values ('20261130020000', 'single_chunks');
