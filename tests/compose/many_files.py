"""Exports of catalogs with many more files than a test can upload: their content is nowhere."""

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from catalog.transfer import ExportReader, ExportWriter
from catalog.transfer_records import (
    KINDS,
    ChunkRecord,
    FileRecord,
    FolderRecord,
    MessageRecord,
    ObjectRecord,
    SequenceRecord,
    TransferRecord,
)

FOLDER = "many"
CHUNK_SIZE = 10_484_736
OVERHEAD = 100
"""About what the envelope of a chunk takes; the catalog asks for no exact number."""


def add_files(export: Path, enlarged: Path, count: int) -> None:
    """Writes an export with a further folder of files, of one chunk each.

    Args:
        export: of a catalog with a user, and a file of one chunk at least.
        enlarged: the file to write.
        count: how many files.
    """
    records: dict[type[TransferRecord], list[Any]] = defaultdict(list)
    with export.open("rb") as source:
        for batch in ExportReader(source).batches():
            records[type(batch[0])] += batch
    folder = FolderRecord(id=1 + _last(records[FolderRecord]), parent_id=0, name=FOLDER)
    records[FolderRecord] = sorted(
        [*records[FolderRecord], folder], key=lambda each: _depth(each, records[FolderRecord])
    )
    kinds: tuple[type[TransferRecord], ...] = (FileRecord, MessageRecord)
    first = {kind: 1 + _last(records[kind]) for kind in kinds}
    for number in range(count):
        _add_file(records, number, folder.id, first)
    records[ObjectRecord].sort(key=lambda each: each.id)
    records[ChunkRecord].sort(key=lambda each: (each.object_id, each.index))
    last = {"folders": folder.id, "files": first[FileRecord] + count - 1}
    records[SequenceRecord] = [
        msgspec.structs.replace(each, last_id=last.get(each.table, each.last_id))
        for each in records[SequenceRecord]
    ]
    with enlarged.open("wb") as target:
        writer = ExportWriter(target)
        for kind in KINDS:
            writer.add(records[kind])
        writer.finish()


def _add_file(
    records: dict[type[TransferRecord], list[Any]],
    number: int,
    folder_id: int,
    first: dict[type[TransferRecord], int],
) -> None:
    model_message, model_file = records[MessageRecord][0], records[FileRecord][0]
    digest = hashlib.sha256(number.to_bytes(8)).hexdigest()
    object_id = str(UUID(digest[:32]))
    size = int(digest[:6], 16) % CHUNK_SIZE + 1
    message = first[MessageRecord] + number
    records[MessageRecord].append(
        msgspec.structs.replace(model_message, id=message, stored_size=size + OVERHEAD)
    )
    records[ObjectRecord].append(
        ObjectRecord(
            id=object_id,
            size=size,
            chunk_size=CHUNK_SIZE,
            chunk_count=1,
            envelope="v1",
            state="stored",
            mime_type="text/plain",
            hash=digest,
            metadata=None,
            created_at=1.8e9,
            unreferenced_since=None,
        )
    )
    records[ChunkRecord].append(
        ChunkRecord(
            object_id=object_id,
            index=0,
            message_id=message,
            attachment_id=None,
            offset=0,
            stored_size=size + OVERHEAD,
            size=size,
            digest=digest,
        )
    )
    name = f"a file with a name of usual length {number:06}.txt"
    records[FileRecord].append(
        msgspec.structs.replace(
            model_file,
            id=first[FileRecord] + number,
            folder_id=folder_id,
            name=name,
            object_id=object_id,
        )
    )


def _last(records: list[Any]) -> int:
    return max((each.id for each in records), default=0)


def _depth(folder: FolderRecord, folders: list[FolderRecord]) -> tuple[int, int]:
    parents = {each.id: each.parent_id for each in folders}
    depth, parent = 0, folder.parent_id
    while parent:
        depth, parent = depth + 1, parents[parent]
    return depth, folder.id
