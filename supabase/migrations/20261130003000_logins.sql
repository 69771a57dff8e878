-- Logins of users, and passwords of programs.

create table public.login_sessions (
    id uuid primary key,
    user_id bigint not null references public.users (id) on delete cascade,
    epoch bigint not null,
    device text collate "C" not null check (length(device) between 1 and 64),
    address text collate "C" not null,
    created_at double precision not null,
    last_seen_at double precision not null,
    expires_at double precision not null,
    generation bigint not null check (generation >= 0),
    renewed_at double precision not null
);
comment on table public.login_sessions is
'Logins of users. A login ends by its row, its time, or another password: then the epoch is not the user''s any more.';
comment on column public.login_sessions.id is 'Tokens carry it.';
comment on column public.login_sessions.user_id is 'Who logged in.';
comment on column public.login_sessions.epoch is 'The user''s token epoch when it began, or was carried over a change of password.';
comment on column public.login_sessions.device is 'What the client calls itself.';
comment on column public.login_sessions.address is 'Where it was seen last.';
comment on column public.login_sessions.created_at is 'Seconds since the epoch.';
comment on column public.login_sessions.last_seen_at is 'Seconds since the epoch; up to some minutes old.';
comment on column public.login_sessions.expires_at is 'Seconds since the epoch.';
comment on column public.login_sessions.generation is 'How often its token was renewed.';
comment on column public.login_sessions.renewed_at is 'When that was last, in seconds since the epoch.';

create index login_sessions_by_user on public.login_sessions (user_id, last_seen_at, id);
create index login_sessions_by_expiry on public.login_sessions (expires_at);

create table public.app_passwords (
    id uuid primary key,
    user_id bigint not null references public.users (id) on delete cascade,
    "name" text collate "C" not null check (length("name") between 1 and 64),
    secret_hash bytea not null unique check (length(secret_hash) = 32),
    is_read_only boolean not null,
    folder_id bigint references public.folders (id) on delete cascade,
    created_at double precision not null,
    last_used_at double precision,
    expires_at double precision,
    unique (user_id, "name")
);
comment on table public.app_passwords is
'Passwords of programs, which may do less than their users. What is confined to a folder goes with the folder.';
comment on column public.app_passwords.id is 'Made by the manager.';
comment on column public.app_passwords.user_id is 'Whose it is.';
comment on column public.app_passwords."name" is 'The user''s name for it.';
comment on column public.app_passwords.secret_hash is 'SHA-256 of the text, which the program alone knows.';
comment on column public.app_passwords.is_read_only is 'Whether it changes nothing.';
comment on column public.app_passwords.folder_id is 'The folder to which it is confined; null: to none.';
comment on column public.app_passwords.created_at is 'Seconds since the epoch.';
comment on column public.app_passwords.last_used_at is 'Seconds since the epoch; up to some minutes old.';
comment on column public.app_passwords.expires_at is 'Seconds since the epoch; null: never.';

create index app_passwords_by_folder on public.app_passwords (folder_id);

alter table public.login_sessions enable row level security;
revoke all on public.login_sessions from public, anon, authenticated;
grant select, insert, update, delete on public.login_sessions to service_role;
alter table public.app_passwords enable row level security;
revoke all on public.app_passwords from public, anon, authenticated;
grant select, insert, update, delete on public.app_passwords to service_role;

create function public.session_login(p_session_id uuid, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select jsonb_build_object('user', to_jsonb(users), 'session', to_jsonb(session))
        from public.login_sessions as session
        join public.users on users.id = session.user_id and users.token_epoch = session.epoch
        where session.id = p_session_id and session.expires_at > p_now
    );
end;
$$;
comment on function public.session_login(uuid, double precision) is
'A session that has not ended, and its user; else null.';

