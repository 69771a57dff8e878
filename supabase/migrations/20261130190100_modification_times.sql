-- A file keeps the modification time that it has where it comes from. It belongs to the content, so that it is
-- kept by copies, moves, versions, the trash and kept uploads; files repeat it, to be listed by it.

alter table public.objects add column modified_at double precision;
comment on column public.objects.modified_at is
'When the content was last modified where it came from, in seconds since the epoch; null: its client has not said.';

alter table public.files add column modified_at double precision not null default 0;
-- Rewrites the table without a trigger for each row.
alter table public.files alter column modified_at type double precision using updated_at;
alter table public.files alter column modified_at drop default;
comment on column public.files.modified_at is
'That of the content, or updated_at if that has none, in seconds since the epoch.';
create index files_by_modification on public.files (folder_id, modified_at, sort_key, id);
create index files_by_modification_descending on public.files (folder_id, modified_at desc, sort_key, id);

create function catalog_private.date_file()
returns trigger language plpgsql set search_path = '' as $$
begin
    new.modified_at := coalesce(
        (select objects.modified_at from public.objects where objects.id = new.object_id), new.updated_at
    );
    return new;
end;
$$;
comment on function catalog_private.date_file() is 'A file gets the modification time of its content.';
create trigger files_dated before insert or update of object_id, updated_at on public.files
for each row execute function catalog_private.date_file();

create or replace view catalog_private.file_records with (security_invoker = true) as
select files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    exists (
        select from public.views
        where views.object_id = files.object_id and views.name = 'thumbnail'
    ) as has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at
from public.files join public.objects on objects.id = files.object_id
where files.trash_id is null;

create or replace function catalog_private.object_json(p_object public.objects)
returns jsonb language plpgsql immutable set search_path = '' as $$
begin
    return case when (p_object).id is not null then jsonb_build_object(
        'id', (p_object).id, 'size', (p_object).size, 'chunk_size', (p_object).chunk_size,
        'chunk_count', (p_object).chunk_count, 'envelope', (p_object).envelope,
        'state', (p_object).state, 'mime_type', (p_object).mime_type, 'hash', (p_object).hash,
        'created_at', (p_object).created_at, 'modified_at', (p_object).modified_at
    ) end;
end;
$$;

create or replace function catalog_private.receipt(p_object_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select jsonb_build_object(
            'file', jsonb_build_object(
                'id', commits.file_id, 'folder_id', commits.folder_id, 'name', commits.name,
                'object_id', commits.object_id, 'owner_id', commits.owner_id,
                'is_public', commits.is_public, 'size', objects.size,
                'mime_type', objects.mime_type, 'has_thumbnail', false,
                'created_at', commits.created_at, 'updated_at', commits.updated_at,
                'modified_at', objects.modified_at, 'share', null
            ),
            'shares', catalog_private.shares_json(commits.file_id),
            'created', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'folder', jsonb_build_object(
                        'id', made.folder -> 0, 'parent_id', made.folder -> 1,
                        'name', made.folder -> 2 -> -1
                    ),
                    'path', made.folder -> 2
                ) order by made.position), '[]')
                from jsonb_array_elements(commits.created_folders)
                with ordinality as made (folder, position)
            ),
            'replaced', commits.replaced,
            'sequence', commits.sequence
        )
        from public.commits join public.objects on objects.id = commits.object_id
        where commits.object_id = p_object_id
    );
end;
$$;

drop function catalog_private.begin_object(
    uuid, bigint, bigint, bigint, text, double precision, uuid, text, text, double precision
);
create function catalog_private.begin_object(
    p_object_id uuid, p_size bigint, p_chunk_size bigint, p_chunk_count bigint, p_envelope text,
    p_created_at double precision, p_modified_at double precision, p_hold_object_id uuid,
    p_service text, p_key text, p_expires_at double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, created_at,
        modified_at)
    values (p_object_id, p_size, p_chunk_size, p_chunk_count, p_envelope, 'uploading', p_created_at,
        p_modified_at)
    on conflict (id) do nothing;
    perform catalog_private.put_reference(p_hold_object_id, p_service, p_key, p_expires_at);
end;
$$;
comment on function catalog_private.begin_object(
    uuid, bigint, bigint, bigint, text, double precision, double precision, uuid, text, text,
    double precision
) is 'A new object, with what keeps it alive; no change when it exists.';

