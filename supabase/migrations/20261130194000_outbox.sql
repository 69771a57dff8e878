-- The changes of folders and files can be read in the order of their numbers, so that several managers
-- tell their clients of all of them.
--
-- What is read is what the changing transaction has written anyway: the answer that it keeps for a caller
-- that may lose it, or the receipt of a commit. Answers are kept for an hour; whoever has not read for longer
-- begins anew.

alter table public.answers add column function text
default substring(current_setting('request.path', true) from '[^/]+$');
comment on column public.answers.function is
'The function that was called, which says what the answer means; null: not called over HTTP.';

alter table public.answers add column sequence bigint generated always as (
    case jsonb_typeof(answer)
        when 'object' then (answer ->> 'sequence')::bigint
        when 'array' then (answer -> 0 ->> 'sequence')::bigint
    end
) stored;
comment on column public.answers.sequence is 'The number of the change that was answered; null: it was none.';
create index answers_by_sequence on public.answers (sequence) where sequence is not null;

alter table public.commits add column folder_path text[];
comment on column public.commits.folder_path is
'Where the folder was; null: made before changes could be read, or imported.';
create index commits_by_sequence on public.commits (sequence) where sequence is not null;

create function catalog_private.note_folder_path()
returns trigger language plpgsql set search_path = '' as $$
begin
    if new.sequence is not null then
        new.folder_path := catalog_private.folder_path(new.folder_id);
    end if;
    return new;
end;
$$;
comment on function catalog_private.note_folder_path() is 'Notes where a file was committed.';
create trigger note_folder_path before insert on public.commits
for each row execute function catalog_private.note_folder_path();

create function public.changes_after(p_after bigint, p_limit bigint)
returns jsonb language sql stable set search_path = '' as $$
    with numbered as (
        select answers.sequence, answers.function, answers.answer, null::uuid as object_id,
            null::text[] as folder_path
        from public.answers where answers.sequence > p_after
        union all
        select commits.sequence, 'commit', null, commits.object_id, commits.folder_path
        from public.commits where commits.sequence > p_after
        order by 1 limit p_limit
    )
    select jsonb_build_object(
        'after', coalesce(p_after, change_sequence.last),
        'last', case
            when (select count(*) from numbered) = p_limit and p_limit > 0
            then (select max(numbered.sequence) from numbered)
            else change_sequence.last
        end,
        'changes', coalesce((
            select jsonb_agg(jsonb_build_object(
                'sequence', numbered.sequence, 'function', numbered.function, 'change', case
                    when numbered.function = 'commit' then
                        catalog_private.receipt(numbered.object_id)
                        || jsonb_build_object('folder', to_jsonb(numbered.folder_path))
                    when numbered.function = 'release_files' then
                        numbered.answer || jsonb_build_object('is_deleted', not exists (
                            select from public.files
                            where files.id = (numbered.answer #>> '{files,0,file,id}')::bigint
                        ))
                    else numbered.answer
                end
            ) order by numbered.sequence) from numbered
        ), '[]')
    )
    from public.change_sequence where change_sequence.id = 0
$$;
comment on function public.changes_after(bigint, bigint) is
'The changes after a number, in their order, and the number up to which there are no others; null: that number alone.';

create function public.database_time()
returns double precision language sql volatile set search_path = '' as $$
    select extract(epoch from clock_timestamp())::double precision
$$;
comment on function public.database_time() is
'Seconds since the epoch, by the one clock that all managers share.';

revoke execute on function catalog_private.note_folder_path() from public, anon, authenticated;
grant execute on function catalog_private.note_folder_path() to service_role;
revoke execute on function public.changes_after(bigint, bigint) from public, anon, authenticated;
grant execute on function public.changes_after(bigint, bigint) to service_role;
revoke execute on function public.database_time() from public, anon, authenticated;
grant execute on function public.database_time() to service_role;

insert into public.schema_version (version, name) values ('20261130194000', 'outbox');
