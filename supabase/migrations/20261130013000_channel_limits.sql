-- What a message of each channel takes, as it was learned.

create table public.channel_limits (
    channel_id bigint primary key,
    attachment_bytes bigint not null check (attachment_bytes > 0),
    request_bytes bigint not null check (request_bytes > 0),
    attachments integer not null check (attachments > 0),
    learned_at double precision,
    refused_at double precision
);
comment on table public.channel_limits is
'What a message of each channel takes, as it was learned. No row: nothing but what is documented.';
comment on column public.channel_limits.channel_id is 'Snowflake of the channel.';
comment on column public.channel_limits.attachment_bytes is 'Size of the largest attachment.';
comment on column public.channel_limits.request_bytes is 'Size of the largest body of a post.';
comment on column public.channel_limits.attachments is 'The most attachments of a message.';
comment on column public.channel_limits.learned_at is
'When all larger sizes had been tried, in seconds since the epoch; null: not yet.';
comment on column public.channel_limits.refused_at is
'When a message was last refused as too large, in seconds since the epoch; null: never.';

alter table public.channel_limits enable row level security;
revoke all on public.channel_limits from public, anon, authenticated;
grant select, insert, update, delete on public.channel_limits to service_role;

create function public.channel_limits()
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (
        select coalesce(
            jsonb_agg(to_jsonb(channel_limits) order by channel_limits.channel_id), '[]'
        )
        from public.channel_limits
    );
end;
$$;
comment on function public.channel_limits() is 'What a message of each channel takes, by channel.';

create function public.put_channel_limits(
    p_channel_id bigint,
    p_attachment_bytes bigint,
    p_request_bytes bigint,
    p_attachments integer,
    p_learned_at double precision,
    p_refused_at double precision
)
returns void language plpgsql set search_path = '' as $$
begin
    insert into public.channel_limits (
        channel_id, attachment_bytes, request_bytes, attachments, learned_at, refused_at
    )
    values (
        p_channel_id, p_attachment_bytes, p_request_bytes, p_attachments, p_learned_at, p_refused_at
    )
    on conflict (channel_id) do update
    set
        attachment_bytes = excluded.attachment_bytes,
        request_bytes = excluded.request_bytes,
        attachments = excluded.attachments,
        learned_at = excluded.learned_at,
        refused_at = excluded.refused_at;
end;
$$;
comment on function public.put_channel_limits(
    bigint, bigint, bigint, integer, double precision, double precision
) is 'What a message of a channel takes, in place of what was known.';

revoke execute on function
public.channel_limits(),
public.put_channel_limits(bigint, bigint, bigint, integer, double precision, double precision)
from public, anon, authenticated;
grant execute on function
public.channel_limits(),
public.put_channel_limits(bigint, bigint, bigint, integer, double precision, double precision)
to service_role;

insert into public.schema_version (version, name) values ('20261130013000', 'channel_limits');