create or replace function public.begin_objects(p_drafts jsonb)
returns void language plpgsql set search_path = '' as $$
begin
    -- In one order, so that no two calls wait for each other.
    perform catalog_private.begin_object(
        draft.object_id, draft.size, draft.chunk_size, draft.chunk_count, draft.envelope,
        draft.created_at, draft.modified_at, draft.hold_object_id, draft.service, draft."key", draft.expires_at
    )
    from (
        select * from jsonb_to_recordset(p_drafts) as unordered (
            object_id uuid, size bigint, chunk_size bigint, chunk_count bigint, envelope text,
            created_at double precision, modified_at double precision, hold_object_id uuid, service text, "key" text,
            expires_at double precision
        ) order by object_id
    ) as draft;
end;
$$;

drop function public.redeem_ticket(
    uuid, bigint, bigint, bigint, text, double precision, uuid, text, text, double precision,
    double precision
);
create function public.redeem_ticket(
    p_object_id uuid, p_size bigint, p_chunk_size bigint, p_chunk_count bigint, p_envelope text,
    p_created_at double precision, p_modified_at double precision, p_hold_object_id uuid,
    p_service text, p_key text, p_expires_at double precision, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_ticket public.tickets;
begin
    perform catalog_private.lock_store();
    v_ticket := catalog_private.require_ticket(p_object_id);
    if v_ticket.used_at is not null then
        -- The very same call again is known by its reference.
        if not exists (
            select from public."references"
            join public.objects on objects.id = "references".object_id
            where "references".object_id = p_hold_object_id and "references".service = p_service
            and "references"."key" = p_key and objects.state = 'uploading'
        ) then
            perform catalog_private.refuse('ticket-used', 'the ticket has been used');
        end if;
        return to_jsonb(v_ticket);
    end if;
    if v_ticket.expires_at <= p_now then
        perform catalog_private.refuse('ticket-expired', 'the ticket was not used in time');
    end if;
    perform catalog_private.begin_object(
        p_object_id, p_size, p_chunk_size, p_chunk_count, p_envelope, p_created_at,
        p_modified_at, p_hold_object_id, p_service, p_key, p_expires_at
    );
    update public.tickets set used_at = p_now where id = p_object_id;
    return public.ticket_by_id(p_object_id);
end;
$$;
comment on function public.redeem_ticket(
    uuid, bigint, bigint, bigint, text, double precision, double precision, uuid, text, text,
    double precision, double precision
) is 'Uses a ticket up and starts its object. The same call again is no change.';

create or replace function catalog_private.commit_anywhere(p_order jsonb, p_now double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_order record;
    v_committed jsonb;
begin
    select * into v_order from jsonb_to_record(p_order) as (
        object_id uuid, mime_type text, hash text, path text[], name text, owner_id bigint,
        is_public boolean, on_conflict text, overwrite_id bigint, permit jsonb,
        hold_service text, hold_key text, draft jsonb, keep_versions bigint
    );
    if v_order.draft is not null then
        insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, created_at,
            modified_at)
        select draft.object_id, draft.size, draft.chunk_size, draft.chunk_count, draft.envelope,
            'uploading', draft.created_at, draft.modified_at
        from jsonb_to_record(v_order.draft) as draft (
            object_id uuid, size bigint, chunk_size bigint, chunk_count bigint, envelope text,
            created_at double precision, modified_at double precision
        )
        on conflict (id) do nothing;
    end if;
    perform public.finish_object(v_order.object_id, v_order.mime_type, v_order.hash);
    v_committed := catalog_private.commit_file(
        v_order.object_id, v_order.path, v_order.name, v_order.owner_id, v_order.is_public,
        v_order.on_conflict, v_order.overwrite_id, p_now, v_order.permit, v_order.keep_versions
    );
    delete from public."references"
    where object_id = v_order.object_id and service = v_order.hold_service
    and "key" = v_order.hold_key;
    return v_committed;
end;
$$;

create or replace function catalog_private.fill_content(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.users (id, name, is_admin, password_hash, token_epoch, created_at)
    select r.id, r.name, r.is_admin, r.password_hash, r.token_epoch, r.created_at
    from catalog_private.staged(p_id, 1) as s, json_populate_record(null::public.users, s) as r;
    insert into public.folders (id, parent_id, name)
    select r.id, r.parent_id, r.name
    from catalog_private.staged(p_id, 2) as s, json_populate_record(null::public.folders, s) as r;
    insert into public.messages (id, channel_id, webhook_id, stored_size)
    select r.id, r.channel_id, r.webhook_id, r.stored_size
    from catalog_private.staged(p_id, 3) as s, json_populate_record(null::public.messages, s) as r;
    insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, mime_type, hash,
        metadata, created_at, unreferenced_since, modified_at)
    select r.id, r.size, r.chunk_size, r.chunk_count, r.envelope, r.state, r.mime_type, r.hash,
        (s ->> 'metadata')::json, r.created_at, r.unreferenced_since, r.modified_at
    from catalog_private.staged(p_id, 4) as s, json_populate_record(null::public.objects, s) as r;
    insert into public.chunks (object_id, "index", message_id, attachment_id, "offset", stored_size,
        size, digest)
    select r.object_id, r."index", r.message_id, r.attachment_id, r."offset", r.stored_size,
        r.size, decode(s ->> 'digest', 'hex')
    from catalog_private.staged(p_id, 5) as s, json_to_record(s) as r (
        object_id uuid, "index" bigint, message_id bigint, attachment_id bigint, "offset" bigint,
        stored_size bigint, size bigint
    );
end;
$$;

create or replace function catalog_private.copy_catalog(p_id uuid)
returns void language sql set search_path = '' as $$
    with recursive placed (id, parent_id, name, depth) as (
        select id, parent_id, name, 1 from public.folders where parent_id <= 0
        union all
        select folders.id, folders.parent_id, folders.name, placed.depth + 1
        from placed join public.folders on folders.parent_id = placed.id
    )
    insert into catalog_private.transfer_records (transfer_id, rank, "number", record)
    select p_id, 1, id, json_build_object(
        'kind', 'user', 'id', id, 'name', name, 'is_admin', is_admin,
        'password_hash', password_hash, 'token_epoch', token_epoch, 'created_at', created_at
    ) from public.users
    union all
    select p_id, 2, row_number() over (order by depth, id), json_build_object(
        'kind', 'folder', 'id', id, 'parent_id', parent_id, 'name', name
    ) from placed
    union all
    select p_id, 3, id, json_build_object(
        'kind', 'message', 'id', id, 'channel_id', channel_id, 'webhook_id', webhook_id,
        'stored_size', stored_size
    ) from public.messages
    union all
    select p_id, 4, row_number() over (order by id), json_build_object(
        'kind', 'object', 'id', id, 'size', size, 'chunk_size', chunk_size,
        'chunk_count', chunk_count, 'envelope', envelope, 'state', state, 'mime_type', mime_type,
        'hash', hash, 'metadata', metadata::text, 'created_at', created_at,
        'unreferenced_since', unreferenced_since, 'modified_at', modified_at
    ) from public.objects
    union all
    select p_id, 5, row_number() over (order by object_id, "index"), json_build_object(
        'kind', 'chunk', 'object_id', object_id, 'index', "index", 'message_id', message_id,
        'attachment_id', attachment_id, 'offset', "offset", 'stored_size', stored_size,
        'size', size, 'digest', encode(digest, 'hex')
    ) from public.chunks
    union all
    select p_id, 6, id, json_build_object(
        'kind', 'file', 'id', id, 'folder_id', folder_id, 'name', name, 'object_id', object_id,
        'owner_id', owner_id, 'is_public', is_public, 'created_at', created_at,
        'updated_at', updated_at
    ) from public.files
    union all
    select p_id, 7, row_number() over (order by file_id, user_id), json_build_object(
        'kind', 'share', 'file_id', file_id, 'user_id', user_id, 'can_write', can_write,
        'shared_at', shared_at
    ) from public.shares
    union all
    select p_id, 8, row_number() over (order by object_id, service, "key"), json_build_object(
        'kind', 'reference', 'object_id', object_id, 'service', service, 'key', "key",
        'expires_at', expires_at
    ) from public."references"
    union all
    select p_id, 9, row_number() over (order by object_id, name collate "C"), json_build_object(
        'kind', 'view', 'object_id', object_id, 'name', name, 'view_object_id', view_object_id
    ) from public.views
    union all
    select p_id, 10, row_number() over (order by object_id), json_build_object(
        'kind', 'commit', 'object_id', object_id, 'file_id', file_id, 'folder_id', folder_id,
        'name', name, 'owner_id', owner_id, 'is_public', is_public, 'created_at', created_at,
        'updated_at', updated_at, 'replaced', replaced, 'created_folders', created_folders
    ) from public.commits
    union all
    select p_id, 11, id, json_build_object(
        'kind', 'api_key', 'id', id, 'service', service, 'key_hash', encode(key_hash, 'hex'),
        'created_by', created_by, 'created_at', created_at, 'revoked_at', revoked_at
    ) from public.api_keys
    union all
    select p_id, 12, row_number() over (order by id), json_build_object(
        'kind', 'ticket', 'id', id, 'holder', holder, 'mime_type', mime_type, 'size', size,
        'created_at', created_at, 'expires_at', expires_at, 'reference_ttl_s', reference_ttl_s,
        'success_action_status', success_action_status,
        'success_action_redirect', success_action_redirect, 'view_of', view_of,
        'view_name', view_name, 'used_at', used_at, 'completed_at', completed_at
    ) from public.tickets
    union all
    select p_id, 13, row_number() over (order by object_id), json_build_object(
        'kind', 'job', 'object_id', object_id, 'state', state, 'due_at', due_at,
        'attempts', attempts, 'worker', worker, 'error', error, 'recipe_version', recipe_version
    ) from public.jobs
    union all
    select p_id, 14, row_number() over (order by name), json_build_object(
        'kind', 'sequence', 'table', name, 'last_id', case when is_called then last_value else 0 end
    ) from (
        select 'api_keys' as name, last_value, is_called from public.api_keys_id_seq
        union all select 'files', last_value, is_called from public.files_id_seq
        union all select 'folders', last_value, is_called from public.folders_id_seq
        union all select 'users', last_value, is_called from public.users_id_seq
    ) as sequences;
$$;

create or replace function catalog_private.fill_names(p_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.files (id, folder_id, name, object_id, owner_id, is_public, size, created_at,
        updated_at, modified_at)
    select r.id, r.folder_id, r.name, r.object_id, r.owner_id, r.is_public,
        coalesce(objects.size, 0), r.created_at, r.updated_at,
        coalesce(objects.modified_at, r.updated_at)
    from catalog_private.staged(p_id, 6) as s
    cross join json_populate_record(null::public.files, s) as r
    left join public.objects on objects.id = r.object_id;
    insert into public.shares
    select r.* from catalog_private.staged(p_id, 7) as s,
        json_populate_record(null::public.shares, s) as r;
    insert into public."references"
    select r.* from catalog_private.staged(p_id, 8) as s,
        json_populate_record(null::public."references", s) as r;
    insert into public.views
    select r.* from catalog_private.staged(p_id, 9) as s,
        json_populate_record(null::public.views, s) as r;
    insert into public.commits (object_id, file_id, folder_id, name, owner_id, is_public,
        created_at, updated_at, replaced, created_folders)
    select r.object_id, r.file_id, r.folder_id, r.name, r.owner_id, r.is_public, r.created_at,
        r.updated_at, r.replaced, r.created_folders
    from catalog_private.staged(p_id, 10) as s, json_populate_record(null::public.commits, s) as r;
end;
$$;

create or replace function public.versions_of(p_file_id bigint, p_permit jsonb)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    perform catalog_private.require_files(array[p_file_id], p_permit);
    return coalesce((
        select jsonb_agg(
            to_jsonb(versions) || jsonb_build_object(
                'mime_type', objects.mime_type, 'modified_at', objects.modified_at
            )
            order by versions.id desc
        )
        from public.versions join public.objects on objects.id = versions.object_id
        where versions.file_id = p_file_id
    ), '[]');
end;
$$;

revoke execute on function catalog_private.date_file(), catalog_private.begin_object(
    uuid, bigint, bigint, bigint, text, double precision, double precision, uuid, text, text,
    double precision
), public.redeem_ticket(
    uuid, bigint, bigint, bigint, text, double precision, double precision, uuid, text, text,
    double precision, double precision
) from public, anon, authenticated;
grant execute on function catalog_private.date_file(), catalog_private.begin_object(
    uuid, bigint, bigint, bigint, text, double precision, double precision, uuid, text, text,
    double precision
), public.redeem_ticket(
    uuid, bigint, bigint, bigint, text, double precision, double precision, uuid, text, text,
    double precision, double precision
) to service_role;

insert into public.schema_version (version, name) values ('20261130190100', 'modification_times');
