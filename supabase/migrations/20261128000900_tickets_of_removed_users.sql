-- Tickets name their holder and have no foreign key, so they do not go with the user by themselves.

create or replace function public.remove_user(p_user_id bigint)
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
    delete from public.tickets where holder = 'user:' || p_user_id and completed_at is null;
    delete from public.users where id = p_user_id;
end;
$$;
comment on function public.remove_user(bigint) is
'Deletes a user who owns no file, with the user''s shares and the tickets that are not complete.';

insert into public.schema_version (version, name)
values ('20261128000900', 'tickets_of_removed_users');
