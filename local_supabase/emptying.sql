-- For tests and benchmarks only: a fresh catalog without the price of a fresh database. Deleting
-- from small tables is many times quicker than truncating them; only a superuser can leave out the
-- triggers and the checks of foreign keys.

create function public.empty_catalog()
returns void language plpgsql security definer
set search_path = '' set session_replication_role = 'replica' as $$
declare
    v_table regclass;
begin
    for v_table in
        select pg_class.oid from pg_catalog.pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace
        and relname not in ('schema_version', 'change_sequence')
    loop
        execute format('delete from %s', v_table);
    end loop;
    perform setval(pg_class.oid, 1, false) from pg_catalog.pg_class
    where relkind = 'S' and relnamespace = 'public'::regnamespace;
    insert into public.folders (id, parent_id, name, trash_id)
    values (0, null, '', null), (-1, null, '', 0);
end;
$$;
revoke execute on function public.empty_catalog() from public, anon, authenticated;
grant execute on function public.empty_catalog() to service_role;
