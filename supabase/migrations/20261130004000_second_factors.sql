-- What users have besides a password: factors, recovery codes, and identities at OpenID providers.

create table public.factors (
    id uuid primary key,
    user_id bigint not null references public.users (id) on delete cascade,
    kind text not null check (kind in ('totp', 'passkey')),
    label text collate "C" not null,
    credential_id bytea unique,
    "key" bytea not null,
    counter bigint not null check (counter >= 0),
    created_at double precision not null,
    last_used_at double precision,
    check ((credential_id is null) = (kind = 'totp'))
);
comment on table public.factors is 'Second factors that users have enrolled.';
comment on column public.factors.id is 'Made by the caller.';
comment on column public.factors.user_id is 'Whose it is.';
comment on column public.factors.kind is 'totp or passkey.';
comment on column public.factors.label is 'What the user calls it.';
comment on column public.factors.credential_id is 'Of a passkey.';
comment on column public.factors."key" is
'The secret of a TOTP factor, encrypted with a master key; the public key of a passkey.';
comment on column public.factors.counter is
'The last time step whose code was accepted, or the signature counter of a passkey.';
comment on column public.factors.created_at is 'Seconds since the epoch.';
comment on column public.factors.last_used_at is 'Seconds since the epoch; null for never.';

create index factors_by_user on public.factors (user_id, created_at, id);

create table public.recovery_codes (
    user_id bigint not null references public.users (id) on delete cascade,
    code_hash bytea not null check (length(code_hash) = 32),
    primary key (user_id, code_hash)
);
comment on table public.recovery_codes is 'Codes that log in once each.';
comment on column public.recovery_codes.user_id is 'Whose it is.';
comment on column public.recovery_codes.code_hash is 'SHA-256 of the code.';

create table public.factor_demands (
    user_id bigint primary key references public.users (id) on delete cascade
);
comment on table public.factor_demands is 'Of whom an administrator demands a second factor.';
comment on column public.factor_demands.user_id is 'The user.';

create table public.spent_challenges (
    id uuid primary key,
    expires_at double precision not null
);
comment on table public.spent_challenges is 'Challenges that were answered, until they expire.';
comment on column public.spent_challenges.id is 'The challenge''s own id.';
comment on column public.spent_challenges.expires_at is 'Seconds since the epoch.';

create index spent_challenges_by_expiry on public.spent_challenges (expires_at);

create table public.identities (
    issuer text collate "C" not null,
    subject text collate "C" not null,
    user_id bigint not null references public.users (id) on delete cascade,
    created_at double precision not null,
    primary key (issuer, subject)
);
comment on table public.identities is 'Who users are at OpenID providers.';
comment on column public.identities.issuer is 'URL of the provider.';
comment on column public.identities.subject is 'What the provider calls the user by.';
comment on column public.identities.user_id is 'The user here.';
comment on column public.identities.created_at is 'Seconds since the epoch.';

create index identities_by_user on public.identities (user_id, issuer, subject);

do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'factors', 'recovery_codes', 'factor_demands', 'spent_challenges', 'identities'
    ] loop
        execute format('alter table public.%I enable row level security', v_table);
        execute format('revoke all on public.%I from public, anon, authenticated', v_table);
        execute format(
            'grant select, insert, update, delete on public.%I to service_role', v_table
        );
    end loop;
end;
$$;

create function public.second_factors_of(p_user_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return jsonb_build_object(
        'factors', (
            select coalesce(jsonb_agg(to_jsonb(factors) order by created_at, id), '[]')
            from public.factors where user_id = p_user_id
        ),
        'recovery_codes', (select count(*) from public.recovery_codes where user_id = p_user_id),
        'is_demanded', exists (select from public.factor_demands where user_id = p_user_id)
    );
end;
$$;
comment on function public.second_factors_of(bigint) is
'The factors of a user, how many recovery codes are left, and whether a factor is demanded.';

create function public.factor_by_credential(p_credential_id text)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(factors) from public.factors
        where credential_id = decode(p_credential_id, 'hex')
    );
