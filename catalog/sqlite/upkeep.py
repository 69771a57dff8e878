"""What every change of folders and files keeps up, within its transaction.

That are free names (files and folders share the names of a folder: a path is that of one of them), the
totals of subtrees by MIME type, where kept uploads go, and the numbers of changes.
"""

import json
from collections.abc import Collection, Iterable

from catalog.naming import candidate_batches
from catalog.port import FolderPath
from catalog.sqlite.connections import Session
from catalog.sqlite.statements import sql


def free_file_name(
    session: Session,
    folder_id: int,
    name: str,
    *,
    own_id: int | None = None,
    but: Collection[str] = (),
) -> str:
    """The name, or its first numbered form that nothing in the folder but the file `own_id` has.

    Names of `but`, which are about to be given to others, are not free either.
    """
    for candidates in candidate_batches(name):
        names = [each for each in candidates if each not in but]
        if free := _first_free(session, folder_id, names, own_file_id=own_id):
            return free
    raise AssertionError("a folder cannot hold every number")


def free_folder_name(
    session: Session, parent_id: int, name: str, *, own_id: int | None = None
) -> str:
    """The name, or its first numbered form that nothing in the parent but the folder `own_id` has."""
    for names in candidate_batches(name, keep_extension=False):
        if free := _first_free(session, parent_id, names, own_folder_id=own_id):
            return free
    raise AssertionError("a folder cannot hold every number")


def taken_names(
    session: Session,
    folder_id: int,
    names: Iterable[str],
    *,
    own_file_id: int | None = None,
    own_folder_id: int | None = None,
) -> set[str]:
    """Which of the names a file or folder in the folder has, other than the own one."""
    rows = session.rows(
        sql.taken_names,
        folder_id=folder_id,
        names=json.dumps(list(names)),
        own_file_id=own_file_id,
        own_folder_id=own_folder_id,
    )
    return {row["name"] for row in rows}


def _first_free(
    session: Session,
    folder_id: int,
    names: list[str],
    *,
    own_file_id: int | None = None,
    own_folder_id: int | None = None,
) -> str | None:
    taken = taken_names(
        session, folder_id, names, own_file_id=own_file_id, own_folder_id=own_folder_id
    )
    return next((name for name in names if name not in taken), None)


def count_file(
    session: Session, folder_id: int, *, mime_type: str, size: int, number: int = 1
) -> None:
    """Counts a file, or several with `size` bytes together, in its folder and in all above."""
    session.run(sql.count_file, folder_id=folder_id, mime_type=mime_type, size=size, number=number)


def uncount_file(
    session: Session, folder_id: int, *, mime_type: str, size: int, number: int = 1
) -> None:
    """Takes a file, or several, out of the totals of its folder and of all above."""
    session.run(
        sql.uncount_file, folder_id=folder_id, mime_type=mime_type, size=size, number=number
    )
    session.run(sql.delete_empty_usage, folder_id=folder_id)


def count_subtree(session: Session, folder_id: int, *, subtree_id: int) -> None:
    """Counts a subtree in a folder, its new parent, and in all above."""
    session.run(sql.count_subtree, folder_id=folder_id, subtree_id=subtree_id)


def uncount_subtree(session: Session, folder_id: int, *, subtree_id: int) -> None:
    """Takes a subtree out of the totals of its parent and of all above, but not out of its own."""
    session.run(sql.uncount_subtree, folder_id=folder_id, subtree_id=subtree_id)
    session.run(sql.delete_empty_usage, folder_id=folder_id)


def next_change(session: Session) -> int:
    """The number of the change that this transaction makes."""
    return int((session.rows(sql.next_change))[0]["last"])


def last_change(session: Session) -> int:
    """The number of the last change that this transaction sees."""
    return int((session.rows(sql.last_change))[0]["last"])


def move_kept_uploads(session: Session, before: FolderPath, after: FolderPath) -> None:
    """Has kept uploads follow a folder that was renamed or moved."""
    session.run(
        sql.move_kept_uploads,
        before=_beginning_of(before),
        after=_beginning_of(after),
    )


def _beginning_of(folder: FolderPath) -> str:
    """What the text of a folder has in common with those of all folders in it."""
    return json.dumps(folder).removesuffix("]")
