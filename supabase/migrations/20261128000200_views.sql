-- What was made from objects, and found out about them.
--
-- Metadata is answered as text in which escapes stay escapes: PostgREST takes JSON apart to answer it, and
-- PostgreSQL refuses to decode the escape of NUL, which tags may hold.

create function catalog_private.put_view(p_object_id uuid, p_name text, p_view_object_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.require_stored(p_object_id, 'object-missing');
    perform catalog_private.require_stored(p_view_object_id, 'object-missing');
    insert into public.views (object_id, name, view_object_id)
    values (p_object_id, p_name, p_view_object_id)
    on conflict (object_id, name) do update set view_object_id = excluded.view_object_id;
end;
$$;
comment on function catalog_private.put_view(uuid, text, uuid) is
'A view, or another one in its place, under the store''s lock.';

create function public.put_view(p_object_id uuid, p_name text, p_view_object_id uuid)
returns void language plpgsql set search_path = '' as $$
begin
    perform catalog_private.lock_store();
    perform catalog_private.put_view(p_object_id, p_name, p_view_object_id);
end;
$$;
comment on function public.put_view(uuid, text, uuid) is
'Makes a stored object the view of that name; one that it replaces is let go.';

create function public.views_of(p_object_id uuid)
returns jsonb language plpgsql stable set search_path = '' as $$
begin
    return coalesce((
        select jsonb_agg(jsonb_build_object(
            'object_id', views.object_id, 'name', views.name,
            'content', catalog_private.object_json(objects)
        ) order by views.name)
        from public.views join public.objects on objects.id = views.view_object_id
        where views.object_id = p_object_id
    ), '[]');
end;
$$;
comment on function public.views_of(uuid) is 'The views of an object, by name.';

create function public.metadata_of(p_object_id uuid)
returns json language plpgsql stable set search_path = '' as $$
begin
    return (
        select json_build_object('text', objects.metadata::text) from public.objects
        where objects.id = p_object_id and objects.metadata is not null
    );
end;
$$;
comment on function public.metadata_of(uuid) is
'What processing found out about an object, as the text of its JSON; null before that.';

insert into public.schema_version (version, name) values ('20261128000200', 'views');
