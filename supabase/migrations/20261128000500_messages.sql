-- Messages without chunks, page by page, each behind the one before.

create function public.orphan_messages(p_after bigint, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(page) order by page.id) from (
            select * from public.messages where chunk_count = 0 and id > p_after
            order by id limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.orphan_messages(bigint, bigint) is
'Messages behind an id that hold no chunk, oldest first.';

create function public.forget_message(p_message_id bigint)
returns void language plpgsql set search_path = '' as $$
begin
    delete from public.messages where id = p_message_id and chunk_count = 0;
end;
$$;
comment on function public.forget_message(bigint) is
'Forgets a message that Discord has deleted, unless a chunk lies in it.';

insert into public.schema_version (version, name) values ('20261128000500', 'messages');
