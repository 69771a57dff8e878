-- Invitations by which people register themselves.

create table public.invitations (
    id uuid primary key,
    token_hash bytea not null unique check (length(token_hash) = 32),
    created_by bigint not null references public.users (id) on delete cascade,
    label text collate "C" not null,
    quota_bytes bigint check (quota_bytes >= 1),
    quota_files bigint check (quota_files >= 1),
    group_ids bigint[] not null,
    max_uses bigint not null check (max_uses >= 1),
    uses bigint not null check (uses >= 0 and uses <= max_uses),
    created_at double precision not null,
    expires_at double precision,
    revoked_at double precision
);
comment on table public.invitations is
'Invitations by which people register themselves. What the address of one holds is known by its hash alone.';
comment on column public.invitations.id is 'Names it; no secret.';
comment on column public.invitations.token_hash is 'SHA-256 of what the address holds.';
comment on column public.invitations.created_by is 'The administrator who made it.';
comment on column public.invitations."label" is 'A note.';
comment on column public.invitations.quota_bytes is 'Of each user who registers by it; null for any number.';
comment on column public.invitations.quota_files is 'Of each user who registers by it; null for any number.';
comment on column public.invitations.group_ids is 'Of which each becomes a member.';
comment on column public.invitations.max_uses is 'How many may register by it.';
comment on column public.invitations.uses is 'How many have.';
comment on column public.invitations.created_at is 'Seconds since the epoch.';
comment on column public.invitations.expires_at is 'Seconds since the epoch; null for never.';
comment on column public.invitations.revoked_at is 'Seconds since the epoch; null unless it was.';

create index invitations_by_creator on public.invitations (created_by);

alter table public.invitations enable row level security;
revoke all on public.invitations from public, anon, authenticated;
grant select, insert, update, delete on public.invitations to service_role;

create function public.create_invitation(p_invitation jsonb, p_most bigint, p_now double precision)
returns void language plpgsql set search_path = '' as $$
declare
    v_new constant public.invitations :=
        jsonb_populate_record(null::public.invitations, p_invitation);
begin
    perform catalog_private.lock_store();
    if exists (select from public.invitations where id = v_new.id) then
        return;
    end if;
    perform catalog_private.require_user(v_new.created_by);
    if exists (
        select from unnest(v_new.group_ids) as wanted (id)
        where not exists (select from public.user_groups where user_groups.id = wanted.id)
    ) then
        perform catalog_private.refuse('group-missing', 'one of the groups is not there');
    end if;
    if (select count(*) from public.invitations) >= p_most then
        delete from public.invitations
        where revoked_at is not null or uses >= max_uses or expires_at <= p_now;
    end if;
    if (select count(*) from public.invitations) >= p_most then
        perform catalog_private.refuse('too-many-invitations', format(
            'there are %s invitations, and no more may be: revoke some', p_most
        ));
    end if;
    insert into public.invitations select v_new.*;
end;
$$;
comment on function public.create_invitation(jsonb, bigint, double precision) is
'Adds an invitation, unless there are as many as may be.';

create function public.list_invitations()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(to_jsonb(invitations) order by created_at desc, id desc)
        from public.invitations
    ), '[]');
end;
$$;
comment on function public.list_invitations() is 'All invitations, the newest first.';

create function public.revoke_invitation(p_id uuid, p_at double precision)
returns jsonb language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    update public.invitations set revoked_at = coalesce(revoked_at, p_at) where id = p_id;
    return (select to_jsonb(invitations) from public.invitations where id = p_id);
end;
$$;
comment on function public.revoke_invitation(uuid, double precision) is
'Ends an invitation. Null for a missing one.';

create function public.invitation_by_hash(p_token_hash text, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(invitations) from public.invitations
        join public.users on users.id = invitations.created_by
        where token_hash = p_token_hash::bytea and revoked_at is null and uses < max_uses
            and users.is_admin and (expires_at is null or expires_at > p_now)
    );
end;
$$;
comment on function public.invitation_by_hash(text, double precision) is
'The invitation whose token has that hash, if people may register by it, or null.';

create function public.create_invited_user(
    p_token_hash text, p_name text, p_password_hash text, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_user jsonb;
    v_invitation public.invitations;
begin
    perform catalog_private.lock_store();
    v_user := catalog_private.user_made_before(p_name, p_password_hash, false);
    if v_user is not null then
        return v_user;
    end if;
    v_invitation := jsonb_populate_record(
        null::public.invitations, public.invitation_by_hash(p_token_hash, p_now)
    );
    if v_invitation.id is null then
        perform catalog_private.refuse(
            'invitation-missing', 'nobody can register by this invitation'
        );
    end if;
    v_user := public.create_user(
        p_name, p_password_hash, false, p_now, v_invitation.quota_bytes, v_invitation.quota_files
    );
    update public.invitations set uses = uses + 1 where id = v_invitation.id;
    insert into public.group_members (group_id, user_id)
    select user_groups.id, (v_user ->> 'id')::bigint from public.user_groups
    where user_groups.id = any(v_invitation.group_ids)
    on conflict do nothing;
    return v_user;
end;
$$;
comment on function public.create_invited_user(text, text, text, double precision) is
'Makes a user as an invitation says, and counts it.';

create function catalog_private.read_invitations()
returns setof json language sql stable set search_path = '' as $$
    select json_build_object(
        'kind', 'invitation', 'id', id, 'token_hash', encode(token_hash, 'hex'),
        'created_by', created_by, 'label', "label", 'quota_bytes', quota_bytes,
        'quota_files', quota_files, 'group_ids', group_ids, 'max_uses', max_uses, 'uses', uses,
        'created_at', created_at, 'expires_at', expires_at, 'revoked_at', revoked_at
    ) from public.invitations order by id
$$;
comment on function catalog_private.read_invitations() is 'All invitations, as an export has them.';

create function catalog_private.fill_invitations(p_id uuid, p_rank integer)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.invitations (
        id, token_hash, created_by, "label", quota_bytes, quota_files, group_ids, max_uses, uses,
        created_at, expires_at, revoked_at
    )
    select (i ->> 'id')::uuid, decode(i ->> 'token_hash', 'hex'), (i ->> 'created_by')::bigint,
        i ->> 'label', (i ->> 'quota_bytes')::bigint, (i ->> 'quota_files')::bigint,
        array(select json_array_elements_text(i -> 'group_ids')::bigint),
        (i ->> 'max_uses')::bigint, (i ->> 'uses')::bigint, (i ->> 'created_at')::double precision,
        (i ->> 'expires_at')::double precision, (i ->> 'revoked_at')::double precision
    from catalog_private.staged(p_id, p_rank) as i;
end;
$$;
comment on function catalog_private.fill_invitations(uuid, integer) is
'The invitations of an import.';

insert into catalog_private.transfer_kinds (rank, read_function, fill_function)
values (33, 'read_invitations', 'fill_invitations');

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.create_invitation(jsonb, bigint, double precision)'::regprocedure,
        'public.list_invitations()'::regprocedure,
        'public.revoke_invitation(uuid, double precision)'::regprocedure,
        'public.invitation_by_hash(text, double precision)'::regprocedure,
        'public.create_invited_user(text, text, text, double precision)'::regprocedure,
        'catalog_private.read_invitations()'::regprocedure,
        'catalog_private.fill_invitations(uuid, integer)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130195500', 'invitations');
