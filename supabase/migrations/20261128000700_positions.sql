-- Where in a listing the first entry stands that is called so, or whose name starts so.
--
-- The entry at the start is looked up first, then the index is read from there to the first entry
-- that matches, then what precedes that one is counted. Ties go by name ascending, as in listings.

create function catalog_private.position_in(
    p_table regclass, p_parent text, p_key text, p_ascending boolean,
    p_folder_id bigint, p_name text, p_is_prefix boolean, p_start bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_is_by_name constant boolean := p_key = 'name';
    v_order constant text := case
        when v_is_by_name and p_ascending then 'name'
        when v_is_by_name then 'name desc'
        when p_ascending then format('%I, name', p_key)
        else format('%I desc, name', p_key)
    end;
    v_not_before constant text := case
        when v_is_by_name and p_ascending then 'name >= start_name'
        when v_is_by_name then 'name <= start_name'
        when p_ascending then format('(%I, name) >= (start_key, start_name)', p_key)
        else format('%1$I <= start_key and (%1$I < start_key or name >= start_name)', p_key)
    end;
    v_before constant text := case
        when v_is_by_name and p_ascending then 'name < found_name'
        when v_is_by_name then 'name > found_name'
        when p_ascending then format('(%I, name) < (found_key, found_name)', p_key)
        else format('%1$I >= found_key and (%1$I > found_key or name < found_name)', p_key)
    end;
    -- Under "C" only ASCII is folded. Unlike LIKE, a comparison knows no wildcards.
    v_match constant text := case
        when p_is_prefix then 'lower(left(name, length($2))) = lower($2 collate "C")'
        else 'name = $2'
    end;
    v_position jsonb;
begin
    execute format(
        'with start as materialized (
            select %3$I as start_key, name as start_name from %1$s where %2$I = $1
            order by %4$s limit 1 offset $3
        ), found as materialized (
            select found_key, found_name from start cross join lateral (
                select %3$I as found_key, name as found_name from %1$s
                where %2$I = $1 and %5$s and %6$s order by %4$s limit 1
            ) as line
        )
        select jsonb_build_object(
            ''index'', (select count(*) from %1$s where %2$I = $1 and %7$s), ''name'', found_name
        ) from found',
        p_table, p_parent, p_key, v_order, v_not_before, v_match, v_before
    ) using p_folder_id, p_name, p_start into v_position;
    return v_position;
end;
$$;
comment on function catalog_private.position_in(
    regclass, text, text, boolean, bigint, text, boolean, bigint
) is
'Index and name of the first entry of a folder that matches, from a start on; null: none.';

create function public.subfolder_position(
    p_folder_id bigint, p_name text, p_is_prefix boolean, p_ascending boolean, p_start bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.position_in(
        'public.folders', 'parent_id', 'name', p_ascending,
        p_folder_id, p_name, p_is_prefix, p_start
    );
end;
$$;
comment on function public.subfolder_position(bigint, text, boolean, boolean, bigint) is
'Index and name of the first subfolder that is called so, or whose name starts so; null: none.';

create function public.file_position(
    p_folder_id bigint, p_name text, p_is_prefix boolean, p_order text, p_ascending boolean,
    p_start bigint
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.position_in(
        'public.files', 'folder_id', p_order, p_ascending,
        p_folder_id, p_name, p_is_prefix, p_start
    );
end;
$$;
comment on function public.file_position(bigint, text, boolean, text, boolean, bigint) is
'Index and name of the first file that is called so, or whose name starts so; null: none.';

insert into public.schema_version (version, name) values ('20261128000700', 'positions');