end;
$$;
comment on function public.factor_by_credential(text) is
'The passkey with that credential id, or null.';

create function public.add_factor(
    p_id uuid, p_user_id bigint, p_kind text, p_label text, p_credential_id text, p_key text,
    p_counter bigint, p_created_at double precision, p_last_used_at double precision, p_limit bigint
)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    perform catalog_private.require_user(p_user_id);
    if exists (select from public.factors where id = p_id) then
        return;
    end if;
    if exists (
        select from public.factors where credential_id = decode(p_credential_id, 'hex')
    ) then
        perform catalog_private.refuse('credential-taken', 'this passkey is enrolled already');
    end if;
    if (select count(*) from public.factors where user_id = p_user_id) >= p_limit then
        perform catalog_private.refuse(
            'too-many-factors', format('%s second factors may be enrolled: remove one', p_limit)
        );
    end if;
    insert into public.factors (
        id, user_id, kind, label, credential_id, "key", counter, created_at, last_used_at
    ) values (
        p_id, p_user_id, p_kind, p_label, decode(p_credential_id, 'hex'), decode(p_key, 'hex'),
        p_counter, p_created_at, p_last_used_at
    );
end;
$$;
comment on function public.add_factor(
    uuid, bigint, text, text, text, text, bigint, double precision, double precision, bigint
) is 'Enrols a factor, unless the user has as many as may be.';

create function public.use_factor(
    p_request_id uuid, p_id uuid, p_previous bigint, p_counter bigint, p_used_at double precision,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    update public.factors set counter = p_counter, last_used_at = p_used_at
    where id = p_id and counter = p_previous;
    if not found then
        return to_jsonb(false);
    end if;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(true));
end;
$$;
comment on function public.use_factor(
    uuid, uuid, bigint, bigint, double precision, double precision
) is 'Notes a use of a factor. False when somebody has used it meanwhile.';

create function public.remove_factor(
    p_request_id uuid, p_user_id bigint, p_id uuid, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    delete from public.factors where id = p_id and user_id = p_user_id;
    if not found then
        return to_jsonb(false);
    end if;
    delete from public.recovery_codes where user_id = p_user_id
    and not exists (select from public.factors where user_id = p_user_id);
    return catalog_private.answered(p_request_id, p_now, to_jsonb(true));
end;
$$;
comment on function public.remove_factor(uuid, bigint, uuid, double precision) is
'Removes a factor, and with the last one the recovery codes. False when there was none.';

create function public.reset_factors(p_user_id bigint)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    delete from public.factors where user_id = p_user_id;
    delete from public.recovery_codes where user_id = p_user_id;
end;
$$;
comment on function public.reset_factors(bigint) is
'Removes all factors and recovery codes of a user.';

create function public.replace_recovery_codes(p_user_id bigint, p_code_hashes text[])
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    perform catalog_private.require_user(p_user_id);
    delete from public.recovery_codes where user_id = p_user_id;
    insert into public.recovery_codes (user_id, code_hash)
    select distinct p_user_id, decode(code_hash, 'hex') from unnest(p_code_hashes) as code_hash;
end;
$$;
comment on function public.replace_recovery_codes(bigint, text[]) is
'Gives a user these recovery codes, instead of all earlier ones.';

create function public.use_recovery_code(
    p_request_id uuid, p_user_id bigint, p_code_hash text, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    delete from public.recovery_codes
    where user_id = p_user_id and code_hash = decode(p_code_hash, 'hex');
    if not found then
        return to_jsonb(false);
    end if;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(true));
end;
$$;
comment on function public.use_recovery_code(uuid, bigint, text, double precision) is
'Uses a recovery code up. False when there was none.';

create function public.demand_factor(p_user_id bigint, p_is_demanded boolean)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    perform catalog_private.require_user(p_user_id);
    if p_is_demanded then
        insert into public.factor_demands (user_id) values (p_user_id) on conflict do nothing;
    else
        delete from public.factor_demands where user_id = p_user_id;
    end if;
end;
$$;
comment on function public.demand_factor(bigint, boolean) is
'Demands a second factor of a user, or not any more.';

create function public.spend_challenge(
    p_request_id uuid, p_id uuid, p_expires_at double precision, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    delete from public.spent_challenges where expires_at <= p_now;
    insert into public.spent_challenges (id, expires_at) values (p_id, p_expires_at)
    on conflict do nothing;
    if not found then
        return to_jsonb(false);
    end if;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(true));
end;
$$;
comment on function public.spend_challenge(uuid, uuid, double precision, double precision) is
'Notes an answered challenge. False when it was noted before.';

create function public.totp_factors()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(jsonb_agg(to_jsonb(factors) order by id), '[]')
        from public.factors where kind = 'totp'
    );
