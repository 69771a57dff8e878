-- How much users may store, and do. Triggers count it, so that neither a commit nor a listing of accounts has to
-- count the files of a user, and refuse what would be too much: whatever changes files keeps to the quotas.

alter table public.users
add column quota_bytes bigint check (quota_bytes > 0),
add column quota_files bigint check (quota_files > 0),
add column used_bytes bigint not null default 0 check (used_bytes >= 0),
add column used_files bigint not null default 0 check (used_files >= 0);
comment on column public.users.quota_bytes is 'Bytes that the user''s files may have together; null: any number.';
comment on column public.users.quota_files is 'Files that the user may own; null: any number.';
comment on column public.users.used_bytes is 'Bytes of the user''s files, kept by triggers.';
comment on column public.users.used_files is 'Number of the user''s files, kept by triggers.';

create function catalog_private.count_owned_files()
returns void language plpgsql set search_path = '' as $$
begin
    update public.users set used_files = owned.files, used_bytes = owned.bytes
    from (
        select owner_id, count(*) as files, sum(size) as bytes from public.files
        where owner_id is not null group by owner_id
    ) as owned
    where users.id = owned.owner_id;
end;
$$;
comment on function catalog_private.count_owned_files() is
'What all users store, from nothing.';
select catalog_private.count_owned_files();

create function catalog_private.refuse_beyond_quota(
    p_name text, p_resource text, p_limit bigint, p_needed bigint
)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.refuse(
        'quota-exceeded', format('the quota of %s is exceeded', p_name), json_build_object(
            'resource', p_resource, 'limit', p_limit, 'needed', p_needed
        )::text
    );
end;
$$;
comment on function catalog_private.refuse_beyond_quota(text, text, bigint, bigint) is
'Refuses a change by which a user would store too much.';

create function catalog_private.count_stored(p_owner_id bigint, p_bytes bigint, p_files bigint)
returns void language plpgsql set search_path = '' as $$
declare
    v_user public.users;
begin
    update public.users
    set used_bytes = used_bytes + p_bytes, used_files = used_files + p_files
    where id = p_owner_id returning * into v_user;
    if p_bytes > 0 and v_user.used_bytes > v_user.quota_bytes then
        perform catalog_private.refuse_beyond_quota(
            v_user.name, 'bytes', v_user.quota_bytes, v_user.used_bytes
        );
    end if;
    if p_files > 0 and v_user.used_files > v_user.quota_files then
        perform catalog_private.refuse_beyond_quota(
            v_user.name, 'files', v_user.quota_files, v_user.used_files
        );
    end if;
end;
$$;
comment on function catalog_private.count_stored(bigint, bigint, bigint) is
'Counts what a user stores more, or less; refuses more than the quota.';

-- A whole statement at once, as for folders.
create function catalog_private.count_inserted_owned()
returns trigger language plpgsql set search_path = '' as $$
begin
    perform catalog_private.count_stored(owned.owner_id, owned.bytes, owned.files)
    from (
        select owner_id, sum(size)::bigint as bytes, count(*) as files from arrived
        where owner_id is not null group by owner_id
    ) as owned;
    return null;
end;
$$;
comment on function catalog_private.count_inserted_owned() is
'Counts new files for their owners.';
create trigger files_inserted_owned after insert on public.files
referencing new table as arrived
for each statement execute function catalog_private.count_inserted_owned();

create function catalog_private.count_deleted_owned()
returns trigger language plpgsql set search_path = '' as $$
begin
    perform catalog_private.count_stored(owned.owner_id, -owned.bytes, -owned.files)
    from (
        select owner_id, sum(size)::bigint as bytes, count(*) as files from departed
        where owner_id is not null group by owner_id
    ) as owned;
    return null;
end;
$$;
comment on function catalog_private.count_deleted_owned() is
'Counts deleted files for their owners no longer.';
create trigger files_deleted_owned after delete on public.files
referencing old table as departed
for each statement execute function catalog_private.count_deleted_owned();

create function catalog_private.count_changed_owned()
returns trigger language plpgsql set search_path = '' as $$
begin
    perform catalog_private.count_stored(change.owner_id, change.bytes, change.files)
    from (
        select owner_id, sum(bytes)::bigint as bytes, sum(files)::bigint as files
        from (
            select arrived.owner_id, arrived.size as bytes, 1 as files from arrived
            union all
            select departed.owner_id, -departed.size, -1 from departed
        ) as moved
        where owner_id is not null
        group by owner_id having sum(bytes) <> 0 or sum(files) <> 0
    ) as change;
    return null;
end;
$$;
comment on function catalog_private.count_changed_owned() is
'Counts files that were replaced or given away, for those who have and had them.';
create trigger files_changed_owned after update on public.files
referencing old table as departed new table as arrived
for each statement execute function catalog_private.count_changed_owned();

