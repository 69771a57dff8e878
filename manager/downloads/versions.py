"""Earlier contents of files, for downloads."""

from dataclasses import replace

from aiohttp import web

from catalog.port import Catalog
from catalog.records import File, User
from manager.errors import NoSuchVersion
from manager.files.lookup import translated_file_errors
from manager.files.rights import FileOperation, permit_for
from manager.http.parameters import optional_id


async def as_asked_for(request: web.Request, catalog: Catalog, user: User, file: File) -> File:
    """The file, with earlier content if the request asks for that, which is for who may change the file.

    Raises `InvalidRequest`, `NoSuchFile`, `NoSuchVersion`, `AccessDenied`.
    """
    version_id = optional_id(request, "version")
    if version_id is None:
        return file
    permit = permit_for(user, FileOperation.OVERWRITE)
    with translated_file_errors(FileOperation.OVERWRITE):
        versions = await catalog.versions_of(file.id, permit=permit)
    found = next((each for each in versions if each.id == version_id), None)
    if found is None:
        raise NoSuchVersion
    return replace(
        file,
        object_id=found.object_id,
        size=found.size,
        mime_type=found.mime_type,
        updated_at=found.stored_at,
        modified_at=found.modified_at,
    )
