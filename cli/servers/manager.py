"""`manager`: the manager alone."""

import asyncio
import contextlib

from cli.data_folder import make_folder
from cli.extras import require_extras
from cli.servers.running import load, run, say_ready
from cli.serving import listen, serving, url_of
from common.tasks import supervised
from manager.app import create_app, setup_code
from manager.settings import ManagerSettings


def run_manager() -> None:
    """Run it until it is stopped."""
    run(lambda: _manager(load(ManagerSettings)))


async def _manager(settings: ManagerSettings) -> None:
    if settings.supabase_url is None:
        make_folder(settings.database_path.parent)
    else:
        require_extras("server", "supabase")
    with contextlib.closing(listen(settings.manager_host, settings.manager_port)) as listening:
        app = create_app(settings)
        async with serving(app, listening):
            url = url_of(listening)
            say_ready(url)
            page = settings.manager_public_url or url
            await supervised("setup-code", lambda: setup_code(app).log(page))
            await asyncio.Event().wait()
