-- Users: making and finding them, and their passwords.

create function catalog_private.user_made_before(
    p_name text, p_password_hash text, p_is_admin boolean
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(users) from public.users
        where lower(users.name) = lower(p_name collate "C")
        and users.password_hash = p_password_hash and users.is_admin = p_is_admin
    );
end;
$$;
comment on function catalog_private.user_made_before(text, text, boolean) is
'The user, if this very call made it before; else null.';

create function catalog_private.require_user(p_user_id bigint)
returns void language plpgsql stable set search_path = '' as $$
begin
    if not exists (select from public.users where id = p_user_id) then
        perform catalog_private.refuse('user-missing', format('there is no user %s', p_user_id));
    end if;
end;
$$;
comment on function catalog_private.require_user(bigint) is 'Refuses a missing user.';

create function public.create_first_user(p_name text, p_password_hash text, p_now double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_user public.users;
    v_before jsonb;
begin
    -- Two first users of different names would not meet in any constraint.
    perform catalog_private.lock_store();
    if not exists (select from public.users) then
        insert into public.users (name, is_admin, password_hash, created_at)
        values (p_name, true, p_password_hash, p_now) returning * into v_user;
        return to_jsonb(v_user);
    end if;
    v_before := catalog_private.user_made_before(p_name, p_password_hash, true);
    if v_before is null then
        perform catalog_private.refuse('already-claimed', 'the first user exists already');
    end if;
    return v_before;
end;
$$;
comment on function public.create_first_user(text, text, double precision) is
'Makes the administrator, unless any user exists.';

create function public.create_user(
    p_name text, p_password_hash text, p_is_admin boolean, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_user public.users;
    v_before jsonb;
begin
    insert into public.users (name, is_admin, password_hash, created_at)
    values (p_name, p_is_admin, p_password_hash, p_now)
    on conflict (lower(name)) do nothing
    returning * into v_user;
    if v_user.id is not null then
        return to_jsonb(v_user);
    end if;
    v_before := catalog_private.user_made_before(p_name, p_password_hash, p_is_admin);
    if v_before is null then
        perform catalog_private.refuse('user-exists', 'the user name is taken');
    end if;
    return v_before;
end;
$$;
comment on function public.create_user(text, text, boolean, double precision) is
'Makes a user, unless the name is taken.';

create function public.user_by_name(p_name text)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(users) from public.users
        where lower(users.name) = lower(p_name collate "C")
    );
end;
$$;
comment on function public.user_by_name(text) is 'The user of that name, in whatever case, or null.';

create function public.user_by_id(p_user_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (select to_jsonb(users) from public.users where users.id = p_user_id);
end;
$$;
comment on function public.user_by_id(bigint) is 'The user with that id, or null.';

create function public.set_password(
    p_user_id bigint, p_password_hash text, p_epoch bigint default null
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_user public.users;
begin
    update public.users set password_hash = p_password_hash, token_epoch = token_epoch + 1
    where id = p_user_id and password_hash <> p_password_hash
    and (p_epoch is null or token_epoch = p_epoch);
    select * into v_user from public.users where id = p_user_id;
    if not found then
        perform catalog_private.refuse('user-missing', format('there is no user %s', p_user_id));
    end if;
    if v_user.password_hash <> p_password_hash then
        perform catalog_private.refuse(
            'password-changed', format('the user %s has another password by now', p_user_id)
        );
    end if;
    return to_jsonb(v_user);
end;
$$;
comment on function public.set_password(bigint, text, bigint) is
'A new password, and a new token epoch, unless the epoch is not the given one any more.';

create function public.search_users(p_query text, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_query constant text := lower(p_query collate "C");
begin
    return coalesce((
        select jsonb_agg(to_jsonb(hit) order by hit.is_inside, hit.folded) from (
            select users.*, lower(users.name) as folded,
                position(v_query in lower(users.name)) > 1 as is_inside
            from public.users
            where position(v_query in lower(users.name)) > 0
            order by is_inside, folded limit p_limit
        ) as hit
    ), '[]');
end;
$$;
comment on function public.search_users(text, bigint) is
'Users whose name contains the text, those that start with it first. Reads all of them.';

insert into public.schema_version (version, name) values ('20261122000300', 'accounts');
