-- Sizes and dates of folders, and the files that were changed last.

alter table public.folders add column created_at double precision;
alter table public.folders
alter column created_at set default extract(epoch from clock_timestamp());
comment on column public.folders.created_at is
'When it was made or imported, in seconds since the epoch; null: before this was kept.';

create index files_by_owner_and_update on public.files (owner_id, updated_at, id);
comment on index public.files_by_owner_and_update is
'The files of a user, or of everybody, that were changed last.';
create index files_public_by_update on public.files (updated_at, id) where is_public;
comment on index public.files_public_by_update is 'The public files that were changed last.';

create function public.folder_summaries(
    p_folder_id bigint, p_offset bigint, p_limit bigint, p_ascending boolean
)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_summaries jsonb;
begin
    execute format(
        'select jsonb_agg(to_jsonb(summary)) from (
            select page.id, coalesce((
                select sum(bytes) from public.folder_usage where folder_id = page.id
            ), 0) as size, page.created_at, (
                select max(updated_at) from public.files where folder_id = page.id
            ) as updated_at
            from (
                select id, name, created_at from public.folders where parent_id = $1
                order by name %1$s limit $2 offset $3
            ) as page
            order by page.name %1$s
        ) as summary',
        case when p_ascending then 'asc' else 'desc' end
    ) using p_folder_id, p_limit, p_offset into v_summaries;
    return coalesce(v_summaries, '[]');
end;
$$;
comment on function public.folder_summaries(bigint, bigint, bigint, boolean) is
'A page of subfolders by name: bytes of their subtrees, and when they and their files were made and changed.';

create function public.recent_files(p_viewer_id bigint, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_ids bigint[];
begin
    -- Each way to a right has an index in the order of time, but shares: all of the viewer's are looked at.
    v_ids := array(
        select id from (
            (select id, updated_at from public.files where owner_id = p_viewer_id
            order by updated_at desc, id desc limit p_limit)
            union
            (select id, updated_at from public.files where owner_id is null
            order by updated_at desc, id desc limit p_limit)
            union
            (select id, updated_at from public.files where is_public
            order by updated_at desc, id desc limit p_limit)
            union
            (select files.id, files.updated_at from public.shares
            join public.files on files.id = shares.file_id
            where shares.user_id = p_viewer_id
            order by files.updated_at desc, files.id desc limit p_limit)
        ) as found order by updated_at desc, id desc limit p_limit
    );
    return jsonb_build_object(
        'files', catalog_private.files_json(v_ids, p_viewer_id),
        'folders', coalesce((
            select jsonb_agg(jsonb_build_object(
                'id', folder_id, 'path', catalog_private.folder_path(folder_id)
            )) from (select distinct folder_id from public.files where id = any(v_ids)) as places
        ), '[]')
    );
end;
$$;
comment on function public.recent_files(bigint, bigint) is
'The files that a user may read and whose content changed last, and the folders they lie in.';

revoke execute on function public.folder_summaries(bigint, bigint, bigint, boolean),
public.recent_files(bigint, bigint) from public, anon, authenticated;
grant execute on function public.folder_summaries(bigint, bigint, bigint, boolean),
public.recent_files(bigint, bigint) to service_role;

insert into public.schema_version (version, name) values ('20261130030100', 'overview');
