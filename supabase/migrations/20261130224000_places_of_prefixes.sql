-- A prefix finds what begins so, leading zeros of numbers included; where nothing does, its place is counted.
--
-- Keys have no leading zeros: the pattern decides which names are folded and looked at.

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
                from %1$s where %2$I = $1 and trash_id is null and %5$s and sort_key like $3
                and starts_with(catalog_private.folded(name), catalog_private.folded($2)) order by %4$s limit 1
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

create function public.subfolder_place(p_folder_id bigint, p_name text, p_ascending boolean)
returns bigint language plpgsql stable set search_path = '' as $$
declare
    v_key constant text collate "C" := catalog_private.natural_sort_key(p_name);
begin
    if p_ascending then
        return (
            select count(*) from public.folders
            where parent_id = p_folder_id and trash_id is null and sort_key < v_key
        );
    end if;
    return (
        select count(*) from public.folders
        where parent_id = p_folder_id and trash_id is null and sort_key > v_key
    );
end;
$$;
comment on function public.subfolder_place(bigint, text, boolean) is
'The index at which a subfolder of that name would be listed by name.';

create function public.file_place(p_folder_id bigint, p_name text, p_ascending boolean)
returns bigint language plpgsql stable set search_path = '' as $$
declare
    v_key constant text collate "C" := catalog_private.natural_sort_key(p_name);
begin
    if p_ascending then
        return (
            select count(*) from public.files
            where folder_id = p_folder_id and trash_id is null and sort_key < v_key
        );
    end if;
    return (
        select count(*) from public.files
        where folder_id = p_folder_id and trash_id is null and sort_key > v_key
    );
end;
$$;
comment on function public.file_place(bigint, text, boolean) is
'The index at which a file of that name would be listed by name.';

revoke execute on function public.subfolder_place(bigint, text, boolean),
public.file_place(bigint, text, boolean) from public, anon, authenticated;
grant execute on function public.subfolder_place(bigint, text, boolean),
public.file_place(bigint, text, boolean) to service_role;

insert into public.schema_version (version, name) values ('20261130224000', 'places_of_prefixes');
