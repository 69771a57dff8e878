-- Whose files are, with whom they are shared, and which are public.

create function catalog_private.share(
    p_file_id bigint, p_user_id bigint, p_can_write boolean, p_now double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.require_user(p_user_id);
    insert into public.shares (file_id, user_id, can_write, shared_at)
    values (p_file_id, p_user_id, p_can_write, p_now)
    on conflict (file_id, user_id) do update set can_write = excluded.can_write;
end;
$$;
comment on function catalog_private.share(bigint, bigint, boolean, double precision) is
'Adds a share, or changes what it allows; it keeps the time at which it was given.';

create function public.set_owner(
    p_request_id uuid, p_file_id bigint, p_owner_id bigint, p_delete_shares boolean,
    p_share_with bigint, p_permit jsonb, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    if p_owner_id is not null then
        perform catalog_private.require_user(p_owner_id);
    end if;
    delete from public.shares
    where file_id = p_file_id and (p_delete_shares or user_id = p_owner_id);
    if p_share_with is distinct from p_owner_id and p_share_with is not null then
        perform catalog_private.share(p_file_id, p_share_with, true, p_now);
    end if;
    update public.files set owner_id = p_owner_id where id = p_file_id;
    return catalog_private.answered(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;
comment on function
public.set_owner(uuid, bigint, bigint, boolean, bigint, jsonb, double precision) is
'Gives a file to a user or (null) to everybody; the owner''s own share is deleted.';

create function public.shares_of(p_file_id bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return catalog_private.shares_json(p_file_id);
end;
$$;
comment on function public.shares_of(bigint) is 'The shares of a file by user id.';

create function public.put_share(
    p_request_id uuid, p_file_id bigint, p_user_id bigint, p_can_write boolean, p_permit jsonb,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    perform catalog_private.share(p_file_id, p_user_id, p_can_write, p_now);
    return catalog_private.answered(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;
comment on function public.put_share(uuid, bigint, bigint, boolean, jsonb, double precision) is
'Adds a share, or changes what it allows.';

create function public.remove_share(
    p_request_id uuid, p_file_id bigint, p_user_id bigint, p_permit jsonb, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    if not exists (select from public.files where id = p_file_id) then
        return null;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    delete from public.shares where file_id = p_file_id and user_id = p_user_id;
    if not found then
        return null;
    end if;
    return catalog_private.answered(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;
comment on function public.remove_share(uuid, bigint, bigint, jsonb, double precision) is
'Deletes a share. Answers the file as it stands now, null when there was no such share.';

create function public.set_public(
    p_request_id uuid, p_file_id bigint, p_is_public boolean, p_permit jsonb,
    p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
begin
    if v_answer is not null then
        return v_answer;
    end if;
    perform catalog_private.require_files(array[p_file_id], p_permit);
    update public.files set is_public = p_is_public where id = p_file_id;
    return catalog_private.answered(p_request_id, p_now, catalog_private.placed_file(p_file_id));
end;
$$;
comment on function public.set_public(uuid, bigint, boolean, jsonb, double precision) is
'Makes a file public, or not any more; its shares stay.';

insert into public.schema_version (version, name) values ('20261128000100', 'sharing');