drop function public.create_user(text, text, boolean, double precision);
create function public.create_user(
    p_name text, p_password_hash text, p_is_admin boolean, p_now double precision,
    p_quota_bytes bigint default null, p_quota_files bigint default null
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_user public.users;
    v_before jsonb;
begin
    insert into public.users (name, is_admin, password_hash, created_at, quota_bytes, quota_files)
    values (p_name, p_is_admin, p_password_hash, p_now, p_quota_bytes, p_quota_files)
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
comment on function public.create_user(text, text, boolean, double precision, bigint, bigint) is
'Makes a user, unless the name is taken.';

create function public.set_quota(p_user_id bigint, p_bytes bigint, p_files bigint)
returns void language plpgsql set search_path = '' as $$
begin
    update public.users set quota_bytes = p_bytes, quota_files = p_files where id = p_user_id;
    if not found then
        perform catalog_private.refuse('user-missing', format('there is no user %s', p_user_id));
    end if;
end;
$$;
comment on function public.set_quota(bigint, bigint, bigint) is
'Another quota for a user.';

create function public.user_storage(p_user_id bigint, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_holder constant text := 'user:' || p_user_id;
begin
    return (
        select jsonb_build_object(
            'quota_bytes', users.quota_bytes, 'quota_files', users.quota_files,
            'used_bytes', users.used_bytes, 'used_files', users.used_files,
            'temporary_bytes', temporary.bytes, 'temporary_files', temporary.files
        )
        from public.users cross join (
            select coalesce(sum(part.size), 0) as bytes, count(*) as files from (
                select tickets.size from public.tickets
                where tickets.holder = v_holder and tickets.completed_at is null and (
                    (tickets.used_at is null and tickets.expires_at > p_now)
                    or exists (
                        select from public.objects
                        where objects.id = tickets.id and objects.reference_count > 0
                    )
                )
                union all
                select objects.size
                from public."references" as held join public.objects on objects.id = held.object_id
                where held.service = 'ticket' and held."key" = v_holder and held.expires_at > p_now
                union all
                select objects.size
                from public.kept_uploads as kept
                join public.objects on objects.id = kept.object_id
                join public."references" as held on held.object_id = kept.object_id
                and held.service = 'kept-upload' and held.expires_at > p_now
                where kept.owner_id = p_user_id
            ) as part
        ) as temporary
        where users.id = p_user_id
    );
end;
$$;
comment on function public.user_storage(bigint, double precision) is
'What a user may store, and does, also temporarily; null without the user.';

create or replace function public.list_accounts(p_query text, p_offset bigint, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_query constant text := lower(p_query collate "C");
begin
    return jsonb_build_object(
        'total', (select count(*) from public.users where position(v_query in lower(users.name)) > 0),
        'accounts', coalesce((
            select jsonb_agg(to_jsonb(page) order by lower(page.name))
            from (
                select users.* from public.users
                where position(v_query in lower(users.name)) > 0
                order by lower(users.name) offset p_offset limit p_limit
            ) as page
        ), '[]')
    );
end;
$$;

create function catalog_private.read_quotas()
returns setof json language plpgsql stable set search_path = '' as $$
begin
    return query
    select json_build_object(
        'kind', 'quota', 'user_id', id, 'bytes', quota_bytes, 'files', quota_files
    )
    from public.users where quota_bytes is not null or quota_files is not null order by id;
end;
$$;
comment on function catalog_private.read_quotas() is
'All quotas as records of an export.';

create function catalog_private.fill_quotas(p_id uuid, p_rank integer)
returns void language plpgsql set search_path = '' as $$
begin
    update public.users
    set quota_bytes = (s ->> 'bytes')::bigint, quota_files = (s ->> 'files')::bigint
    from catalog_private.staged(p_id, p_rank) as s
    where users.id = (s ->> 'user_id')::bigint;
    perform catalog_private.count_owned_files();
end;
$$;
comment on function catalog_private.fill_quotas(uuid, integer) is
'The quotas of an import, and what all users store.';

insert into catalog_private.transfer_kinds (rank, read_function, fill_function)
values (24, 'read_quotas', 'fill_quotas');

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'catalog_private.count_owned_files()'::regprocedure,
        'catalog_private.refuse_beyond_quota(text, text, bigint, bigint)'::regprocedure,
        'catalog_private.count_stored(bigint, bigint, bigint)'::regprocedure,
        'catalog_private.count_inserted_owned()'::regprocedure,
        'catalog_private.count_deleted_owned()'::regprocedure,
        'catalog_private.count_changed_owned()'::regprocedure,
        'catalog_private.read_quotas()'::regprocedure,
        'catalog_private.fill_quotas(uuid, integer)'::regprocedure,
        'public.create_user(text, text, boolean, double precision, bigint, bigint)'::regprocedure,
        'public.set_quota(bigint, bigint, bigint)'::regprocedure,
        'public.user_storage(bigint, double precision)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130010100', 'quotas');
