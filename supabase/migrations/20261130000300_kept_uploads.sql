-- Uploads that go on after their client, their service or their manager was lost.

create table public.kept_uploads (
    object_id uuid primary key references public.objects (id) on delete cascade,
    owner_id bigint not null references public.users (id) on delete cascade,
    folder text[] collate "C" not null,
    "name" text collate "C" not null,
    is_public boolean not null,
    do_overwrite boolean not null,
    fingerprint text collate "C" not null,
    state text not null check (state in ('uploading', 'stored', 'awaiting_decision')),
    mime_type text collate "C",
    epoch bigint not null check (epoch >= 0),
    claimed_by uuid,
    created_at double precision not null
);
comment on table public.kept_uploads is
'Uploads that their owners have asked to keep. What holds the object, and says until when, is the reference of the service kept-upload; when that is over the collector deletes the object, and this with it.';
comment on column public.kept_uploads.object_id is 'The object that it brings, which is the upload''s id.';
comment on column public.kept_uploads.owner_id is 'The user who resumes and drops it.';
comment on column public.kept_uploads."name" is 'Of the file, as it was asked for.';
comment on column public.kept_uploads.is_public is 'Whether all users may read and write the file.';
comment on column public.kept_uploads.do_overwrite is 'Whether a file of the same name is replaced without asking.';
comment on column public.kept_uploads.state is 'How far it has come.';
comment on column public.kept_uploads.created_at is 'Seconds since the epoch.';
comment on column public.kept_uploads.folder is 'Names from the root down, where the file goes.';
comment on column public.kept_uploads.fingerprint is 'What the client calls its source by.';
comment on column public.kept_uploads.mime_type is 'Null as long as no service has found it out.';
comment on column public.kept_uploads.epoch is 'How often it was claimed.';
comment on column public.kept_uploads.claimed_by is 'The last claim''s own id, by which the same claim again is known.';

create index kept_uploads_by_owner on public.kept_uploads (owner_id, created_at, object_id);

alter table public.kept_uploads enable row level security;
revoke all on public.kept_uploads from public, anon, authenticated;
grant select, insert, update, delete on public.kept_uploads to service_role;

create function catalog_private.live_kept_uploads(p_now double precision)
returns table (kept public.kept_uploads, size bigint, expires_at double precision)
language sql stable set search_path = '' as $$
    select kept_uploads, objects.size, "references".expires_at
    from public.kept_uploads
    join public.objects on objects.id = kept_uploads.object_id
    join public."references" on "references".object_id = kept_uploads.object_id
    and "references".service = 'kept-upload' and "references".expires_at > p_now
$$;
comment on function catalog_private.live_kept_uploads(double precision) is
'The kept uploads whose time is not over, with the size of their objects.';

create function catalog_private.kept_upload_json(p_object_id uuid, p_now double precision)
returns jsonb language sql stable set search_path = '' as $$
    select to_jsonb(live.kept) || jsonb_build_object(
        'expires_at', live.expires_at, 'size', objects.size, 'chunk_size', objects.chunk_size,
        'chunk_count', objects.chunk_count, 'stored_chunks', (
            select count(*) from public.chunks where chunks.object_id = p_object_id
        )
    )
    from catalog_private.live_kept_uploads(p_now) as live
    join public.objects on objects.id = (live.kept).object_id
    where (live.kept).object_id = p_object_id
$$;
comment on function catalog_private.kept_upload_json(uuid, double precision) is
'A kept upload with what its object, its chunks and its reference tell of it; null when its time is over.';

create function catalog_private.require_room_to_keep(
    p_owner_id bigint, p_size bigint, p_most_uploads bigint, p_most_bytes bigint,
    p_now double precision
)
returns void language plpgsql set search_path = '' as $$
declare
    v_uploads bigint;
    v_bytes bigint;
begin
    select count(*), coalesce(sum(live.size), 0) into v_uploads, v_bytes
    from catalog_private.live_kept_uploads(p_now) as live where (live.kept).owner_id = p_owner_id;
    if v_uploads >= p_most_uploads then
        perform catalog_private.refuse('too-many-kept-uploads', format(
            '%s uploads may be kept, and no more: resume or drop one', p_most_uploads
        ));
    end if;
    if v_bytes + p_size > p_most_bytes then
        perform catalog_private.refuse('too-many-kept-bytes', format(
            'kept uploads may have %s bytes together, and have %s', p_most_bytes, v_bytes
        ));
    end if;
end;
$$;
comment on function catalog_private.require_room_to_keep(bigint, bigint, bigint, bigint, double precision) is
'Refuses an upload that would exceed what its owner may keep.';

create function public.keep_upload(
    p_upload jsonb, p_expires_at double precision, p_most_uploads bigint, p_most_bytes bigint,
    p_now double precision
)
returns void language plpgsql set search_path = '' as $$
declare
    v_kept constant public.kept_uploads := jsonb_populate_record(null::public.kept_uploads, p_upload);
    v_size bigint;
begin
    perform catalog_private.lock_store();
    select size into v_size from public.objects where id = v_kept.object_id;
    if v_size is null then
        perform catalog_private.refuse(
            'object-missing', format('there is no object %s', v_kept.object_id)
        );
    end if;
    perform catalog_private.require_user(v_kept.owner_id);
    if catalog_private.kept_upload_json(v_kept.object_id, p_now) is not null then
        return;
    end if;
    if p_most_uploads is not null then
        perform catalog_private.require_room_to_keep(
            v_kept.owner_id, v_size, p_most_uploads, p_most_bytes, p_now
        );
    end if;
    -- One whose time is over makes room for itself.
    delete from public.kept_uploads where object_id = v_kept.object_id;
    insert into public.kept_uploads select v_kept.*;
    perform catalog_private.put_reference(
        v_kept.object_id, 'kept-upload', v_kept.owner_id::text, p_expires_at
    );
