-- Names are listed in natural order, without regard to case: by a key, and those of equal keys by id.
--
-- The rules are those of catalog/sort_keys.py.

create function catalog_private.natural_sort_key(p_name text)
returns text language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
    v_folded constant text := catalog_private.folded(p_name);
begin
    if v_folded !~ '[0-9]' then
        return left(v_folded, 255);
    end if;
    return (
        select left(string_agg(part[1] || case part[2] when '' then '' else
            '0' || lpad(to_hex(length(ltrim(part[2], '0'))), 2, '0') || ltrim(part[2], '0')
        end, '' order by number), 255)
        from regexp_matches(v_folded, '([^0-9]*)([0-9]*)', 'g')
        with ordinality as found (part, number)
    );
end;
$$;
comment on function catalog_private.natural_sort_key(text) is
'The key by which a name is listed, as catalog/sort_keys.py says.';

revoke execute on function catalog_private.natural_sort_key(text) from public, anon, authenticated;
grant execute on function catalog_private.natural_sort_key(text) to service_role;

alter table public.folders add column sort_key text collate "C" not null
generated always as (catalog_private.natural_sort_key(name)) stored;
comment on column public.folders.sort_key is 'By which it is listed in its parent; those of equal keys go by id.';
create index folders_by_sort_key on public.folders (parent_id, sort_key, id);

alter table public.files add column sort_key text collate "C" not null
generated always as (catalog_private.natural_sort_key(name)) stored;
comment on column public.files.sort_key is 'By which it is listed in its folder; those of equal keys go by id.';
create index files_by_sort_key on public.files (folder_id, sort_key, id);

-- Ties go by key and id, ascending in both directions but of names.
drop index public.files_by_size;
drop index public.files_by_size_descending;
drop index public.files_by_update;
drop index public.files_by_update_descending;
create index files_by_size on public.files (folder_id, size, sort_key, id);
create index files_by_size_descending on public.files (folder_id, size desc, sort_key, id);
create index files_by_update on public.files (folder_id, updated_at, sort_key, id);
create index files_by_update_descending on public.files (folder_id, updated_at desc, sort_key, id);

create function catalog_private.listing_order(p_order text, p_ascending boolean)
returns text language plpgsql immutable set search_path = '' as $$
begin
    return case
        when p_order = 'name' and p_ascending then 'sort_key, id'
        when p_order = 'name' then 'sort_key desc, id desc'
        when p_ascending then format('%I, sort_key, id', p_order)
        else format('%I desc, sort_key, id', p_order)
    end;
end;
$$;
comment on function catalog_private.listing_order(text, boolean) is
'What entries of a folder are ordered by, for a statement that is put together.';
revoke execute on function catalog_private.listing_order(text, boolean) from public, anon, authenticated;
grant execute on function catalog_private.listing_order(text, boolean) to service_role;

create or replace function public.list_folders(
    p_folder_id bigint, p_offset bigint, p_limit bigint, p_ascending boolean
)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_page jsonb;
begin
    execute format(
        'select jsonb_agg(to_jsonb(page)) from (
            select id, name, parent_id from public.folders where parent_id = $1
            order by %s limit $2 offset $3
        ) as page',
        catalog_private.listing_order('name', p_ascending)
    ) using p_folder_id, p_limit, p_offset into v_page;
    return jsonb_build_object(
        'parent_path', catalog_private.folder_path(p_folder_id), 'folders', coalesce(v_page, '[]')
    );
end;
$$;

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
        'select array(select id from public.files where folder_id = $1
            order by %s limit $2 offset $3)',
        catalog_private.listing_order(p_order, p_ascending)
    ) using p_folder_id, p_limit, p_offset into v_ids;
    return catalog_private.files_json(v_ids, p_viewer_id);
end;
$$;
comment on function public.list_files(bigint, bigint, text, boolean, bigint, bigint) is
'A page of a folder''s files, with the viewer''s shares. Ties go by name and id, ascending.';

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
                select max(updated_at) from public.files where folder_id = page.id
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

drop function public.subfolder_position(bigint, text, boolean, boolean, bigint);
drop function public.file_position(bigint, text, boolean, text, boolean, bigint);
drop function catalog_private.position_in(
    regclass, text, text, boolean, bigint, text, boolean, bigint
);

create function catalog_private.position_in(
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
            from %1$s where %2$I = $1 and name = $2'
        else 'select line.* from (
                select %3$I as start_key, sort_key as start_sort_key, id as start_id
                from %1$s where %2$I = $1 order by %4$s limit 1 offset $4
            ) as start cross join lateral (
                select %3$I as found_key, sort_key as found_sort_key, id as found_id, name as found_name
                from %1$s where %2$I = $1 and %5$s and sort_key like $3 order by %4$s limit 1
            ) as line'
    end;
    v_position jsonb;
begin
    execute format(
        'with found as materialized (' || v_found || '), counted as materialized (
            select (select count(*) from %1$s where %2$I = $1 and %6$s) as "index",
                found_name as name from found
        )
        select to_jsonb(counted) from counted where "index" >= $4',
        p_table, p_parent, p_key, catalog_private.listing_order(p_key, p_ascending),
        v_not_before, v_before
    ) using p_folder_id, p_name, p_pattern, p_start into v_position;
    return v_position;
end;
$$;
comment on function catalog_private.position_in(
    regclass, text, text, boolean, bigint, text, text, bigint
) is
'Index and name of an entry of a folder: the first whose key is like the pattern, or without one that of the name; null: none from the start on.';

create function public.subfolder_position(
    p_folder_id bigint, p_name text, p_pattern text, p_ascending boolean, p_start bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.position_in(
        'public.folders', 'parent_id', 'name', p_ascending,
        p_folder_id, p_name, p_pattern, p_start
    );
end;
$$;
comment on function public.subfolder_position(bigint, text, text, boolean, bigint) is
'Index and name of the first subfolder whose key is like the pattern, or of that name; null: none.';

create function public.file_position(
    p_folder_id bigint, p_name text, p_pattern text, p_order text, p_ascending boolean,
    p_start bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.position_in(
        'public.files', 'folder_id', p_order, p_ascending,
        p_folder_id, p_name, p_pattern, p_start
    );
end;
$$;
comment on function public.file_position(bigint, text, text, text, boolean, bigint) is
'Index and name of the first file whose key is like the pattern, or of that name; null: none.';

revoke execute on function catalog_private.position_in(
    regclass, text, text, boolean, bigint, text, text, bigint
),
public.subfolder_position(bigint, text, text, boolean, bigint),
public.file_position(bigint, text, text, text, boolean, bigint) from public, anon, authenticated;
grant execute on function catalog_private.position_in(
    regclass, text, text, boolean, bigint, text, text, bigint
),
public.subfolder_position(bigint, text, text, boolean, bigint),
public.file_position(bigint, text, text, text, boolean, bigint) to service_role;

insert into public.schema_version (version, name) values ('20261130071000', 'natural_order');
