-- With what our own services log in, and which of them were given which kept upload.

create table public.service_credentials (
    id uuid primary key,
    "name" text collate "C" not null,
    kind text collate "C" not null
    check (kind in ('upload', 'processing', 'thumbnail', 'gateway', 'metrics')),
    secret_hash bytea not null unique check (length(secret_hash) = 32),
    created_at double precision not null,
    last_used_at double precision,
    revoked_at double precision
);
comment on table public.service_credentials is
'With what upload, processing and other services log in. They do the work of one kind.';
comment on column public.service_credentials.id is 'Other tables know it by that.';
comment on column public.service_credentials."name" is 'By which an operator knows it; unique among those in force.';
comment on column public.service_credentials.kind is 'What its holder may do.';
comment on column public.service_credentials.secret_hash is 'SHA-256 of its text.';
comment on column public.service_credentials.created_at is 'Seconds since the epoch.';
comment on column public.service_credentials.last_used_at is 'Roughly; null: never.';
comment on column public.service_credentials.revoked_at is 'Null: in force.';

create unique index service_credentials_in_force on public.service_credentials ("name")
where revoked_at is null;

create table public.kept_upload_services (
    object_id uuid not null references public.kept_uploads (object_id) on delete cascade,
    credential_id uuid not null references public.service_credentials (id) on delete cascade,
    primary key (object_id, credential_id)
);
comment on table public.kept_upload_services is
'Which services were given which kept upload: those may report chunks of it late, after they, or the manager, have started anew.';
comment on column public.kept_upload_services.object_id is 'The kept upload.';
comment on column public.kept_upload_services.credential_id is 'What the services log in with.';

create index kept_upload_services_by_credential on public.kept_upload_services (credential_id);

alter table public.service_credentials enable row level security;
alter table public.kept_upload_services enable row level security;
revoke all on public.service_credentials, public.kept_upload_services from public, anon, authenticated;
grant select, insert, update, delete on public.service_credentials, public.kept_upload_services
to service_role;

create function public.add_service_credential(
    p_id uuid, p_name text, p_kind text, p_secret_hash bytea, p_created_at double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_credential public.service_credentials;
begin
    insert into public.service_credentials (id, "name", kind, secret_hash, created_at)
    values (p_id, p_name, p_kind, p_secret_hash, p_created_at)
    on conflict do nothing returning * into v_credential;
    if v_credential.id is null then
        select * into v_credential from public.service_credentials
        where "name" = p_name and kind = p_kind and secret_hash = p_secret_hash
        and revoked_at is null;
    end if;
    if v_credential.id is null then
        perform catalog_private.refuse('service-credential-taken', format(
            'a credential named ''%s'' is in force, or its secret was used before', p_name
        ));
    end if;
    return to_jsonb(v_credential);
end;
$$;
comment on function public.add_service_credential(uuid, text, text, bytea, double precision) is
'Adds a credential, unless its name is in force or its secret is known.';

create function public.list_service_credentials()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(c) order by c."name", c.created_at, c.id)
        from public.service_credentials as c
    ), '[]');
end;
$$;
comment on function public.list_service_credentials() is
'All credentials of services, revoked ones too, by name, then oldest first.';

create function public.revoke_service_credential(
    p_request_id uuid, p_name text, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    update public.service_credentials set revoked_at = p_now
    where "name" = p_name and revoked_at is null;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(found));
end;
$$;
comment on function public.revoke_service_credential(uuid, text, double precision) is
'Ends the credential of that name. False when none was in force.';

create function public.note_service_credentials_used(p_ids uuid[], p_now double precision)
returns void language plpgsql set search_path = '' as $$
begin
    update public.service_credentials set last_used_at = p_now where id = any (p_ids);
end;
$$;
comment on function public.note_service_credentials_used(uuid[], double precision) is
'Notes that these credentials were used now.';

create function public.note_kept_upload_service(p_object_id uuid, p_credential_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    insert into public.kept_upload_services (object_id, credential_id)
    select kept_uploads.object_id, service_credentials.id
    from public.kept_uploads cross join public.service_credentials
    where kept_uploads.object_id = p_object_id and service_credentials.id = p_credential_id
    on conflict do nothing;
end;
$$;
comment on function public.note_kept_upload_service(uuid, uuid) is
'Notes that services with this credential were given the upload.';

create function public.kept_upload_given_to(
    p_object_id uuid, p_credential_id uuid, p_now double precision
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    if not exists (
        select from public.kept_upload_services
        where object_id = p_object_id and credential_id = p_credential_id
    ) then
        return null;
    end if;
    return catalog_private.kept_upload_json(p_object_id, p_now);
end;
$$;
comment on function public.kept_upload_given_to(uuid, uuid, double precision) is
'The kept upload of that object, if services with that credential were given it; else null.';

create function catalog_private.read_service_credentials()
returns setof json language plpgsql stable set search_path = '' as $$
begin
    return query
    select json_build_object(
        'kind', 'service_credential', 'id', id, 'name', "name", 'service_kind', kind,
        'secret_hash', encode(secret_hash, 'hex'), 'created_at', created_at,
        'last_used_at', last_used_at, 'revoked_at', revoked_at
    ) from public.service_credentials order by id;
end;
$$;
comment on function catalog_private.read_service_credentials() is
'The credentials of services for an export.';

create function catalog_private.fill_service_credentials(p_id uuid, p_rank integer)
returns void language plpgsql set search_path = '' as $$
begin
    -- Services may have credentials for the empty catalog.
    delete from public.service_credentials where id is not null;
    insert into public.service_credentials (
        id, "name", kind, secret_hash, created_at, last_used_at, revoked_at
    )
    select (r ->> 'id')::uuid, r ->> 'name', r ->> 'service_kind',
        decode(r ->> 'secret_hash', 'hex'), (r ->> 'created_at')::double precision,
        (r ->> 'last_used_at')::double precision, (r ->> 'revoked_at')::double precision
    from catalog_private.staged(p_id, p_rank) as r;
end;
$$;
comment on function catalog_private.fill_service_credentials(uuid, integer) is
'The credentials of services of an import.';

insert into catalog_private.transfer_kinds (rank, read_function, fill_function)
values (17, 'read_service_credentials', 'fill_service_credentials');

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.add_service_credential(uuid, text, text, bytea, double precision)'::regprocedure,
        'public.list_service_credentials()'::regprocedure,
        'public.revoke_service_credential(uuid, text, double precision)'::regprocedure,
        'public.note_service_credentials_used(uuid[], double precision)'::regprocedure,
        'public.note_kept_upload_service(uuid, uuid)'::regprocedure,
        'public.kept_upload_given_to(uuid, uuid, double precision)'::regprocedure,
        'catalog_private.read_service_credentials()'::regprocedure,
        'catalog_private.fill_service_credentials(uuid, integer)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name)
values ('20261130002000', 'service_credentials');
