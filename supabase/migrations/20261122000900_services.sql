-- What other services hold, the keys that let them in, and the views that are made from objects.

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

create function public.create_key(
    p_name text, p_key_hash bytea, p_created_by bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_key public.api_keys;
begin
    perform catalog_private.require_user(p_created_by);
    insert into public.api_keys (service, key_hash, created_by, created_at)
    values (p_name, p_key_hash, p_created_by, p_now)
    on conflict do nothing returning * into v_key;
    if v_key.id is null then
        select * into v_key from public.api_keys
        where service = p_name and revoked_at is null and key_hash = p_key_hash;
    end if;
    if v_key.id is null then
        perform catalog_private.refuse('key-name-taken', 'a key of this name is in force');
    end if;
    return to_jsonb(v_key);
end;
$$;
comment on function public.create_key(text, bytea, bigint, double precision) is
'Lets a service in, unless a key of that name is in force.';

create function public.key_by_hash(p_key_hash bytea)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(api_keys) from public.api_keys
        where api_keys.key_hash = p_key_hash and api_keys.revoked_at is null
    );
end;
$$;
comment on function public.key_by_hash(bytea) is 'The key in force with that hash, or null.';

create function public.revoke_key(p_request_id uuid, p_name text, p_now double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    update public.api_keys set revoked_at = p_now where service = p_name and revoked_at is null;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(found));
end;
$$;
comment on function public.revoke_key(uuid, text, double precision) is
'Ends the key of that name. False when none was in force.';

create function public.list_keys()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(api_keys) order by api_keys.service, api_keys.id)
        from public.api_keys
    ), '[]');
end;
$$;
comment on function public.list_keys() is 'All keys, revoked ones too, by name, then oldest first.';

create function catalog_private.put_view(p_object_id uuid, p_name text, p_view_object_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.require_stored(p_object_id, 'object-missing');
    perform catalog_private.require_stored(p_view_object_id, 'object-missing');
    insert into public.views (object_id, name, view_object_id)
    values (p_object_id, p_name, p_view_object_id)
    on conflict (object_id, name) do update set view_object_id = excluded.view_object_id;
end;
$$;
comment on function catalog_private.put_view(uuid, text, uuid) is
'A view, or another one in its place, under the store''s lock.';

create function public.put_view(p_object_id uuid, p_name text, p_view_object_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    perform catalog_private.put_view(p_object_id, p_name, p_view_object_id);
end;
$$;
comment on function public.put_view(uuid, text, uuid) is
'Makes a stored object the view of that name; one that it replaces is let go.';

create function public.views_of(p_object_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(jsonb_build_object(
            'object_id', views.object_id, 'name', views.name,
            'content', catalog_private.object_json(objects)
        ) order by views.name)
        from public.views join public.objects on objects.id = views.view_object_id
        where views.object_id = p_object_id
    ), '[]');
end;
$$;
comment on function public.views_of(uuid) is 'The views of an object, by name.';

create function public.metadata_of(p_object_id uuid)
returns json language plpgsql stable set search_path = '' as $$
begin
    return (select objects.metadata from public.objects where objects.id = p_object_id);
end;
$$;
comment on function public.metadata_of(uuid) is
'What processing found out about an object, null before that.';

insert into public.schema_version (version, name) values ('20261122000900', 'services');
