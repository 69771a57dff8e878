-- Tickets: permissions to upload one file each. They touch several rows, so that they take the
-- store's lock; limits hold for that reason, too.

create function catalog_private.require_room(
    p_ticket public.tickets, p_open_tickets bigint, p_temporary_bytes bigint, p_now double precision
)
returns void language plpgsql set search_path = '' as $$
declare
    v_tickets bigint;
    v_under_way bigint;
    v_kept bigint;
begin
    select count(*), coalesce(sum(size), 0) into v_tickets, v_under_way from public.tickets
    where holder = (p_ticket).holder and completed_at is null and (
        (used_at is null and expires_at > p_now)
        or exists (
            select from public.objects where objects.id = tickets.id and reference_count > 0
        )
    );
    select coalesce(sum(objects.size), 0) into v_kept
    from public."references" join public.objects on objects.id = "references".object_id
    where "references".service = 'ticket' and "references"."key" = (p_ticket).holder
    and "references".expires_at > p_now;
    if v_tickets >= p_open_tickets then
        perform catalog_private.refuse('too-many-tickets', format(
            '%s tickets are open, and no more may be', p_open_tickets
        ));
    end if;
    if v_under_way + v_kept + (p_ticket).size > p_temporary_bytes then
        perform catalog_private.refuse('too-many-temporary-bytes', format(
            'open tickets and temporary files may have %s bytes, and have %s',
            p_temporary_bytes, v_under_way + v_kept
        ));
    end if;
end;
$$;
comment on function
catalog_private.require_room(public.tickets, bigint, bigint, double precision) is
'Refuses a ticket with which its holder would have too much under way.';

create function catalog_private.require_ticket(p_ticket_id uuid)
returns public.tickets language plpgsql stable set search_path = '' as $$
declare
    v_ticket public.tickets;
begin
    select * into v_ticket from public.tickets where id = p_ticket_id;
    if not found then
        perform catalog_private.refuse(
            'ticket-missing', format('there is no ticket %s', p_ticket_id)
        );
    end if;
    return v_ticket;
end;
$$;
comment on function catalog_private.require_ticket(uuid) is 'The ticket; refuses a missing one.';

create function public.open_ticket(
    p_ticket jsonb, p_open_tickets bigint, p_temporary_bytes bigint, p_now double precision
)
returns void language plpgsql set search_path = '' as $$
declare
    v_ticket constant public.tickets := jsonb_populate_record(null::public.tickets, p_ticket);
begin
    perform catalog_private.lock_store();
    if exists (select from public.tickets where id = v_ticket.id) then
        return;
    end if;
    if p_open_tickets is not null then
        perform catalog_private.require_room(v_ticket, p_open_tickets, p_temporary_bytes, p_now);
    end if;
    insert into public.tickets select v_ticket.*;
end;
$$;
comment on function public.open_ticket(jsonb, bigint, bigint, double precision) is
'Adds a ticket, unless its holder would then exceed the limits; null sets none.';

create function public.ticket_by_id(p_ticket_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return (select to_jsonb(tickets) from public.tickets where tickets.id = p_ticket_id);
end;
$$;
comment on function public.ticket_by_id(uuid) is 'The ticket with that id, or null.';

create function public.redeem_ticket(
    p_object_id uuid, p_size bigint, p_chunk_size bigint, p_chunk_count bigint, p_envelope text,
    p_created_at double precision, p_hold_object_id uuid, p_service text, p_key text,
    p_expires_at double precision, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_ticket public.tickets;
begin
    perform catalog_private.lock_store();
    v_ticket := catalog_private.require_ticket(p_object_id);
    if v_ticket.used_at is not null then
        -- The very same call again is known by its reference.
        if not exists (
            select from public."references"
            join public.objects on objects.id = "references".object_id
            where "references".object_id = p_hold_object_id and "references".service = p_service
            and "references"."key" = p_key and objects.state = 'uploading'
        ) then
            perform catalog_private.refuse('ticket-used', 'the ticket has been used');
        end if;
        return to_jsonb(v_ticket);
    end if;
    if v_ticket.expires_at <= p_now then
        perform catalog_private.refuse('ticket-expired', 'the ticket was not used in time');
    end if;
    perform public.begin_object(
        p_object_id, p_size, p_chunk_size, p_chunk_count, p_envelope, p_created_at,
        p_hold_object_id, p_service, p_key, p_expires_at
    );
    update public.tickets set used_at = p_now where id = p_object_id;
    return public.ticket_by_id(p_object_id);
end;
$$;
comment on function public.redeem_ticket(
    uuid, bigint, bigint, bigint, text, double precision, uuid, text, text, double precision,
    double precision
) is 'Marks a ticket as used, and begins its object with the first reference.';

create function public.complete_ticket(
    p_object_id uuid, p_mime_type text, p_hash text, p_now double precision
)
returns jsonb language plpgsql set search_path = '' as $$
declare
    v_ticket public.tickets;
    v_object jsonb;
begin
    perform catalog_private.lock_store();
    v_object := catalog_private.object_json(p_object_id);
    if v_object is null then
        perform catalog_private.refuse(
            'object-missing', format('there is no object %s', p_object_id)
        );
    end if;
    v_ticket := catalog_private.require_ticket(p_object_id);
    if v_ticket.completed_at is not null then
        return v_object;
    end if;
    v_object := public.finish_object(p_object_id, p_mime_type, p_hash);
    if v_ticket.view_of is not null then
        perform catalog_private.put_view(v_ticket.view_of, v_ticket.view_name, p_object_id);
    else
        perform catalog_private.put_reference(
            p_object_id, 'ticket', v_ticket.holder, p_now + v_ticket.reference_ttl_s
        );
        perform catalog_private.enqueue(p_object_id, p_now);
    end if;
    update public.tickets set completed_at = p_now where id = p_object_id;
    return v_object;
end;
$$;
comment on function public.complete_ticket(uuid, text, text, double precision) is
'Finishes an object, and keeps it as its ticket says.';

create function public.drop_expired_tickets(p_limit bigint, p_now double precision)
returns bigint language plpgsql set search_path = '' as $$
declare
    v_dropped bigint;
begin
    perform catalog_private.lock_store();
    delete from public.tickets where id in (
        select id from public.tickets where used_at is null and expires_at <= p_now
        order by expires_at limit p_limit
    );
    get diagnostics v_dropped = row_count;
    return v_dropped;
end;
$$;
comment on function public.drop_expired_tickets(bigint, double precision) is
'Deletes tickets that were never used and are over. Answers how many.';

insert into public.schema_version (version, name) values ('20261122000800', 'tickets');
