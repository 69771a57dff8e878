-- What administrators see of what users store.

create index versions_by_owner on public.versions (owner_id, size);
comment on index public.versions_by_owner is 'The versions of a user.';

create function public.user_usages(
    p_order text, p_direction integer, p_offset bigint, p_limit bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(page) order by page.place)
        from (
            select usage.*, row_number() over (
                order by p_direction * case p_order
                        when 'stored' then usage.used_bytes
                        when 'files' then usage.used_files
                        when 'quota' then coalesce(usage.quota_bytes, 1e18)
                        when 'seen' then coalesce(usage.seen_at, 0)
                        else 0
                    end,
                    case when p_order = 'name' and p_direction = -1
                        then lower(usage.name) end collate "C" desc nulls last,
                    lower(usage.name) collate "C"
            ) as place
            from (
                select users.*,
                    (
                        select coalesce(sum(size), 0) from public.files
                        where owner_id = users.id and trash_id is not null
                    ) as trash_bytes,
                    (
                        select count(*) from public.files
                        where owner_id = users.id and trash_id is not null
                    ) as trash_files,
                    (
                        select coalesce(sum(size), 0) from public.versions
                        where owner_id = users.id
                    ) as version_bytes,
                    greatest(
                        (select max(last_seen_at) from public.login_sessions where user_id = users.id),
                        (select max(last_used_at) from public.app_passwords where user_id = users.id)
                    ) as seen_at
                from public.users
            ) as usage
            order by place offset p_offset limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.user_usages(text, integer, bigint, bigint) is
'A page of what users store, in an order; a direction of -1 turns it round.';

revoke execute on function public.user_usages(text, integer, bigint, bigint)
from public, anon, authenticated;
grant execute on function public.user_usages(text, integer, bigint, bigint) to service_role;

insert into public.schema_version (version, name) values ('20261130195600', 'user_usages');