end;
$$;
comment on function public.totp_factors() is
'The factors of all users that have an encrypted secret.';

create function public.reseal_factor(p_id uuid, p_key text)
returns void language plpgsql set search_path = '' as $$
begin
    update public.factors set "key" = decode(p_key, 'hex') where id = p_id and kind = 'totp';
end;
$$;
comment on function public.reseal_factor(uuid, text) is
'Stores the secret of a factor as it is encrypted with another master key.';

create function public.user_by_identity(p_issuer text, p_subject text)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(users) from public.identities
        join public.users on users.id = identities.user_id
        where issuer = p_issuer and subject = p_subject
    );
end;
$$;
comment on function public.user_by_identity(text, text) is
'The user to whom an identity is linked, or null.';

create function public.link_identity(
    p_issuer text, p_subject text, p_user_id bigint, p_created_at double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    perform catalog_private.require_user(p_user_id);
    insert into public.identities (issuer, subject, user_id, created_at)
    values (p_issuer, p_subject, p_user_id, p_created_at) on conflict do nothing;
    if not exists (
        select from public.identities
        where issuer = p_issuer and subject = p_subject and user_id = p_user_id
    ) then
        perform catalog_private.refuse(
            'identity-taken', 'this identity is linked to another user'
        );
    end if;
end;
$$;
comment on function public.link_identity(text, text, bigint, double precision) is
'Links an identity, unless it is linked to another user.';

create function public.identities_of(p_user_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(jsonb_agg(to_jsonb(identities) order by issuer, subject), '[]')
        from public.identities where user_id = p_user_id
    );
end;
$$;
comment on function public.identities_of(bigint) is 'The identities of a user.';

create function public.unlink_identity(
    p_request_id uuid, p_issuer text, p_subject text, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    delete from public.identities where issuer = p_issuer and subject = p_subject;
    if not found then
        return to_jsonb(false);
    end if;
    return catalog_private.answered(p_request_id, p_now, to_jsonb(true));
end;
$$;
comment on function public.unlink_identity(uuid, text, text, double precision) is
'Deletes the link of an identity. False when there was none.';

create function catalog_private.read_factors()
returns setof json language sql stable set search_path = '' as $$
    select json_build_object(
        'kind', 'factor', 'id', id, 'user_id', user_id, 'factor_kind', kind, 'label', label,
        'credential_id', encode(credential_id, 'hex'), 'key', encode("key", 'hex'),
        'counter', counter, 'created_at', created_at, 'last_used_at', last_used_at
    ) from public.factors order by id;
$$;
comment on function catalog_private.read_factors() is 'The factors of an export.';

create function catalog_private.fill_factors(p_id uuid, p_rank integer)
returns void language sql set search_path = '' as $$
    insert into public.factors (
        id, user_id, kind, label, credential_id, "key", counter, created_at, last_used_at
    )
    select r.id, r.user_id, r.factor_kind, r.label, decode(r.credential_id, 'hex'),
        decode(r.key, 'hex'), r.counter, r.created_at, r.last_used_at
    from catalog_private.staged(p_id, p_rank) as s, json_to_record(s) as r (
        id uuid, user_id bigint, factor_kind text, label text, credential_id text, "key" text,
        counter bigint, created_at double precision, last_used_at double precision
    );
$$;
comment on function catalog_private.fill_factors(uuid, integer) is 'The factors of an import.';

create function catalog_private.read_recovery_codes()
returns setof json language sql stable set search_path = '' as $$
    select json_build_object(
        'kind', 'recovery_code', 'user_id', user_id, 'code_hash', encode(code_hash, 'hex')
    ) from public.recovery_codes order by user_id, code_hash;
$$;
comment on function catalog_private.read_recovery_codes() is 'The recovery codes of an export.';

create function catalog_private.fill_recovery_codes(p_id uuid, p_rank integer)
returns void language sql set search_path = '' as $$
    insert into public.recovery_codes (user_id, code_hash)
    select (s ->> 'user_id')::bigint, decode(s ->> 'code_hash', 'hex')
    from catalog_private.staged(p_id, p_rank) as s;
$$;
comment on function catalog_private.fill_recovery_codes(uuid, integer) is
'The recovery codes of an import.';

create function catalog_private.read_factor_demands()
returns setof json language sql stable set search_path = '' as $$
    select json_build_object('kind', 'factor_demand', 'user_id', user_id)
    from public.factor_demands order by user_id;
$$;
comment on function catalog_private.read_factor_demands() is
'An export''s users of whom a second factor is demanded.';

create function catalog_private.fill_factor_demands(p_id uuid, p_rank integer)
returns void language sql set search_path = '' as $$
    insert into public.factor_demands (user_id)
    select (s ->> 'user_id')::bigint from catalog_private.staged(p_id, p_rank) as s;
$$;
comment on function catalog_private.fill_factor_demands(uuid, integer) is
'An import''s users of whom a second factor is demanded.';

create function catalog_private.read_identities()
returns setof json language sql stable set search_path = '' as $$
    select json_build_object(
        'kind', 'identity', 'issuer', issuer, 'subject', subject, 'user_id', user_id,
        'created_at', created_at
    ) from public.identities order by issuer, subject;
$$;
comment on function catalog_private.read_identities() is 'The identities of an export.';

create function catalog_private.fill_identities(p_id uuid, p_rank integer)
returns void language sql set search_path = '' as $$
    insert into public.identities
    select r.* from catalog_private.staged(p_id, p_rank) as s,
        json_populate_record(null::public.identities, s) as r;
$$;
comment on function catalog_private.fill_identities(uuid, integer) is
'The identities of an import.';

insert into catalog_private.transfer_kinds (rank, read_function, fill_function) values
(20, 'read_factors', 'fill_factors'),
(21, 'read_recovery_codes', 'fill_recovery_codes'),
(22, 'read_factor_demands', 'fill_factor_demands'),
(23, 'read_identities', 'fill_identities');

do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select pg_proc.oid from pg_catalog.pg_proc
        where (
            pronamespace = 'catalog_private'::regnamespace and proname in (
                'read_factors', 'fill_factors', 'read_recovery_codes', 'fill_recovery_codes',
                'read_factor_demands', 'fill_factor_demands', 'read_identities', 'fill_identities'
            )
        ) or (
            pronamespace = 'public'::regnamespace and proname in (
                'second_factors_of', 'factor_by_credential', 'add_factor', 'use_factor',
                'remove_factor', 'reset_factors', 'replace_recovery_codes', 'use_recovery_code',
                'demand_factor', 'spend_challenge', 'totp_factors', 'reseal_factor',
                'user_by_identity', 'link_identity', 'identities_of', 'unlink_identity'
            )
        )
    loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130004000', 'second_factors');
