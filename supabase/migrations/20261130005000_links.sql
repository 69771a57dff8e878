-- Links that open a file without an account.

create table public.links (
    id uuid primary key,
    token_hash bytea not null unique check (length(token_hash) = 32),
    sealed_token bytea not null,
    file_id bigint references public.files (id) on delete set null,
    object_id uuid,
    owner_id bigint not null references public.users (id) on delete cascade,
    label text collate "C" not null,
    is_requested boolean not null,
    password_hash text collate "C",
    max_downloads bigint check (max_downloads >= 1),
    downloads bigint not null check (downloads >= 0),
    created_at double precision not null,
    expires_at double precision,
    revoked_at double precision,
    last_used_at double precision
);
comment on table public.links is
'Links that open a file without an account. What the address of one holds is known by its hash; it is kept encrypted with a master key as well, so that the owner can be shown the address again.';
comment on column public.links.id is 'Names it; no secret.';
comment on column public.links.token_hash is 'SHA-256 of what the address holds.';
comment on column public.links.sealed_token is 'What the address holds, encrypted with a master key.';
comment on column public.links.file_id is 'Null once the file has been deleted.';
comment on column public.links.object_id is 'The content with which it ends; null: it follows the file''s content.';
comment on column public.links.owner_id is 'Who made it.';
comment on column public.links."label" is 'The owner''s note.';
comment on column public.links.is_requested is 'Whether it was made for a packet, with all options left at their defaults.';
comment on column public.links.password_hash is 'Argon2; null without a password.';
comment on column public.links.max_downloads is 'How often it may be used; null for any number.';
comment on column public.links.downloads is 'How often it was used.';
comment on column public.links.created_at is 'Seconds since the epoch.';
comment on column public.links.expires_at is 'Seconds since the epoch; null for never.';
comment on column public.links.revoked_at is 'Seconds since the epoch; null unless it was.';
comment on column public.links.last_used_at is 'Seconds since the epoch; null before the first download.';

create index links_by_owner on public.links (owner_id, created_at, id);
create index links_by_file on public.links (file_id, created_at);
create index links_by_expiry on public.links (expires_at) where expires_at is not null;
create index links_by_revocation on public.links (revoked_at) where revoked_at is not null;

alter table public.links enable row level security;
revoke all on public.links from public, anon, authenticated;
grant select, insert, update, delete on public.links to service_role;

create function public.create_link(p_link jsonb, p_most bigint, p_now double precision)
returns void language plpgsql set search_path = '' as $$
declare
    v_link constant public.links := jsonb_populate_record(null::public.links, p_link);
begin
    perform catalog_private.lock_store();
    if exists (select from public.links where id = v_link.id) then
        return;
    end if;
    if not exists (select from public.files where id = v_link.file_id) then
        perform catalog_private.refuse('file-missing', format('there is no file %s', v_link.file_id));
    end if;
    perform catalog_private.require_user(v_link.owner_id);
    if (select count(*) from public.links where owner_id = v_link.owner_id) >= p_most then
        delete from public.links
        where owner_id = v_link.owner_id and (revoked_at is not null or expires_at <= p_now);
    end if;
    if (select count(*) from public.links where owner_id = v_link.owner_id) >= p_most then
        perform catalog_private.refuse('too-many-links', format(
            'a user may have %s links, and no more: revoke one that is not needed', p_most
        ));
    end if;
    insert into public.links select v_link.*;
end;
$$;
comment on function public.create_link(jsonb, bigint, double precision) is
'Adds a link, unless its owner has as many as a user may; null sets no limit.';

create function public.link_by_hash(p_token_hash text)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (select to_jsonb(links) from public.links where token_hash = p_token_hash::bytea);
end;
$$;
comment on function public.link_by_hash(text) is 'The link whose token has that hash, or null.';

