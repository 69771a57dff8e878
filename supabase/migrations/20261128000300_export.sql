-- Whole catalogs out: a copy that stands still, read page by page.

create function catalog_private.copy_catalog(p_id uuid)
returns void language sql set search_path = '' as $$
    with recursive placed (id, parent_id, name, depth) as (
        select id, parent_id, name, 1 from public.folders where parent_id = 0
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
        'unreferenced_since', unreferenced_since
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
comment on function catalog_private.copy_catalog(uuid) is
'Copies all records, as one statement sees them, for an export. The order is that of the export.';

create function public.begin_export(p_id uuid)
returns void language plpgsql set search_path = '' set statement_timeout = '15min' as $$
begin
    if catalog_private.begin_transfer(p_id, 'export') then
        perform catalog_private.copy_catalog(p_id);
    end if;
end;
$$;
comment on function public.begin_export(uuid) is
'Keeps all records as they are now, to be read page by page.';

create function public.export_page(p_id uuid, p_rank bigint, p_number bigint, p_limit bigint)
returns json language plpgsql stable set search_path = '' as $$
begin
    if not exists (select from catalog_private.transfers where id = p_id and kind = 'export') then
        raise exception 'the export is gone: begin anew';
    end if;
    return (
        select json_build_object(
            'records', coalesce(json_agg(page.record order by page."number"), '[]'),
            'last', max(page."number")
        )
        from (
            select "number", record from catalog_private.transfer_records
            where transfer_id = p_id and rank = p_rank and "number" > p_number
            order by "number" limit p_limit
        ) as page
    );
end;
$$;
comment on function public.export_page(uuid, bigint, bigint, bigint) is
'Records of one kind behind a number, and the number of the last one; null when there is none.';

insert into public.schema_version (version, name) values ('20261128000300', 'export');
