-- Words that many contents have are found among those that were processed last, without reading all of them.

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
            where object_texts.id = any($1) and %s%s and not (%s or %s or %s) and exists (
                select from catalog_private.readable_files as readable
                where readable.viewer_id = entry.viewer_id and readable.file_id = files.id
            )
        )
        select hits.id, hits.changed_at from hits
        order by hits.changed_at desc, hits.id desc limit %s',
        p_query ->> 'conditions', v_position,
        catalog_private.name_condition(p_query, 0), catalog_private.name_condition(p_query, 1),
        catalog_private.name_condition(p_query, 2), p_limit
    ) using v_texts;
end;
$$;

insert into public.schema_version (version, name) values ('20261130072500', 'search_texts');
