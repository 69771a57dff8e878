-- What other services hold.

create function public.create_reference(
    p_object_id uuid, p_service text, p_key text, p_expires_at double precision,
    p_now double precision
)
returns void language plpgsql set search_path = '' as $$
declare
    v_elsewhere public."references";
begin
    -- A reference of the same key that is over, on another object, makes way.
    perform catalog_private.lock_store();
    perform catalog_private.require_stored(p_object_id, 'object-missing');
    select * into v_elsewhere from public."references"
    where service = p_service and service like 'service:%' and "key" = p_key
    and object_id <> p_object_id;
    if found and coalesce(v_elsewhere.expires_at > p_now, true) then
        perform catalog_private.refuse(
            'reference-elsewhere', 'the key is on another object', v_elsewhere.object_id::text
        );
    end if;
    delete from public."references"
    where object_id = v_elsewhere.object_id and service = p_service and "key" = p_key;
    perform catalog_private.put_reference(p_object_id, p_service, p_key, p_expires_at);
end;
$$;
comment on function
public.create_reference(uuid, text, text, double precision, double precision) is
'Adds a reference of another service to a stored object; unique by service and key.';

create function public.release_reference(
    p_request_id uuid, p_service text, p_key text, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_object_id uuid;
    v_is_live boolean;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    select object_id into v_object_id from public."references"
    where service = p_service and service like 'service:%' and "key" = p_key;
    perform from public.objects where id = v_object_id for no key update;
    delete from public."references"
    where object_id = v_object_id and service = p_service and "key" = p_key
    returning expires_at is null or expires_at > p_now into v_is_live;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(coalesce(v_is_live, false)));
end;
$$;
comment on function public.release_reference(uuid, text, text, double precision) is
'Removes what another service has by that key. False when there was none.';

create function public.references_of(
    p_service text, p_after text, p_limit bigint, p_now double precision
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(page) order by page."key") from (
            select * from public."references"
            where service = p_service and service like 'service:%' and "key" > p_after
            and (expires_at is null or expires_at > p_now)
            order by "key" limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.references_of(text, text, bigint, double precision) is
'A page of the references of another service, by key.';

create function public.references_on(p_object_id uuid, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(held) order by held.service, held."key")
        from public."references" as held
        where held.object_id = p_object_id and (held.expires_at is null or held.expires_at > p_now)
    ), '[]');
end;
$$;
comment on function public.references_on(uuid, double precision) is
'What keeps an object alive, besides files and being a view.';

insert into public.schema_version (version, name) values ('20261122000900', 'references');
