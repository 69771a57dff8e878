-- Terms of one and two characters, which trigrams cannot find, have an index of their own; and content is found
-- by rights on folders, where these count.

-- So dear that it is only ever read off its index.
create function catalog_private.short_grams(p_folded text)
returns text[] language sql immutable strict parallel safe cost 100000 set search_path = '' as $$
    select array(
        select distinct substr(p_folded, start, length)
        from generate_series(1, length(p_folded)) as start
        cross join (values (1), (2)) as sizes (length)
        where start + length - 1 <= length(p_folded)
    )
$$;
comment on function catalog_private.short_grams(text) is
'What a name contains of one and two characters.';

create index search_entries_by_gram on public.search_entries
using gin (catalog_private.short_grams(folded)) with (gin_pending_list_limit = 256);

create function catalog_private.ids_by_grams(p_grams text[], p_limit bigint)
returns bigint[] language sql stable set search_path = '' set enable_seqscan = off as $$
    select array(
        select entry.id from public.search_entries as entry
        where catalog_private.short_grams(entry.folded) @> p_grams limit p_limit
    )
$$;
comment on function catalog_private.ids_by_grams(text[], bigint) is
'Entries whose names contain all of these, each of one or two characters; no more than so many.';

create or replace function catalog_private.search_names(
    p_viewer_id bigint, p_query jsonb, p_rank integer, p_after jsonb, p_limit bigint
)
returns table (id bigint, changed_at double precision)
language plpgsql stable set search_path = '' as $$
declare
    v_scanned constant bigint := 20000;
    v_name constant text := catalog_private.name_condition(p_query, p_rank);
    v_position text := '';
    v_page constant text := 'with hits as materialized (
        select entry.id, entry.changed_at from %s as entry where %s and %s%s
    ) select hits.id, hits.changed_at from hits order by hits.changed_at desc, hits.id desc limit %s';
    v_conditions constant text := p_query ->> 'conditions';
    v_end_at double precision;
    v_end_id bigint;
    v_found bigint;
    v_most constant bigint := 5000;
    v_grams constant text[] := array(select jsonb_array_elements_text(p_query -> 'grams'));
    v_ids bigint[];
begin
    if (p_after ->> 'rank')::integer = p_rank then
        v_position := format(
            ' and (entry.changed_at, entry.id) < (%L::double precision, %s)',
            p_after ->> 'changed_at', (p_after ->> 'id')::bigint
        );
    end if;
    -- What many entries satisfy is found among those that were changed last; what few do, by an index.
    if p_rank = 2 or p_query ->> 'text' = '' or p_rank = 1 and v_scanned < (
        select count(*) from (
            select from public.search_entries as entry
            where entry.folded > p_query ->> 'text'
            and entry.folded < (p_query ->> 'text') || chr(1114111)
            limit v_scanned + 1
        ) as few
    ) then
        execute format(
            'select entry.changed_at, entry.id from public.search_entries as entry where true%s
            order by entry.changed_at desc, entry.id desc offset %s limit 1', v_position, v_scanned - 1
        ) into v_end_at, v_end_id;
    end if;
    if v_end_id is not null then
        return query execute format(
            v_page,
            format(
                '(select * from catalog_private.findable_entries as entry where entry.viewer_id = %s%s
                order by entry.changed_at desc, entry.id desc limit %s)',
                p_viewer_id, v_position, v_scanned
            ),
            v_conditions, v_name, '', p_limit
        );
        get diagnostics v_found = row_count;
        if v_found >= p_limit then
            return;
        end if;
        p_limit := p_limit - v_found;
        v_position := format(
            ' and (entry.changed_at, entry.id) < (%L::double precision, %s)', v_end_at, v_end_id
        );
    end if;
    if p_rank = 2 and cardinality(v_grams) > 0 then
        v_ids := catalog_private.ids_by_grams(v_grams, v_most + 1);
        if cardinality(v_ids) <= v_most then
            v_position := v_position || format(' and entry.id = any(%L::bigint[])', v_ids);
        end if;
    end if;
    return query execute format(
        v_page, 'catalog_private.findable_entries', v_conditions, v_name, v_position, p_limit
    );
end;
$$;

create or replace function catalog_private.search_texts(p_query jsonb, p_after jsonb, p_limit bigint)
returns table (id bigint, changed_at double precision)
language plpgsql stable set search_path = '' as $$
declare
    v_most constant bigint := 1000;
    v_scanned constant bigint := 5000;
    v_words constant tsquery := (p_query ->> 'words')::tsquery;
    v_position text := '';
    v_texts bigint[];
begin
    if (p_after ->> 'rank')::integer = 3 then
        v_position := format(
            ' and (entry.changed_at, entry.id) < (%L::double precision, %s)',
            p_after ->> 'changed_at', (p_after ->> 'id')::bigint
        );
    end if;
    v_texts := array(
        select newest.id from (
            select object_texts.id, object_texts.lexemes from public.object_texts
            order by object_texts.id desc limit v_scanned
        ) as newest
        where newest.lexemes @@ v_words order by newest.id desc limit v_most
    );
    if cardinality(v_texts) < v_most then
        v_texts := array(
            select object_texts.id from public.object_texts
            where object_texts.lexemes @@ v_words order by object_texts.id desc limit v_most
        );
    end if;
    return query execute format(
        'with hits as materialized (
            select entry.id, entry.changed_at from public.object_texts
            join public.files on files.object_id = object_texts.object_id
            join catalog_private.findable_entries as entry on entry.id = 2 * files.id
            where object_texts.id = any($1) and %s%s and not (%s or %s or %s) and (exists (
                select from catalog_private.readable_files as readable
                where readable.viewer_id = entry.viewer_id and readable.file_id = files.id
            ) or %L::boolean and catalog_private.level_on(entry.viewer_id, files.folder_id) is not null)
        )
        select hits.id, hits.changed_at from hits
        order by hits.changed_at desc, hits.id desc limit %s',
        p_query ->> 'conditions', v_position,
        catalog_private.name_condition(p_query, 0), catalog_private.name_condition(p_query, 1),
        catalog_private.name_condition(p_query, 2),
        coalesce(p_query ->> 'counts_folder_rights', 'false'), p_limit
    ) using v_texts;
end;
$$;

revoke execute on function catalog_private.short_grams(text), catalog_private.ids_by_grams(text[], bigint)
from public, anon, authenticated;
grant execute on function catalog_private.short_grams(text), catalog_private.ids_by_grams(text[], bigint)
to service_role;

insert into public.schema_version (version, name) values ('20261130190200', 'short_terms');
