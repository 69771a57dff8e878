-- Several managers share the channels of Discord by leases that one of them decides on. Before it gives away
-- what another one has that it does not hear of any more, it raises the fence: who has lost the way to
-- the deciding manager alone finds it here, and stops in time.

create table public.lease_fence (
    id integer primary key check (id = 0),
    number bigint not null
);
comment on table public.lease_fence is
'Up to which number leases of webhooks end unless their manager is heard of: a single row, or none.';
comment on column public.lease_fence.id is 'Always 0.';
comment on column public.lease_fence.number is 'It only grows.';

alter table public.lease_fence enable row level security;
revoke all on public.lease_fence from public, anon, authenticated;
grant select, insert, update, delete on public.lease_fence to service_role;

create function public.raise_lease_fence(p_number bigint)
returns void language sql set search_path = '' as $$
    insert into public.lease_fence (id, number) values (0, p_number)
    on conflict (id) do update set number = greatest(lease_fence.number, excluded.number)
$$;
comment on function public.raise_lease_fence(bigint) is 'Raises the fence to that number at least.';

create function public.lease_fence()
returns bigint language sql stable set search_path = '' as $$
    select coalesce((select number from public.lease_fence where id = 0), 0)
$$;
comment on function public.lease_fence() is 'Up to which number leases end unless their manager is heard of.';

revoke execute on function public.raise_lease_fence(bigint) from public, anon, authenticated;
grant execute on function public.raise_lease_fence(bigint) to service_role;
revoke execute on function public.lease_fence() from public, anon, authenticated;
grant execute on function public.lease_fence() to service_role;

insert into public.schema_version (version, name) values ('20261130222000', 'lease_fence');
