-- What is about to be deleted is told with the name under which it was stored, and whose it was.

create or replace function public.garbage(p_limit bigint, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(
            to_jsonb(entry) || jsonb_build_object(
                'name', commits.name,
                'folder', catalog_private.folder_path(commits.folder_id),
                'owner', coalesce(
                    owner.name, holder.name,
                    case when tickets.holder like 'user:%' then null else tickets.holder end
                )
            ) order by entry.part, entry.since
        )
        from (
            (
                select id, size, unreferenced_since as since, 1 as part from public.objects
                where reference_count = 0 and unreferenced_since is not null
                order by unreferenced_since limit p_limit
            )
            union all
            (
                select id, size, unreferenced_since, 2 from public.objects
                where reference_count = 0 and unreferenced_since is null limit p_limit
            )
            union all
            (
                select objects.id, objects.size, objects.unreferenced_since, 3
                from public."references" join public.objects
                on objects.id = "references".object_id
                where "references".expires_at <= p_now
                group by objects.id having count(*) = objects.reference_count
                limit p_limit
            )
            order by part, since limit p_limit
        ) as entry
        left join public.commits on commits.object_id = entry.id
        left join public.users as owner on owner.id = commits.owner_id
        left join public.tickets on tickets.id = entry.id
        left join public.users as holder on 'user:' || holder.id = tickets.holder
    ), '[]');
end;
$$;

insert into public.schema_version (version, name) values ('20261129000401', 'named_garbage');
