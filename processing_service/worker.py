"""What a worker process does: one job in a folder, under limits.

It is forked by `processing_service.fork_server`. It decodes what strangers uploaded, with libraries in
which holes are found every year; so it has no secrets in its environment, no link to anything, and
whatever happens to it happens to it alone.
"""

import errno
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from processing_service import extensions, limits
from processing_service.errors import ProcessingError
from processing_service.order import (
    INPUT_FILE,
    ORDER_FILE,
    OUTCOME_FILE,
    Failure,
    MadeView,
    Order,
    Outcome,
    Success,
    view_path,
)
from processing_service.reading import Reading, Rules, reader_of
from processing_service.tidy import tidy

_OUT_OF_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

log = logging.getLogger(__name__)


def main(folder: Path) -> None:
    """Carry out the order in a folder and write the outcome there."""
    order = msgspec.json.decode((folder / ORDER_FILE).read_bytes(), type=Order)
    limits.apply(order.limits)
    outcome = _outcome(folder, order)
    (folder / OUTCOME_FILE).write_bytes(msgspec.json.encode(outcome))


def _outcome(folder: Path, order: Order) -> Outcome:
    try:
        return _carry_out(folder, order)
    except ProcessingError as error:
        return Failure(reason=str(error), retry=error.retry)
    except MemoryError:
        return Failure(reason="processing the file takes more memory than is allowed", retry=False)
    except OSError as error:
        if error.errno in _OUT_OF_SPACE:
            return Failure(reason="no space is left for temporary files", retry=True)
        raise


def _carry_out(folder: Path, order: Order) -> Success:
    failed: dict[str, str] = {}
    family = order.facts.family
    reading = Reading(metadata={})
    if family is not None:
        reading = reader_of(family).read(folder / INPUT_FILE, _rules(order))
    metadata: dict[str, object] = {"kind": family, **reading.metadata}
    made = [*_drawn(folder, order, reading, failed), *_extended(folder, order, failed)]
    if reading.picture is not None:
        from processing_service.pictures import thumbhash_of  # noqa: PLC0415 - only with Pillow

        metadata["thumbhash"] = thumbhash_of(reading.picture)
    if reading.picture_error is not None:
        failed["picture"] = reading.picture_error
    return Success(metadata=tidy(metadata | {"failed": failed}), views=tuple(made))


def _rules(order: Order) -> Rules:
    return Rules(
        max_side=max(order.max_side, 64),
        max_pixels=order.limits.max_pixels,
        keep_gps=order.keep_gps,
        size=order.facts.size,
    )


def _drawn(
    folder: Path, order: Order, reading: Reading, failed: dict[str, str]
) -> Iterator[MadeView]:
    if reading.picture is None:
        return
    from processing_service import pictures  # noqa: PLC0415 - only with Pillow

    for view in order.views:
        if view.recipe not in {"picture", reading.recipe}:
            continue
        try:
            kind = pictures.save(reading.picture, view, view_path(folder, view.name))
        except (OSError, ValueError) as error:
            failed[view.name] = _told(error)
        else:
            yield _made(folder, view.name, kind)


def _extended(folder: Path, order: Order, failed: dict[str, str]) -> Iterator[MadeView]:
    """Views of extensions. One that fails takes nothing else with it."""
    for name, extension in extensions.load_extensions(order.extensions).items():
        target = view_path(folder, name)
        try:
            kind = extensions.generate(extension, folder / INPUT_FILE, target, order.facts)
        except MemoryError:
            raise
        except Exception as error:  # others wrote it
            log.exception("extension %s failed", name)
            failed[name] = _told(error)
        else:
            if kind is not None:
                yield _made(folder, name, kind)


def _made(folder: Path, name: str, kind: str) -> MadeView:
    return MadeView(name=name, type=kind, size=view_path(folder, name).stat().st_size)


def _told(error: Exception) -> str:
    """Without the text, in which libraries put paths."""
    return type(error).__name__
