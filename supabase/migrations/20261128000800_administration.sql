-- Administrators see all users and what they own, change roles, and remove users.

create function public.list_accounts(p_query text, p_offset bigint, p_limit bigint)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_query constant text := lower(p_query collate "C");
begin
    return jsonb_build_object(
        'total', (select count(*) from public.users where position(v_query in lower(users.name)) > 0),
        'accounts', coalesce((
            select jsonb_agg(
                jsonb_build_object(
                    'account', to_jsonb(page),
                    'file_count', owned.file_count,
                    'total_size', owned.total_size
                ) order by lower(page.name)
            )
            from (
                select users.* from public.users
                where position(v_query in lower(users.name)) > 0
                order by lower(users.name) offset p_offset limit p_limit
            ) as page
            cross join lateral (
                select count(*) as file_count, coalesce(sum(files.size), 0) as total_size
                from public.files where files.owner_id = page.id
            ) as owned
        ), '[]')
    );
end;
$$;
comment on function public.list_accounts(text, bigint, bigint) is
'A page of the users whose name contains the text, by name, with what they own.';

create function catalog_private.no_password()
returns text language sql immutable set search_path = '' as $$
    select 'locked'
$$;
comment on function catalog_private.no_password() is
'What a user has instead of a hash while nobody can log in as that user.';

create function catalog_private.require_other_administrator(p_user_id bigint)
returns void language plpgsql stable set search_path = '' as $$
begin
    if not exists (
        select from public.users
        where is_admin and id <> p_user_id and password_hash <> catalog_private.no_password()
    ) then
        perform catalog_private.refuse(
            'last-administrator', format('the user %s is the only administrator', p_user_id)
        );
    end if;
end;
$$;
comment on function catalog_private.require_other_administrator(bigint) is
'Refuses when nobody else is administrator who can log in.';

create function public.set_role(p_user_id bigint, p_is_admin boolean)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_user public.users;
begin
    -- Two administrators who take each other's role at once would not meet in any row.
    perform catalog_private.lock_store();
    perform catalog_private.require_user(p_user_id);
    if not p_is_admin and exists (select from public.users where id = p_user_id and is_admin) then
        perform catalog_private.require_other_administrator(p_user_id);
    end if;
    update public.users set is_admin = p_is_admin where id = p_user_id returning * into v_user;
    return to_jsonb(v_user);
end;
$$;
comment on function public.set_role(bigint, boolean) is
'Makes a user an administrator, or not any more.';

create function catalog_private.require_heir(p_user_id bigint)
returns void language plpgsql stable set search_path = '' as $$
begin
    if not exists (
        select from public.users
        where id = p_user_id and password_hash <> catalog_private.no_password()
    ) then
        perform catalog_private.refuse(
            'user-missing', format('nobody can log in as the user %s', p_user_id)
        );
    end if;
end;
$$;
comment on function catalog_private.require_heir(bigint) is
'Refuses to give files to somebody who is not there, or is about to be removed.';

create function public.lock_user(p_user_id bigint)
returns jsonb language plpgsql set search_path = '' as $$
begin
    perform public.set_role(p_user_id, false);
    return public.set_password(p_user_id, catalog_private.no_password());
end;
$$;
comment on function public.lock_user(bigint) is
'Takes the role and the password of a user, so that nobody can do anything in that name.';

create function public.release_files(
    p_request_id uuid, p_user_id bigint, p_heir_id bigint, p_limit bigint, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_answer jsonb := catalog_private.begin_write(p_request_id);
    v_ids bigint[];
    v_places jsonb[];
begin
    if v_answer is not null then
        return v_answer;
    end if;
    v_ids := array(
        select id from public.files where owner_id = p_user_id order by id limit p_limit
    );
    if p_heir_id is null then
        v_places := catalog_private.placed_files(v_ids);
        perform catalog_private.subtract_usage(
            part.folder_id, part.mime_type, part.bytes::bigint, part.files
        )
        from (
            select record.folder_id, record.mime_type, sum(record.size) as bytes, count(*) as files
            from catalog_private.file_records as record where record.id = any(v_ids)
            group by record.folder_id, record.mime_type
        ) as part;
        delete from public.files where id = any(v_ids);
    else
        perform catalog_private.require_heir(p_heir_id);
        delete from public.shares where user_id = p_heir_id and file_id = any(v_ids);
        update public.files set owner_id = p_heir_id where id = any(v_ids);
        v_places := catalog_private.placed_files(v_ids);
    end if;
    return catalog_private.answered(p_request_id, p_now, jsonb_build_object(
        'files', to_jsonb(v_places),
        'remaining', (select count(*) from public.files where owner_id = p_user_id)
    ));
end;
$$;
comment on function
public.release_files(uuid, bigint, bigint, bigint, double precision) is
'Gives some files of a user to the heir, or deletes them without one.';

create function public.remove_user(p_user_id bigint)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    if exists (select from public.users where id = p_user_id and is_admin) then
        perform catalog_private.require_other_administrator(p_user_id);
    end if;
    if exists (select from public.files where owner_id = p_user_id) then
        perform catalog_private.refuse(
            'user-has-files', format('the user %s still owns files', p_user_id)
        );
    end if;
    -- Tickets name their holder and have no foreign key, so they do not go by themselves.
    delete from public.tickets where holder = 'user:' || p_user_id and completed_at is null;
    delete from public.users where id = p_user_id;
end;
$$;
comment on function public.remove_user(bigint) is
'Deletes a user who owns no file, with the user''s shares and the tickets that are not complete.';

insert into public.schema_version (version, name) values ('20261128000800', 'administration');
