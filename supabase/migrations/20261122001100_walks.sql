-- Going through a folder behind a name.

create function public.subfolders_after(p_folder_id bigint, p_after text, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(page) order by page.name) from (
            select * from public.folders where parent_id = p_folder_id and name > p_after
            order by name limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.subfolders_after(bigint, text, bigint) is
'Subfolders behind a name, with how many entries they have.';

create function public.subfolders_in(p_folder_id bigint, p_names text[])
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(folders)) from public.folders
        where folders.parent_id = p_folder_id and folders.name = any(p_names)
    ), '[]');
end;
$$;
comment on function public.subfolders_in(bigint, text[]) is
'Those subfolders that have one of the names.';

create function public.files_after(
    p_folder_id bigint, p_viewer_id bigint, p_after text, p_limit bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.files_json(array(
        select id from public.files where folder_id = p_folder_id and name > p_after
        order by name limit p_limit
    ), p_viewer_id);
end;
$$;
comment on function public.files_after(bigint, bigint, text, bigint) is
'Files behind a name, with the viewer''s shares.';

insert into public.schema_version (version, name) values ('20261122001100', 'walks');
