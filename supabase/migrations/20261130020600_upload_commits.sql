-- An upload is committed by one call: its content is completed, gets its name, and is let go of by what
-- has kept it alive until then. Many uploads are committed by one call, too, each for itself. Uploads with a
-- ticket end in one call as well.

alter function public.commit_file(
    uuid, text[], text, bigint, boolean, text, bigint, double precision, jsonb
) set schema catalog_private;

create function catalog_private.commit_upload(p_order jsonb, p_now double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_order record;
    v_committed jsonb;
begin
    select * into v_order from jsonb_to_record(p_order) as (
        object_id uuid, mime_type text, hash text, path text[], name text, owner_id bigint,
        is_public boolean, on_conflict text, overwrite_id bigint, permit jsonb,
        hold_service text, hold_key text, draft jsonb
    );
    if v_order.draft is not null then
        insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, created_at)
        select draft.object_id, draft.size, draft.chunk_size, draft.chunk_count, draft.envelope,
            'uploading', draft.created_at
        from jsonb_to_record(v_order.draft) as draft (
            object_id uuid, size bigint, chunk_size bigint, chunk_count bigint, envelope text,
            created_at double precision
        )
        on conflict (id) do nothing;
    end if;
    perform public.finish_object(v_order.object_id, v_order.mime_type, v_order.hash);
    v_committed := catalog_private.commit_file(
        v_order.object_id, v_order.path, v_order.name, v_order.owner_id, v_order.is_public,
        v_order.on_conflict, v_order.overwrite_id, p_now, v_order.permit
    );
    delete from public."references"
    where object_id = v_order.object_id and service = v_order.hold_service
    and "key" = v_order.hold_key;
    return v_committed;
end;
$$;
comment on function catalog_private.commit_upload(jsonb, double precision) is
'Completes the content of an upload, names it, and removes the reference that has kept it alive.';

create function public.commit_uploads(p_orders jsonb, p_now double precision)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_order jsonb;
    v_answers jsonb[] := '{}';
    v_state text;
    v_message text;
    v_hint text;
    v_detail text;
begin
    perform catalog_private.lock_store();
    for v_order in select orders.value from jsonb_array_elements(p_orders) as orders loop
        begin
            v_answers := v_answers || catalog_private.commit_upload(v_order, p_now);
        exception
            -- Refused by us, or for its values. What else there is concerns the whole call.
            when sqlstate 'DC000' or data_exception or integrity_constraint_violation
            or program_limit_exceeded then
                get stacked diagnostics v_state = returned_sqlstate,
                    v_message = message_text, v_hint = pg_exception_hint,
                    v_detail = pg_exception_detail;
                v_answers := v_answers || jsonb_build_object('error', jsonb_build_object(
                    'code', v_state, 'message', v_message, 'hint', v_hint, 'details', v_detail
                ));
        end;
    end loop;
    return to_jsonb(v_answers);
end;
$$;
comment on function public.commit_uploads(jsonb, double precision) is
'Commits uploads in their order: for each its file, or the error by which it alone has failed.';

alter function public.complete_ticket(uuid, text, text, double precision)
set schema catalog_private;

create function public.complete_ticket(
    p_object_id uuid, p_mime_type text, p_hash text, p_hold_service text, p_hold_key text,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_object jsonb := catalog_private.complete_ticket(p_object_id, p_mime_type, p_hash, p_now);
begin
    delete from public."references"
    where object_id = p_object_id and service = p_hold_service and "key" = p_hold_key;
    return v_object;
end;
$$;
comment on function public.complete_ticket(uuid, text, text, text, text, double precision) is
'Finishes an object, keeps it as its ticket says, and removes the reference that has kept it alive.';

revoke execute on function public.complete_ticket(uuid, text, text, text, text, double precision)
from public, anon, authenticated;
grant execute on function public.complete_ticket(uuid, text, text, text, text, double precision)
to service_role;
revoke execute on function catalog_private.commit_upload(jsonb, double precision)
from public, anon, authenticated;
grant execute on function catalog_private.commit_upload(jsonb, double precision) to service_role;
revoke execute on function public.commit_uploads(jsonb, double precision)
from public, anon, authenticated;
grant execute on function public.commit_uploads(jsonb, double precision) to service_role;

insert into public.schema_version (version, name) values ('20261130020600', 'upload_commits');
