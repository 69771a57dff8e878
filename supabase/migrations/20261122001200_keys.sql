-- The keys that let other services in.

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

insert into public.schema_version (version, name) values ('20261122001200', 'keys');
