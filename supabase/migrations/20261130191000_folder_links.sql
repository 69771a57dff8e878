-- Links that open a folder, or add files to it, without an account.

create table public.folder_links (
    id uuid primary key,
    token_hash bytea not null unique check (length(token_hash) = 32),
    sealed_token bytea not null,
    folder_id bigint references public.folders (id) on delete set null,
    owner_id bigint not null references public.users (id) on delete cascade,
    label text collate "C" not null,
    is_for_uploads boolean not null,
    password_hash text collate "C",
    max_files bigint check (max_files >= 1),
    max_file_size bigint check (max_file_size >= 1),
    max_total_size bigint check (max_total_size >= 1),
    received_files bigint not null check (received_files >= 0),
    received_size bigint not null check (received_size >= 0),
    created_at double precision not null,
    expires_at double precision,
    revoked_at double precision,
    last_used_at double precision
);
comment on table public.folder_links is
'Links that open a folder, or add files to it, without an account. What the address of one holds is known by its hash; it is kept encrypted with a master key as well, so that the owner can be shown the address again.';
comment on column public.folder_links.id is 'Names it; no secret.';
comment on column public.folder_links.token_hash is 'SHA-256 of what the address holds.';
comment on column public.folder_links.sealed_token is 'What the address holds, encrypted with a master key.';
comment on column public.folder_links.folder_id is 'Null once the folder has been deleted for good.';
comment on column public.folder_links.owner_id is 'Who made it.';
comment on column public.folder_links."label" is 'The owner''s note.';
comment on column public.folder_links.is_for_uploads is 'Whether it adds files to the folder, which it then does not show.';
comment on column public.folder_links.password_hash is 'Argon2; null without a password.';
comment on column public.folder_links.max_files is 'How many files may be added by it; null for any number.';
comment on column public.folder_links.max_file_size is 'Bytes that each may have; null for any number.';
comment on column public.folder_links.max_total_size is 'Bytes that they may have together; null for any number.';
comment on column public.folder_links.received_files is 'How many were added.';
comment on column public.folder_links.received_size is 'Bytes that these had.';
comment on column public.folder_links.created_at is 'Seconds since the epoch.';
comment on column public.folder_links.expires_at is 'Seconds since the epoch; null for never.';
comment on column public.folder_links.revoked_at is 'Seconds since the epoch; null unless it was.';
comment on column public.folder_links.last_used_at is 'Seconds since the epoch; null before the first use.';

create index folder_links_by_owner on public.folder_links (owner_id, created_at, id);
create index folder_links_by_folder on public.folder_links (folder_id, created_at);
create index folder_links_by_expiry on public.folder_links (expires_at) where expires_at is not null;
create index folder_links_by_revocation on public.folder_links (revoked_at)
where revoked_at is not null;

create table public.link_uploads (
    id uuid primary key,
    link_id uuid not null references public.folder_links (id) on delete cascade,
    name text collate "C" not null,
    size bigint not null check (size >= 0),
    expires_at double precision not null,
    counted_at double precision
);
comment on table public.link_uploads is
'Files that are being added by links to folders. Until it expires, or is counted, one takes room of its link''s limits.';
comment on column public.link_uploads.id is 'Of its content.';
comment on column public.link_uploads.link_id is 'By which it is added.';
comment on column public.link_uploads.name is 'Under which it is to be there.';
comment on column public.link_uploads.size is 'In bytes.';
comment on column public.link_uploads.expires_at is 'Seconds since the epoch.';
comment on column public.link_uploads.counted_at is 'Seconds since the epoch; null until it was counted.';

create index link_uploads_by_link on public.link_uploads (link_id, counted_at, expires_at);
create index link_uploads_by_expiry on public.link_uploads (expires_at);

alter table public.folder_links enable row level security;
alter table public.link_uploads enable row level security;
revoke all on public.folder_links, public.link_uploads from public, anon, authenticated;
grant select, insert, update, delete on public.folder_links, public.link_uploads to service_role;

create function public.create_folder_link(p_link jsonb, p_most bigint, p_now double precision)
returns void language plpgsql set search_path = '' as $$
declare
    v_link constant public.folder_links := jsonb_populate_record(null::public.folder_links, p_link);