end;
$$;
comment on function public.keep_upload(jsonb, double precision, bigint, bigint, double precision) is
'Keeps an upload, unless its owner would then exceed the limits; null sets none.';

create function public.kept_upload(p_object_id uuid, p_now double precision)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.kept_upload_json(p_object_id, p_now);
end;
$$;
comment on function public.kept_upload(uuid, double precision) is
'The kept upload of that object, or null.';

create function public.kept_uploads_of(
    p_owner_id bigint, p_after uuid, p_limit bigint, p_now double precision
)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(
            catalog_private.kept_upload_json(page.object_id, p_now)
            order by page.created_at, page.object_id
        )
        from (
            select (live.kept).object_id, (live.kept).created_at
            from catalog_private.live_kept_uploads(p_now) as live
            where (live.kept).owner_id = p_owner_id and (p_after is null
            or ((live.kept).created_at, (live.kept).object_id) > (
                select previous.created_at, previous.object_id from public.kept_uploads as previous
                where previous.object_id = p_after and previous.owner_id = p_owner_id
            ))
            order by (live.kept).created_at, (live.kept).object_id limit p_limit
        ) as page
    ), '[]');
end;
$$;
comment on function public.kept_uploads_of(bigint, uuid, bigint, double precision) is
'A page of a user''s kept uploads, the oldest first, those after that of an object.';

create function public.claim_kept_upload(
    p_object_id uuid, p_owner_id bigint, p_epoch bigint, p_claimant uuid,
    p_expires_at double precision, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_kept public.kept_uploads;
begin
    perform catalog_private.lock_store();
    select (live.kept).* into v_kept from catalog_private.live_kept_uploads(p_now) as live
    where (live.kept).object_id = p_object_id and (live.kept).owner_id = p_owner_id;
    if v_kept.object_id is null then
        perform catalog_private.refuse(
            'kept-upload-missing', format('the user keeps no upload %s', p_object_id)
        );
    end if;
    if (v_kept.epoch, v_kept.claimed_by) is distinct from (p_epoch + 1, p_claimant) then
        if v_kept.epoch <> p_epoch then
            perform catalog_private.refuse(
                'kept-upload-claimed', format('the upload %s was resumed elsewhere', p_object_id)
            );
        end if;
        update public.kept_uploads set epoch = epoch + 1, claimed_by = p_claimant, state = 'uploading'
        where object_id = p_object_id;
        perform catalog_private.put_reference(
            p_object_id, 'kept-upload', p_owner_id::text, p_expires_at
        );
    end if;
    return catalog_private.kept_upload_json(p_object_id, p_now);
end;
$$;
comment on function public.claim_kept_upload(uuid, bigint, bigint, uuid, double precision, double precision) is
'Takes a kept upload over, if nobody has since its epoch was read.';

create function public.park_kept_upload(
    p_object_id uuid, p_epoch bigint, p_state text, p_folder text[], p_mime_type text,
    p_expires_at double precision
)
returns boolean language plpgsql set search_path = '' as $$
declare
    v_owner_id bigint;
begin
    perform catalog_private.lock_store();
    update public.kept_uploads
    set state = p_state, folder = p_folder, mime_type = coalesce(p_mime_type, mime_type)
    where object_id = p_object_id and epoch = p_epoch
    returning owner_id into v_owner_id;
    if v_owner_id is null then
        return false;
    end if;
    perform catalog_private.put_reference(
        p_object_id, 'kept-upload', v_owner_id::text, p_expires_at
    );
    return true;
end;
$$;
comment on function public.park_kept_upload(uuid, bigint, text, text[], text, double precision) is
'Notes how far a kept upload has come, in the epoch that is going on.';

create function public.drop_kept_upload(
    p_request_id uuid, p_object_id uuid, p_owner_id bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_owner_id bigint;
begin
    if v_answer is not null then
        return v_answer;
    end if;
    delete from public.kept_uploads
    where object_id = p_object_id and (p_owner_id is null or owner_id = p_owner_id)
    returning owner_id into v_owner_id;
    if v_owner_id is null then
        return to_jsonb(false);
    end if;
    perform public.release(p_object_id, 'kept-upload', v_owner_id::text);
    return catalog_private.answered(p_request_id, p_now, to_jsonb(true));
end;
$$;
comment on function public.drop_kept_upload(uuid, uuid, bigint, double precision) is
'Keeps an upload no longer. False when there was none.';

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'catalog_private.live_kept_uploads(double precision)'::regprocedure,
        'catalog_private.kept_upload_json(uuid, double precision)'::regprocedure,
        'catalog_private.require_room_to_keep(bigint, bigint, bigint, bigint, double precision)'::regprocedure,
        'public.keep_upload(jsonb, double precision, bigint, bigint, double precision)'::regprocedure,
        'public.kept_upload(uuid, double precision)'::regprocedure,
        'public.kept_uploads_of(bigint, uuid, bigint, double precision)'::regprocedure,
        'public.claim_kept_upload(uuid, bigint, bigint, uuid, double precision, double precision)'::regprocedure,
        'public.park_kept_upload(uuid, bigint, text, text[], text, double precision)'::regprocedure,
        'public.drop_kept_upload(uuid, uuid, bigint, double precision)'::regprocedure
    ] loop
        execute format(
            'revoke execute on function %s from public, anon, authenticated', v_function
        );
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

insert into public.schema_version (version, name) values ('20261130000300', 'kept_uploads');
