"""The emulator as a program, and as a part of another one."""

import asyncio
import re
import stat
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from pydantic import ValidationError
from structlog.testing import capture_logs

from discord_emulator.app import EMULATOR, create_app, serve
from discord_emulator.faults import FaultKind, FaultOrder
from discord_emulator.operations import Operation
from discord_emulator.settings import EmulatorSettings

PAGE = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()


async def test_it_works_below_a_prefix(tmp_path, calling):
    """Mounted below a prefix, with a public URL, it serves webhooks and attachments there."""
    root = web.Application()
    runner = web.AppRunner(root)
    settings = EmulatorSettings(data=tmp_path, limits="off", public_url="http://set.later/discord/")
    app = create_app(settings)
    root.add_subapp("/discord", app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        caller = calling(app[EMULATOR])
        assert caller.url.startswith("http://set.later/discord/api/webhooks/")
        caller.url = caller.url.replace("http://set.later", here)
        status, message = await caller.post(b"mounted")
        assert status == 200
        url = message["attachments"][0]["url"]
        assert url.startswith("http://set.later/discord/attachments/")
        assert await caller.get(url.replace("http://set.later", here)) == (200, b"mounted")
        assert (await caller.call("GET", "/nothing"))[1]["message"] == "404: Not Found"
    finally:
        await runner.cleanup()


async def test_serving_alone(tmp_path):
    """`serve` listens, says where, leaves the webhooks' URLs to the owner, and can be cancelled."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    settings = EmulatorSettings(data=tmp_path, port=0, channels=3)
    with capture_logs() as logs:
        serving = asyncio.create_task(serve(settings, on_ready=ready.set_result))
        base = await ready
        urls = (tmp_path / "webhook-urls").read_text().split()
        async with aiohttp.ClientSession() as http, http.get(urls[2]) as response:
            assert (response.status, urls[2].startswith(base)) == (200, True)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
    (line,) = logs
    assert (line["event"], line["url"], line["webhooks"]) == ("emulator-ready", base, 3)
    assert stat.S_IMODE((tmp_path / "webhook-urls").stat().st_mode) == 0o600


def test_settings_come_from_the_environment(monkeypatch):
    """Variables with the prefix EMULATOR_ set what the settings say."""
    monkeypatch.setenv("EMULATOR_PORT", "4321")
    monkeypatch.setenv("EMULATOR_LIMITS", "off")
    monkeypatch.setenv("EMULATOR_BOT_TOKEN", "very secret")
    settings = EmulatorSettings()
    assert (settings.port, settings.limits) == (4321, "off")
    assert "very secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"), [("port", 70_000), ("limits", "some"), ("public_url", "127.0.0.1")]
)
def test_wrong_settings_are_named(name, value):
    """A wrong setting is refused by its name."""
    with pytest.raises(ValidationError, match=name):
        EmulatorSettings(**{name: value})


def test_every_setting_is_described():
    """Each setting says what it is for."""
    assert all(field.description for field in EmulatorSettings.model_fields.values())


def test_the_page_lists_every_fault():
    """docs/emulator.md names each kind and field of a fault, and each operation."""
    for word in (*FaultKind, *Operation, *FaultOrder.__struct_fields__):
        assert f"`{word}`" in PAGE


def test_the_page_lists_every_route(tmp_path):
    """docs/emulator.md has each route of Discord's that is emulated, and no other."""
    app = create_app(EmulatorSettings(data=tmp_path))
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }
    documented = set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", PAGE, re.MULTILINE))
    without_version = {route.replace("/api/v10/", "/api/") for route in documented}
    assert documented | without_version == routes