begin
    perform catalog_private.lock_store();
    if exists (select from public.folder_links where id = v_link.id) then
        return;
    end if;
    perform catalog_private.require_folder(v_link.folder_id);
    perform catalog_private.require_user(v_link.owner_id);
    if (select count(*) from public.folder_links where owner_id = v_link.owner_id) >= p_most then
        delete from public.folder_links
        where owner_id = v_link.owner_id and (revoked_at is not null or expires_at <= p_now);
    end if;
    if (select count(*) from public.folder_links where owner_id = v_link.owner_id) >= p_most then
        perform catalog_private.refuse('too-many-links', format(
            'a user may have %s links to folders, and no more: revoke one that is not needed', p_most
        ));
    end if;
    insert into public.folder_links select v_link.*;
end;
$$;
comment on function public.create_folder_link(jsonb, bigint, double precision) is
'Adds a link, unless its owner has as many as a user may; null sets no limit.';

create function public.folder_link_by_hash(p_token_hash text)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select to_jsonb(folder_links) from public.folder_links where token_hash = p_token_hash::bytea
    );
end;
$$;
comment on function public.folder_link_by_hash(text) is 'The link whose token has that hash, or null.';

create function public.folder_link_by_id(p_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (select to_jsonb(folder_links) from public.folder_links where id = p_id);
end;
$$;
comment on function public.folder_link_by_id(uuid) is 'The link with that id, or null.';

create function public.folder_links_of(p_owner_id bigint, p_after uuid, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(
            jsonb_build_object('link', to_jsonb(page), 'folder', case when exists (
                select from public.folders where folders.id = page.folder_id and trash_id is null
            ) then to_jsonb(catalog_private.folder_path(page.folder_id)) end)
            order by page.created_at desc, page.id desc
        )
        from (
            select folder_links.* from public.folder_links
            where owner_id = p_owner_id
                and (p_after is null or (folder_links.created_at, folder_links.id) < (
                    select previous.created_at, previous.id from public.folder_links as previous
                    where previous.id = p_after
                ))
            order by folder_links.created_at desc, folder_links.id desc limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.folder_links_of(bigint, uuid, bigint) is
'A page of a user''s links, the newest first, those after another one.';

create function public.change_folder_link(p_id uuid, p_changes jsonb)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_link public.folder_links;
begin
    perform catalog_private.lock_store();
    select * into v_link from public.folder_links where id = p_id;
    if v_link.id is null then
        perform catalog_private.refuse('link-missing', format('there is no link %s', p_id));
    end if;
    v_link := jsonb_populate_record(v_link, p_changes);
    update public.folder_links set "label" = v_link."label", password_hash = v_link.password_hash,
        max_files = v_link.max_files, max_file_size = v_link.max_file_size,
        max_total_size = v_link.max_total_size, expires_at = v_link.expires_at
    where id = p_id;
    return public.folder_link_by_id(p_id);
end;
$$;
comment on function public.change_folder_link(uuid, jsonb) is
'Changes those of label, password hash, limits and expiry that are given.';

create function public.revoke_folder_link(p_id uuid, p_owner_id bigint, p_at double precision)
returns jsonb language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    update public.folder_links set revoked_at = coalesce(revoked_at, p_at)
    where id = p_id and (p_owner_id is null or owner_id = p_owner_id);
    return (
        select to_jsonb(folder_links) from public.folder_links
        where id = p_id and (p_owner_id is null or owner_id = p_owner_id)
    );
end;
$$;
comment on function public.revoke_folder_link(uuid, bigint, double precision) is
'Ends a link. Null when that user (null: any) has no such link.';

create function public.note_folder_link(
    p_id uuid, p_at double precision, p_every_s double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    update public.folder_links set last_used_at = p_at
    where id = p_id and (last_used_at is null or last_used_at <= p_at - p_every_s);
end;
$$;
comment on function public.note_folder_link(uuid, double precision, double precision) is
'Notes that a link is used, unless a use is noted that was not long before.';

create function catalog_private.require_receiving_link(p_id uuid)
returns public.folder_links language plpgsql set search_path = '' as $$
declare
    v_link public.folder_links;
begin
    select * into v_link from public.folder_links where id = p_id for update;
    if v_link.id is null or not v_link.is_for_uploads or v_link.revoked_at is not null then
        perform catalog_private.refuse(
            'link-missing', format('nothing can be added by the link %s', p_id)
        );
    end if;
    return v_link;
end;
$$;
comment on function catalog_private.require_receiving_link(uuid) is
'A link that takes uploads; other transactions that count its uploads wait.';

create function catalog_private.require_link_room(
    p_link public.folder_links, p_size bigint, p_files_under_way bigint, p_size_under_way bigint
)
returns void language plpgsql set search_path = '' as $$
begin
    if p_size > p_link.max_file_size
        or p_link.received_size + p_size_under_way + p_size > p_link.max_total_size
        or p_link.received_files + p_files_under_way + 1 > p_link.max_files
    then
        perform catalog_private.refuse('link-full', format(
            'the limits of the link leave no room for %s bytes', p_size
        ));
    end if;
end;
$$;
comment on function catalog_private.require_link_room(public.folder_links, bigint, bigint, bigint) is
'Refuses an upload that a link has no room for beside so much that is under way.';

create function public.open_link_upload(
    p_id uuid, p_link_id uuid, p_name text, p_size bigint, p_expires_at double precision,
    p_now double precision
)
returns void language plpgsql set search_path = '' as $$
declare
    v_link public.folder_links;
    v_files bigint;
    v_size bigint;
begin
    if exists (select from public.link_uploads where id = p_id) then
        return;
    end if;
    v_link := catalog_private.require_receiving_link(p_link_id);
    select count(*), coalesce(sum(size), 0) into v_files, v_size from public.link_uploads
    where link_id = p_link_id and counted_at is null and expires_at > p_now and id <> p_id;
    perform catalog_private.require_link_room(v_link, p_size, v_files, v_size);
    insert into public.link_uploads (id, link_id, name, size, expires_at)
    values (p_id, p_link_id, p_name, p_size, p_expires_at) on conflict (id) do nothing;
end;
$$;
comment on function public.open_link_upload(
    uuid, uuid, text, bigint, double precision, double precision
) is 'Enters an upload, if its link has room for it beside what is under way.';

create function public.link_upload(p_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (select to_jsonb(link_uploads) from public.link_uploads where id = p_id);
end;
$$;
comment on function public.link_upload(uuid) is 'The upload of that id, or null.';

create function public.count_link_upload(p_id uuid, p_at double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_upload public.link_uploads;
    v_link public.folder_links;
begin
    select * into v_upload from public.link_uploads where id = p_id;
    if v_upload.id is null then
        perform catalog_private.refuse(
            'link-missing', format('nothing with the id %s is added by a link', p_id)
        );
    end if;
    v_link := catalog_private.require_receiving_link(v_upload.link_id);
    update public.link_uploads set counted_at = p_at where id = p_id and counted_at is null;
    if found then
        perform catalog_private.require_link_room(v_link, v_upload.size, 0, 0);
        update public.folder_links set received_files = received_files + 1,
            received_size = received_size + v_upload.size
        where id = v_link.id;
    end if;
    return public.folder_link_by_id(v_link.id);
end;
$$;
comment on function public.count_link_upload(uuid, double precision) is
'Counts an upload of which all is there, once, if its link has room for it.';

create function public.drop_link_upload(p_id uuid)
returns void language plpgsql set search_path = '' as $$
declare
    v_upload public.link_uploads;
begin
    delete from public.link_uploads where id = p_id returning * into v_upload;
    if v_upload.counted_at is not null then
        update public.folder_links set received_files = greatest(0, received_files - 1),
            received_size = greatest(0, received_size - v_upload.size)
        where id = v_upload.link_id;
    end if;
end;
$$;
comment on function public.drop_link_upload(uuid) is
'Takes an upload back, also one that was counted.';

create function public.drop_ended_folder_links(p_before double precision, p_limit bigint)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_dropped bigint;
begin
    perform catalog_private.lock_store();
    delete from public.link_uploads where expires_at < p_before;
    delete from public.folder_links where id in (
        select ended.id from public.folder_links as ended
        where ended.expires_at < p_before or ended.revoked_at < p_before
            or (ended.folder_id is null and ended.created_at < p_before)
        limit p_limit
    );
    get diagnostics v_dropped = row_count;
    return v_dropped;
end;
$$;
comment on function public.drop_ended_folder_links(double precision, bigint) is
'Deletes links that ended before, or were made before and whose folder is gone, and uploads that expired before. Answers how many links.';

create function catalog_private.read_folder_links()
returns setof json language sql stable set search_path = '' as $$
    select json_build_object(
        'kind', 'folder_link', 'id', id, 'token_hash', encode(token_hash, 'hex'),
        'sealed_token', encode(sealed_token, 'hex'), 'folder_id', folder_id, 'owner_id', owner_id,
        'label', "label", 'is_for_uploads', is_for_uploads, 'password_hash', password_hash,
        'max_files', max_files, 'max_file_size', max_file_size, 'max_total_size', max_total_size,
        'received_files', received_files, 'received_size', received_size, 'created_at', created_at,
        'expires_at', expires_at, 'revoked_at', revoked_at, 'last_used_at', last_used_at
    ) from public.folder_links order by id
$$;
comment on function catalog_private.read_folder_links() is 'All links to folders, as an export has them.';

create function catalog_private.fill_folder_links(p_id uuid, p_rank integer)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.folder_links (
        id, token_hash, sealed_token, folder_id, owner_id, "label", is_for_uploads, password_hash,
        max_files, max_file_size, max_total_size, received_files, received_size, created_at,
        expires_at, revoked_at, last_used_at
    )
    select (l ->> 'id')::uuid, decode(l ->> 'token_hash', 'hex'), decode(l ->> 'sealed_token', 'hex'),
        (l ->> 'folder_id')::bigint, (l ->> 'owner_id')::bigint, l ->> 'label',
        (l ->> 'is_for_uploads')::boolean, l ->> 'password_hash', (l ->> 'max_files')::bigint,
        (l ->> 'max_file_size')::bigint, (l ->> 'max_total_size')::bigint,
        (l ->> 'received_files')::bigint, (l ->> 'received_size')::bigint,
        (l ->> 'created_at')::double precision, (l ->> 'expires_at')::double precision,
        (l ->> 'revoked_at')::double precision, (l ->> 'last_used_at')::double precision
    from catalog_private.staged(p_id, p_rank) as l;
end;
$$;
comment on function catalog_private.fill_folder_links(uuid, integer) is
'The links to folders of an import.';

insert into catalog_private.transfer_kinds (rank, read_function, fill_function)
values (32, 'read_folder_links', 'fill_folder_links');

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.create_folder_link(jsonb, bigint, double precision)'::regprocedure,
        'public.folder_link_by_hash(text)'::regprocedure,
        'public.folder_link_by_id(uuid)'::regprocedure,
        'public.folder_links_of(bigint, uuid, bigint)'::regprocedure,
        'public.change_folder_link(uuid, jsonb)'::regprocedure,
        'public.revoke_folder_link(uuid, bigint, double precision)'::regprocedure,
        'public.note_folder_link(uuid, double precision, double precision)'::regprocedure,
        'catalog_private.require_receiving_link(uuid)'::regprocedure,
        'catalog_private.require_link_room(public.folder_links, bigint, bigint, bigint)'::regprocedure,
        'public.open_link_upload(uuid, uuid, text, bigint, double precision, double precision)'::regprocedure,
        'public.link_upload(uuid)'::regprocedure,
        'public.count_link_upload(uuid, double precision)'::regprocedure,
        'public.drop_link_upload(uuid)'::regprocedure,
        'public.drop_ended_folder_links(double precision, bigint)'::regprocedure,
        'catalog_private.read_folder_links()'::regprocedure,
        'catalog_private.fill_folder_links(uuid, integer)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130191000', 'folder_links');
