-- Messages without chunks are listed page by page, each behind the one before.

drop function public.orphan_messages(bigint);

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

revoke execute on function public.orphan_messages(bigint, bigint)
from public, anon, authenticated;
grant execute on function public.orphan_messages(bigint, bigint) to service_role;

insert into public.schema_version (version, name) values ('20261128000500', 'orphan_pages');
