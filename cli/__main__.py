"""Runs the command: `python -m cli`, and what is installed as `discord-cloud`."""

import os
import sys

from cli.garbage import load_without_collecting

INTERRUPTED = 130
STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def main() -> None:
    """Run the command; Ctrl-C while its modules are loaded ends it without a traceback."""
    _open_missing_streams()
    load_without_collecting()
    try:
        from cli.main import main as run  # noqa: PLC0415 - this is what may take a moment
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


def _open_missing_streams() -> None:
    """Open what the caller closed: a socket that got its number would be taken for it."""
    for number, (name, mode) in enumerate(STREAMS):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, mode))


if __name__ == "__main__":
    main()
