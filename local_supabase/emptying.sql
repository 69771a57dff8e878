-- For tests and benchmarks only: a fresh catalog without the price of a fresh database. The owner's
-- rights are needed to empty tables and to start their ids anew.

create function public.empty_catalog()
returns void language plpgsql security definer set search_path = '' as $$
begin
    truncate public.users, public.folders, public.folder_usage, public.objects, public.messages,
        public.chunks, public.files, public.shares, public.commits, public."references",
        public.views, public.api_keys, public.tickets, public.answers restart identity;
    insert into public.folders (id, parent_id, name) values (0, null, '');
end;
$$;
revoke execute on function public.empty_catalog() from public, anon, authenticated;
grant execute on function public.empty_catalog() to service_role;
