"""Runs a local Supabase until interrupted: `python -m local_supabase [--port 54321]`."""

import argparse
import signal
import sys

from local_supabase.programs import ChildFailed, ProgramMissing
from local_supabase.stack import running_supabase


def main() -> None:
    """Run it, and print its addresses."""
    parser = argparse.ArgumentParser(prog="python -m local_supabase", description=__doc__)
    parser.add_argument("--port", type=int, default=54321, help="port on 127.0.0.1 (default 54321)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running_supabase(port=arguments.port) as supabase:
            print(f"SUPABASE_URL={supabase.url}")  # noqa: T201 - this is a command
            print(f"SUPABASE_KEY={supabase.service_key}", flush=True)  # noqa: T201
            signal.pause()
    except KeyboardInterrupt:
        return
    except (ProgramMissing, ChildFailed) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
