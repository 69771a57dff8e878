-- A password may be hashed anew, with other parameters, and nobody has to log in again.

create function public.replace_password_hash(p_user_id bigint, p_previous text, p_renewed text)
returns void language plpgsql set search_path = '' as $$
begin
    update public.users set password_hash = p_renewed
    where id = p_user_id and password_hash = p_previous;
end;
$$;
comment on function public.replace_password_hash(bigint, text, text) is
'Another hash of the same password, unless the user has another hash by now.';

revoke execute on function public.replace_password_hash(bigint, text, text)
from public, anon, authenticated;
grant execute on function public.replace_password_hash(bigint, text, text) to service_role;

insert into public.schema_version (version, name) values ('20261129000300', 'password_rehash');
