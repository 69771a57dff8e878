-- Moving a folder into the trash writes all files in it, and each of them into every index again. Files in the
-- trash are listed nowhere, so the indexes of listings leave them out.
--
-- A trigger before updates has each of them compute generated columns again, whatever it changes: it is there for
-- new files alone, and the one place that replaces content sets the time itself.

drop trigger files_dated on public.files;
create trigger files_dated before insert on public.files
for each row execute function catalog_private.date_file();

create or replace function catalog_private.replace_content(
    p_content public.objects, p_file_id bigint, p_now double precision
)
returns void language plpgsql set search_path = '' as $$
declare
    v_file catalog_private.file_records;
begin
    select * into v_file from catalog_private.file_records where id = p_file_id;
    update public.files
    set object_id = (p_content).id, size = (p_content).size, updated_at = p_now,
        modified_at = coalesce((p_content).modified_at, p_now)
    where id = p_file_id;
    perform catalog_private.subtract_usage(v_file.folder_id, v_file.mime_type, v_file.size, 1);
    perform catalog_private.add_usage(
        v_file.folder_id, (p_content).mime_type, (p_content).size, 1
    );
end;
$$;

drop index public.files_by_sort_key;
create index files_by_sort_key on public.files (folder_id, sort_key, id) where trash_id is null;
drop index public.files_by_size;
create index files_by_size on public.files (folder_id, size, sort_key, id) where trash_id is null;
drop index public.files_by_size_descending;
create index files_by_size_descending on public.files (folder_id, size desc, sort_key, id) where trash_id is null;
drop index public.files_by_update;
create index files_by_update on public.files (folder_id, updated_at, sort_key, id) where trash_id is null;
drop index public.files_by_update_descending;
create index files_by_update_descending on public.files (folder_id, updated_at desc, sort_key, id) where trash_id is null;
drop index public.files_by_modification;
create index files_by_modification on public.files (folder_id, modified_at, sort_key, id) where trash_id is null;
drop index public.files_by_modification_descending;
create index files_by_modification_descending on public.files (folder_id, modified_at desc, sort_key, id) where trash_id is null;

create or replace function public.list_files(
    p_folder_id bigint, p_viewer_id bigint, p_order text, p_ascending boolean,
    p_offset bigint, p_limit bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_ids bigint[];
begin
    -- Ids first, from an index alone: the joins then meet one page, not all that OFFSET skips.
    execute format(
        'select array(select id from public.files where folder_id = $1 and trash_id is null
            order by %s limit $2 offset $3)',
        catalog_private.listing_order(p_order, p_ascending)
    ) using p_folder_id, p_limit, p_offset into v_ids;
    return catalog_private.files_json(v_ids, p_viewer_id);
end;
$$;

create or replace function public.folder_summaries(
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
                select max(updated_at) from public.files
                where folder_id = page.id and trash_id is null
            ) as updated_at
            from (
                select id, sort_key, created_at from public.folders where parent_id = $1
                order by %1$s limit $2 offset $3
            ) as page
            order by %1$s
        ) as summary',
        catalog_private.listing_order('name', p_ascending)
    ) using p_folder_id, p_limit, p_offset into v_summaries;
    return coalesce(v_summaries, '[]');
end;
$$;

create or replace function catalog_private.position_in(
    p_table regclass, p_parent text, p_key text, p_ascending boolean,
    p_folder_id bigint, p_name text, p_pattern text, p_start bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_is_by_name constant boolean := p_key = 'name';
    v_not_before constant text := case
        when v_is_by_name and p_ascending then '(sort_key, id) >= (start_sort_key, start_id)'
        when v_is_by_name then '(sort_key, id) <= (start_sort_key, start_id)'
        when p_ascending
        then format('(%I, sort_key, id) >= (start_key, start_sort_key, start_id)', p_key)
        else format(
            '%1$I <= start_key and '
            '(%1$I < start_key or (sort_key, id) >= (start_sort_key, start_id))', p_key
        )
    end;
    v_before constant text := case
        when v_is_by_name and p_ascending then '(sort_key, id) < (found_sort_key, found_id)'
        when v_is_by_name then '(sort_key, id) > (found_sort_key, found_id)'
        when p_ascending
        then format('(%I, sort_key, id) < (found_key, found_sort_key, found_id)', p_key)
        else format(
            '%1$I >= found_key and '
            '(%1$I > found_key or (sort_key, id) < (found_sort_key, found_id))', p_key
        )
    end;
    v_found constant text := case when p_pattern is null
        then 'select %3$I as found_key, sort_key as found_sort_key, id as found_id, name as found_name
            from %1$s where %2$I = $1 and trash_id is null and name = $2'
        else 'select line.* from (
                select %3$I as start_key, sort_key as start_sort_key, id as start_id
                from %1$s where %2$I = $1 and trash_id is null order by %4$s limit 1 offset $4
            ) as start cross join lateral (
                select %3$I as found_key, sort_key as found_sort_key, id as found_id, name as found_name
                from %1$s where %2$I = $1 and trash_id is null and %5$s and sort_key like $3 order by %4$s limit 1
            ) as line'
    end;
    v_position jsonb;
begin
    execute format(
        'with found as materialized (' || v_found || '), counted as materialized (
            select (select count(*) from %1$s where %2$I = $1 and trash_id is null and %6$s) as "index",
                found_name as name from found
        )
        select to_jsonb(counted) from counted where "index" >= $4',
        p_table, p_parent, p_key, catalog_private.listing_order(p_key, p_ascending),
        v_not_before, v_before
    ) using p_folder_id, p_name, p_pattern, p_start into v_position;
    return v_position;
end;
$$;

insert into public.schema_version (version, name) values ('20261130190300', 'unlisted_trash');
