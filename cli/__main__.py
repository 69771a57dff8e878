"""Runs the command: `python -m cli`, and what is installed as `discord-cloud`."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command; Ctrl-C while its modules are loaded ends it without a traceback."""
    try:
        from cli.main import main as run  # noqa: PLC0415 - this is what may take a moment
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
