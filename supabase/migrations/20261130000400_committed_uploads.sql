-- A kept upload ends with the transaction that enters its file. If the manager ended it afterwards, one
-- that was killed in between would leave an upload that could be entered again after its file was deleted.

create function catalog_private.end_kept_upload()
returns trigger language plpgsql set search_path = '' as $$
begin
    delete from public.kept_uploads where object_id = new.object_id;
    if found then
        delete from public."references"
        where object_id = new.object_id and service = 'kept-upload';
    end if;
    return null;
end;
$$;
comment on function catalog_private.end_kept_upload() is
'Ends the kept upload of an object that has got a name.';

create trigger kept_upload_committed after insert on public.files
for each row execute function catalog_private.end_kept_upload();
create trigger kept_upload_replacing after update of object_id on public.files
for each row execute function catalog_private.end_kept_upload();

revoke execute on function catalog_private.end_kept_upload() from public, anon, authenticated;
grant execute on function catalog_private.end_kept_upload() to service_role;

insert into public.schema_version (version, name) values ('20261130000400', 'committed_uploads');