create function public.link_by_id(p_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (select to_jsonb(links) from public.links where id = p_id);
end;
$$;
comment on function public.link_by_id(uuid) is 'The link with that id, or null.';

create function public.requested_link(
    p_owner_id bigint, p_file_id bigint, p_object_id uuid, p_now double precision
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(links) from public.links
        where file_id = p_file_id and owner_id = p_owner_id and object_id = p_object_id and is_requested
            and revoked_at is null and (expires_at is null or expires_at > p_now)
        order by created_at desc limit 1
    );
end;
$$;
comment on function public.requested_link(bigint, bigint, uuid, double precision) is
'The newest link in force that was made for a packet, of this user, file and content, or null.';

create function public.links_of(p_owner_id bigint, p_file_id bigint, p_after uuid, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(
            jsonb_build_object(
                'link', to_jsonb(page), 'placed', catalog_private.placed_file(page.file_id)
            )
            order by page.created_at desc, page.id desc
        )
        from (
            select links.* from public.links
            where owner_id = p_owner_id and (p_file_id is null or file_id = p_file_id)
                and (p_after is null or (links.created_at, links.id) < (
                    select previous.created_at, previous.id from public.links as previous
                    where previous.id = p_after
                ))
            order by links.created_at desc, links.id desc limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.links_of(bigint, bigint, uuid, bigint) is
'A page of a user''s links, of one file or of all, the newest first, those after another one.';

create function public.change_link(p_id uuid, p_changes jsonb)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_link public.links;
begin
    perform catalog_private.lock_store();
    select * into v_link from public.links where id = p_id;
    if v_link.id is null then
        perform catalog_private.refuse('link-missing', format('there is no link %s', p_id));
    end if;
    v_link := jsonb_populate_record(v_link, p_changes);
    update public.links set "label" = v_link."label", password_hash = v_link.password_hash,
        max_downloads = v_link.max_downloads, expires_at = v_link.expires_at, is_requested = false
    where id = p_id;
    return public.link_by_id(p_id);
end;
$$;
comment on function public.change_link(uuid, jsonb) is
'Changes those of label, password hash, number of downloads and expiry that are given.';

create function public.extend_link(p_id uuid, p_expires_at double precision)
returns jsonb language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    update public.links set expires_at = greatest(expires_at, p_expires_at)
    where id = p_id and expires_at is not null;
    return (select to_jsonb(links) from public.links where id = p_id and revoked_at is null);
end;
$$;
comment on function public.extend_link(uuid, double precision) is
'Moves the expiry of a link to a later time. Null when it is missing or revoked.';

create function public.revoke_link(p_id uuid, p_owner_id bigint, p_at double precision)
returns jsonb language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    update public.links set revoked_at = coalesce(revoked_at, p_at)
    where id = p_id and (p_owner_id is null or owner_id = p_owner_id);
    return (
        select to_jsonb(links) from public.links
        where id = p_id and (p_owner_id is null or owner_id = p_owner_id)
    );
end;
$$;
comment on function public.revoke_link(uuid, bigint, double precision) is
'Ends a link. Null when that user (null: any) has no such link.';

create function public.count_download(
    p_request_id uuid, p_id uuid, p_at double precision, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    update public.links set downloads = downloads + 1, last_used_at = p_at
    where id = p_id and revoked_at is null and (expires_at is null or expires_at > p_at)
        and (max_downloads is null or downloads < max_downloads);
    return catalog_private.answered(p_request_id, p_now, to_jsonb(found));
end;
$$;
comment on function public.count_download(uuid, uuid, double precision, double precision) is
'Counts a download, if the link has one left. Answers whether it had.';

create function public.drop_ended_links(p_before double precision, p_limit bigint)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_dropped bigint;
begin
    perform catalog_private.lock_store();
    delete from public.links where id in (
        select ended.id from public.links as ended
        where ended.expires_at < p_before or ended.revoked_at < p_before
            or (ended.file_id is null and ended.created_at < p_before)
        limit p_limit
    );
    get diagnostics v_dropped = row_count;
    return v_dropped;
end;
$$;
comment on function public.drop_ended_links(double precision, bigint) is
'Deletes links that ended before, or were made before and whose file is gone. Answers how many.';

create function catalog_private.read_links()
returns setof json language sql stable set search_path = '' as $$
    select json_build_object(
        'kind', 'link', 'id', id, 'token_hash', encode(token_hash, 'hex'),
        'sealed_token', encode(sealed_token, 'hex'), 'file_id', file_id, 'object_id', object_id,
        'owner_id', owner_id, 'label', "label", 'is_requested', is_requested,
        'password_hash', password_hash, 'max_downloads', max_downloads, 'downloads', downloads,
        'created_at', created_at, 'expires_at', expires_at, 'revoked_at', revoked_at,
        'last_used_at', last_used_at
    ) from public.links order by id
$$;
comment on function catalog_private.read_links() is 'All links, as an export has them.';

create function catalog_private.fill_links(p_id uuid, p_rank integer)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.links (
        id, token_hash, sealed_token, file_id, object_id, owner_id, "label", is_requested,
        password_hash, max_downloads, downloads, created_at, expires_at, revoked_at, last_used_at
    )
    select (l ->> 'id')::uuid, decode(l ->> 'token_hash', 'hex'), decode(l ->> 'sealed_token', 'hex'),
        (l ->> 'file_id')::bigint, (l ->> 'object_id')::uuid, (l ->> 'owner_id')::bigint,
        l ->> 'label', (l ->> 'is_requested')::boolean, l ->> 'password_hash',
        (l ->> 'max_downloads')::bigint, (l ->> 'downloads')::bigint,
        (l ->> 'created_at')::double precision, (l ->> 'expires_at')::double precision,
        (l ->> 'revoked_at')::double precision, (l ->> 'last_used_at')::double precision
    from catalog_private.staged(p_id, p_rank) as l;
end;
$$;
comment on function catalog_private.fill_links(uuid, integer) is 'The links of an import.';

insert into catalog_private.transfer_kinds (rank, read_function, fill_function)
values (19, 'read_links', 'fill_links');

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.create_link(jsonb, bigint, double precision)'::regprocedure,
        'public.link_by_hash(text)'::regprocedure,
        'public.link_by_id(uuid)'::regprocedure,
        'public.requested_link(bigint, bigint, uuid, double precision)'::regprocedure,
        'public.links_of(bigint, bigint, uuid, bigint)'::regprocedure,
        'public.change_link(uuid, jsonb)'::regprocedure,
        'public.extend_link(uuid, double precision)'::regprocedure,
        'public.revoke_link(uuid, bigint, double precision)'::regprocedure,
        'public.count_download(uuid, uuid, double precision, double precision)'::regprocedure,
        'public.drop_ended_links(double precision, bigint)'::regprocedure,
        'catalog_private.read_links()'::regprocedure,
        'catalog_private.fill_links(uuid, integer)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130005000', 'links');