create function public.add_session(
    p_request_id uuid, p_session jsonb, p_limit bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_session public.login_sessions;
    v_epoch bigint;
    v_ended jsonb;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    v_session := jsonb_populate_record(null::public.login_sessions, p_session);
    perform catalog_private.require_user(v_session.user_id);
    if exists (select from public.login_sessions where id = v_session.id) then
        return '[]';
    end if;
    select token_epoch into v_epoch from public.users where id = v_session.user_id;
    with gone as (
        delete from public.login_sessions as old where old.user_id = v_session.user_id and (
            old.expires_at <= p_now or old.epoch <> v_epoch or old.id not in (
                select kept.id from public.login_sessions as kept
                where kept.user_id = v_session.user_id and kept.expires_at > p_now
                and kept.epoch = v_epoch
                order by kept.last_seen_at desc, kept.id desc limit p_limit - 1
            )
        )
        returning old.id
    )
    select coalesce(jsonb_agg(gone.id), '[]') into v_ended from gone;
    insert into public.login_sessions values (v_session.*);
    return catalog_private.answered(p_request_id, p_now, v_ended);
end;
$$;
comment on function public.add_session(uuid, jsonb, bigint, double precision) is
'Adds a login, and deletes those that have ended and those seen least lately beyond the limit. Answers which.';

create function public.sessions_of(p_user_id bigint, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(
            jsonb_agg(to_jsonb(session) order by session.last_seen_at desc, session.id desc), '[]'
        )
        from public.login_sessions as session
        join public.users on users.id = session.user_id and users.token_epoch = session.epoch
        where session.user_id = p_user_id and session.expires_at > p_now
    );
end;
$$;
comment on function public.sessions_of(bigint, double precision) is
'A user''s sessions that have not ended, those seen last first.';

create function public.renew_session(
    p_request_id uuid, p_session_id uuid, p_generation bigint, p_leeway_s double precision,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_session public.login_sessions;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    if public.session_login(p_session_id, p_now) is null then
        return null;
    end if;
    select * into v_session from public.login_sessions where id = p_session_id for update;
    if v_session.generation = p_generation then
        update public.login_sessions set generation = generation + 1, renewed_at = p_now
        where id = p_session_id;
    elsif v_session.generation <> p_generation + 1 or p_now >= v_session.renewed_at + p_leeway_s then
        delete from public.login_sessions where id = p_session_id;
        return null;
    end if;
    return catalog_private.answered(
        p_request_id, p_now, public.session_login(p_session_id, p_now)
    );
end;
$$;
comment on function public.renew_session(uuid, uuid, bigint, double precision, double precision) is
'Raises the generation of a session; ends the session if this one was used before.';

create function public.carry_session(p_session_id uuid, p_from_epoch bigint, p_to_epoch bigint)
returns void language plpgsql set search_path = '' as $$
begin
    update public.login_sessions set epoch = p_to_epoch
    where id = p_session_id and epoch = p_from_epoch;
end;
$$;
comment on function public.carry_session(uuid, bigint, bigint) is
'A session outlives a change of password.';

create function public.touch_session(p_session_id uuid, p_address text, p_seen_at double precision)
returns void language plpgsql set search_path = '' as $$
begin
    update public.login_sessions set address = p_address, last_seen_at = p_seen_at
    where id = p_session_id and last_seen_at < p_seen_at;
end;
$$;
comment on function public.touch_session(uuid, text, double precision) is 'A session was used.';

create function public.end_session(
    p_request_id uuid, p_session_id uuid, p_user_id bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    delete from public.login_sessions where id = p_session_id and user_id = p_user_id;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(found));
end;
$$;
comment on function public.end_session(uuid, uuid, bigint, double precision) is
'Ends a session of that user. False when there was none.';

create function public.end_sessions_of(
    p_request_id uuid, p_user_id bigint, p_keep uuid, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_ended jsonb;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    with gone as (
        delete from public.login_sessions
        where user_id = p_user_id and id is distinct from p_keep returning id
    )
    select coalesce(jsonb_agg(gone.id), '[]') into v_ended from gone;
    return catalog_private.answered(p_request_id, p_now, v_ended);
end;
$$;
comment on function public.end_sessions_of(uuid, bigint, uuid, double precision) is
'Ends all sessions of a user but one. Answers which.';

create function public.live_sessions(p_session_ids uuid[], p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(jsonb_agg(session.id), '[]')
        from public.login_sessions as session
        join public.users on users.id = session.user_id and users.token_epoch = session.epoch
        where session.id = any (p_session_ids) and session.expires_at > p_now
    );
end;
$$;
comment on function public.live_sessions(uuid[], double precision) is
'Those of these sessions that have not ended.';

create function public.drop_ended_sessions(
    p_request_id uuid, p_limit bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_count bigint;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    delete from public.login_sessions where id in (
        select id from public.login_sessions where expires_at <= p_now
        order by expires_at limit p_limit
    );
    get diagnostics v_count = row_count;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(v_count));
end;
$$;
comment on function public.drop_ended_sessions(uuid, bigint, double precision) is
'Deletes some expired sessions. Answers how many.';

create function catalog_private.app_password_json(p_app_password public.app_passwords)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return to_jsonb(p_app_password) || jsonb_build_object(
        'folder', case when p_app_password.folder_id is not null
            then catalog_private.folder_path(p_app_password.folder_id) end
    );
end;
$$;
comment on function catalog_private.app_password_json(public.app_passwords) is
'An app password, and where its folder is.';

create function catalog_private.live_app_passwords(p_now double precision)
returns setof public.app_passwords language sql stable set search_path = '' as $$
    select app_passwords.* from public.app_passwords
    join public.users on users.id = app_passwords.user_id
    where (app_passwords.expires_at is null or app_passwords.expires_at > p_now)
    and users.password_hash <> catalog_private.no_password();
$$;
comment on function catalog_private.live_app_passwords(double precision) is
'App passwords that have not ended.';

create function public.add_app_password(p_app_password jsonb, p_limit bigint)
returns void language plpgsql set search_path = '' as $$
declare
    v_new public.app_passwords;
begin
    perform catalog_private.lock_store();
    v_new := jsonb_populate_record(
        null::public.app_passwords,
        p_app_password || jsonb_build_object('secret_hash', '\x' || (p_app_password ->> 'secret_hash'))
    );
    perform catalog_private.require_user(v_new.user_id);
    if v_new.folder_id is not null and not exists (
        select from public.folders where id = v_new.folder_id
    ) then
        perform catalog_private.refuse(
            'folder-missing', format('there is no folder %s', v_new.folder_id)
        );
    end if;
    if exists (select from public.app_passwords where id = v_new.id) then
        return;
    end if;
    if exists (
        select from public.app_passwords where user_id = v_new.user_id and "name" = v_new."name"
    ) then
        perform catalog_private.refuse(
            'app-password-name-taken', 'there is an app password of this name'
        );
    end if;
    if (select count(*) from public.app_passwords where user_id = v_new.user_id) >= p_limit then
        perform catalog_private.refuse(
            'too-many-app-passwords', format('a user has %s app passwords at most', p_limit)
        );
    end if;
    insert into public.app_passwords values (v_new.*);
end;
$$;
comment on function public.add_app_password(jsonb, bigint) is
'Adds an app password, unless it is there.';

create function public.app_password_login(p_secret_hash text, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select jsonb_build_object(
            'user', to_jsonb(users),
            'app_password', catalog_private.app_password_json(live)
        )
        from catalog_private.live_app_passwords(p_now) as live
        join public.users on users.id = live.user_id
        where live.secret_hash = decode(p_secret_hash, 'hex')
    );
end;
$$;
comment on function public.app_password_login(text, double precision) is
'The app password with that hash and its user, unless it has ended; else null.';

create function public.app_passwords_of(p_user_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(
            jsonb_agg(catalog_private.app_password_json(app_passwords) order by "name"), '[]'
        )
        from public.app_passwords where user_id = p_user_id
    );
end;
$$;
comment on function public.app_passwords_of(bigint) is 'A user''s app passwords by name.';

create function public.live_app_passwords(p_app_password_ids uuid[], p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(jsonb_agg(catalog_private.app_password_json(live)), '[]')
        from catalog_private.live_app_passwords(p_now) as live
        where live.id = any (p_app_password_ids)
    );
end;
$$;
comment on function public.live_app_passwords(uuid[], double precision) is
'Those of these app passwords that have not ended.';

create function public.touch_app_password(p_app_password_id uuid, p_used_at double precision)
returns void language plpgsql set search_path = '' as $$
begin
    update public.app_passwords set last_used_at = p_used_at
    where id = p_app_password_id and (last_used_at is null or last_used_at < p_used_at);
end;
$$;
comment on function public.touch_app_password(uuid, double precision) is
'An app password was used.';

create function public.remove_app_password(
    p_request_id uuid, p_app_password_id uuid, p_user_id bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    delete from public.app_passwords where id = p_app_password_id and user_id = p_user_id;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(found));
end;
$$;
comment on function public.remove_app_password(uuid, uuid, bigint, double precision) is
'Revokes an app password of that user. False when there was none.';

create function catalog_private.read_app_passwords()
returns setof json language sql stable set search_path = '' as $$
    select json_build_object(
        'kind', 'app_password', 'id', id, 'user_id', user_id, 'name', "name",
        'secret_hash', encode(secret_hash, 'hex'), 'is_read_only', is_read_only,
        'folder_id', folder_id, 'created_at', created_at, 'last_used_at', last_used_at,
        'expires_at', expires_at
    )
    from public.app_passwords order by id;
$$;
comment on function catalog_private.read_app_passwords() is 'All app passwords, for an export.';

create function catalog_private.fill_app_passwords(p_id uuid, p_rank integer)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.app_passwords (id, user_id, "name", secret_hash, is_read_only, folder_id,
        created_at, last_used_at, expires_at)
    select r.id, r.user_id, r."name", decode(s ->> 'secret_hash', 'hex'), r.is_read_only, r.folder_id,
        r.created_at, r.last_used_at, r.expires_at
    from catalog_private.staged(p_id, p_rank) as s, json_to_record(s) as r (
        id uuid, user_id bigint, "name" text, is_read_only boolean, folder_id bigint,
        created_at double precision, last_used_at double precision, expires_at double precision
    );
end;
$$;
comment on function catalog_private.fill_app_passwords(uuid, integer) is
'The app passwords of an import.';

insert into catalog_private.transfer_kinds (rank, read_function, fill_function)
values (18, 'read_app_passwords', 'fill_app_passwords');

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.session_login(uuid, double precision)'::regprocedure,
        'public.add_session(uuid, jsonb, bigint, double precision)'::regprocedure,
        'public.sessions_of(bigint, double precision)'::regprocedure,
        'public.renew_session(uuid, uuid, bigint, double precision, double precision)'::regprocedure,
        'public.carry_session(uuid, bigint, bigint)'::regprocedure,
        'public.touch_session(uuid, text, double precision)'::regprocedure,
        'public.end_session(uuid, uuid, bigint, double precision)'::regprocedure,
        'public.end_sessions_of(uuid, bigint, uuid, double precision)'::regprocedure,
        'public.live_sessions(uuid[], double precision)'::regprocedure,
        'public.drop_ended_sessions(uuid, bigint, double precision)'::regprocedure,
        'catalog_private.app_password_json(public.app_passwords)'::regprocedure,
        'catalog_private.live_app_passwords(double precision)'::regprocedure,
        'public.add_app_password(jsonb, bigint)'::regprocedure,
        'public.app_password_login(text, double precision)'::regprocedure,
        'public.app_passwords_of(bigint)'::regprocedure,
        'public.live_app_passwords(uuid[], double precision)'::regprocedure,
        'public.touch_app_password(uuid, double precision)'::regprocedure,
        'public.remove_app_password(uuid, uuid, bigint, double precision)'::regprocedure,
        'catalog_private.read_app_passwords()'::regprocedure,
        'catalog_private.fill_app_passwords(uuid, integer)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130003000', 'logins');
