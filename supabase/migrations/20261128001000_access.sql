-- Only the service role gets in. Row level security is on and no policy lets anybody else see a
-- row; besides, nobody else may touch a table or call a function. A project may have granted more by
-- default, so that it is taken back by name.

do $$
declare
    v_table text;
    v_function regprocedure;
begin
    foreach v_table in array array[
        'schema_version', 'users', 'folders', 'folder_usage', 'objects', 'messages', 'chunks',
        'files', 'shares', 'commits', 'references', 'views', 'api_keys', 'tickets', 'jobs', 'answers'
    ] loop
        execute format('alter table public.%I enable row level security', v_table);
        execute format('revoke all on public.%I from public, anon, authenticated', v_table);
        execute format(
            'grant select, insert, update, delete on public.%I to service_role', v_table
        );
    end loop;
    -- Trigger functions included: they run as whoever writes.
    for v_function in
        select pg_proc.oid from pg_catalog.pg_proc
        where pronamespace = 'catalog_private'::regnamespace
        or (
            pronamespace = 'public'::regnamespace and proname in (
                'check_catalog', 'create_first_user', 'create_user', 'user_by_name', 'user_by_id',
                'set_password', 'search_users', 'folder_at', 'folder_by_id', 'folder_path',
                'make_folders', 'folder_counts', 'list_folders', 'usage_by_type', 'rename_folder',
                'move_folder', 'file_at', 'file_by_id', 'files_in', 'files_of', 'list_files',
                'rename_file', 'move_files', 'delete_file', 'delete_folder', 'commit_file',
                'begin_object', 'add_chunk', 'finish_object', 'object_by_id', 'chunks_of', 'hold',
                'release', 'renew', 'open_ticket', 'ticket_by_id', 'redeem_ticket',
                'complete_ticket', 'drop_expired_tickets', 'create_reference', 'release_reference',
                'references_of', 'references_on', 'enqueue_missing', 'claim_job', 'renew_job',
                'complete_job', 'fail_job', 'jobs_in', 'count_jobs', 'retry_jobs',
                'subfolders_after', 'subfolders_in', 'files_after', 'create_key', 'key_by_hash',
                'revoke_key', 'list_keys', 'end_transfer', 'set_owner', 'shares_of', 'put_share',
                'remove_share', 'set_public', 'put_view', 'views_of', 'metadata_of', 'begin_export',
                'export_page', 'begin_import', 'stage_records', 'finish_import', 'orphan_messages',
                'forget_message', 'collect_objects', 'garbage', 'subfolder_position',
                'file_position', 'list_accounts', 'set_role', 'lock_user', 'release_files',
                'remove_user'
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

alter table catalog_private.transfers enable row level security;
alter table catalog_private.transfer_records enable row level security;
revoke all on catalog_private.transfers, catalog_private.transfer_records
from public, anon, authenticated;
grant select, insert, update, delete on catalog_private.transfers, catalog_private.transfer_records
to service_role;

revoke all on schema catalog_private from public, anon, authenticated;
grant usage on schema catalog_private to service_role;
grant select on catalog_private.file_records to service_role;

-- A project grants all on every new sequence by default: nobody else reads or moves the counters of ids.
revoke all on all sequences in schema public from anon, authenticated;
grant select on public.users_id_seq, public.folders_id_seq, public.files_id_seq,
public.api_keys_id_seq to service_role;

insert into public.schema_version (version, name) values ('20261128001000', 'access');
