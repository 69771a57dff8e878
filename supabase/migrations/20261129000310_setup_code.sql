-- What whoever makes the first user has to show. Kept until there is a user.

create table public.setup_codes (
    id bigint primary key check (id = 1),
    code text not null
);
comment on table public.setup_codes is 'At most one row, as long as there is no user.';
comment on column public.setup_codes.id is 'Always 1.';
comment on column public.setup_codes.code is 'What has to be shown to make the first user.';

alter table public.setup_codes enable row level security;
revoke all on public.setup_codes from public, anon, authenticated;
grant select, insert, update, delete on public.setup_codes to service_role;

create function catalog_private.forget_setup_code()
returns trigger language plpgsql set search_path = '' as $$
begin
    delete from public.setup_codes where id = 1;
    return null;
end;
$$;
create trigger setup_code_used after insert on public.users
for each statement execute function catalog_private.forget_setup_code();

create function public.setup_code(p_proposed text)
returns jsonb language plpgsql set search_path = '' as $$
begin
    -- Once there is a user nobody has to wait for a lock to hear so.
    if exists (select from public.users) then
        return null;
    end if;
    perform catalog_private.lock_store();
    if exists (select from public.users) then
        return null;
    end if;
    insert into public.setup_codes (id, code) values (1, p_proposed) on conflict (id) do nothing;
    return (select jsonb_build_object('code', code) from public.setup_codes where id = 1);
end;
$$;
comment on function public.setup_code(text) is
'The code that was proposed first, as long as there is no user; then null.';

revoke execute on function catalog_private.forget_setup_code() from public, anon, authenticated;
revoke execute on function public.setup_code(text) from public, anon, authenticated;
grant execute on function catalog_private.forget_setup_code() to service_role;
grant execute on function public.setup_code(text) to service_role;

insert into public.schema_version (version, name) values ('20261129000310', 'setup_code');
