"""One upload, followed through the logs of all processes that it passes."""

import json
import logging
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from client_sdk.client import Client
from common.log_events import EventFormatter
from tests.manager.sockets.stage import KEY, SERVICE_PASSWORD
from tests.system.server import Server, program

LOG = {"LOG_LEVEL": "debug", "LOG_FORMAT": "json"}


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port


async def lines_of(server: Server, upload_id: str) -> list[dict[str, Any]]:
    """What a process that has been stopped has logged about an upload."""
    lines = map(json.loads, (await server.log).decode().splitlines())
    return [line for line in lines if line.get("upload") == upload_id]


async def test_one_upload_is_found_in_the_log_of_every_process(tmp_path: Path, caplog):
    """By its id: in that of the client, the manager, the upload service and the emulator.

    A chunk has one request id in client, service and emulator, and a packet one at both of its ends.
    """
    caplog.set_level(logging.DEBUG, "client_sdk")
    discord, port = tmp_path / "discord", free_port()
    async with program(
        "emulator", EMULATOR_PORT="0", EMULATOR_DATA=str(discord), **LOG
    ) as emulator:
        manager_settings = {
            "MANAGER_PORT": "0",
            "SERVICE_PASSWORD": SERVICE_PASSWORD,
            "MESSAGE_ENCRYPTION_KEY": KEY,
            "DATABASE_PATH": str(tmp_path / "catalog.sqlite3"),
            "DISCORD_WEBHOOKS": (discord / "webhook-urls").read_text(),
            "DISCORD_API_URL": f"{emulator.url}/api/v10",
        }
        async with program("manager", **manager_settings, **LOG) as manager:
            service_settings = {
                "MANAGER_ADDRESS": manager.url,
                "SERVICE_PASSWORD": SERVICE_PASSWORD,
                "OWN_ADDRESS": f"http://127.0.0.1:{port}",
                "PORT": str(port),
                "REPORTS_FOLDER": str(tmp_path / "reports"),
            }
            async with program("upload-service", **service_settings, **LOG) as service:
                token = await manager.register()
                async with Client(manager.url, token) as cloud:
                    await cloud.upload(b"one chunk", "/a.bin")
                servers = (service, manager, emulator)
                for server in servers:
                    await server.stop()
    formatter = EventFormatter()
    client = [
        formatter.format(record) for record in caplog.records if "upload=" in record.getMessage()
    ]
    upload_id = client[0].partition("upload=")[2].split()[0]
    of_service, of_manager, of_emulator = [await lines_of(server, upload_id) for server in servers]

    (sent,) = (line for line in client if "chunk-sending" in line)
    request_id = sent.partition("request=")[2].split()[0]
    stored = {line["event"]: line for line in of_service if line.get("request") == request_id}
    assert {"chunk-received", "discord-answered", "chunk-stored"} <= stored.keys()
    (created,) = (line for line in of_emulator if line["event"] == "message-created")
    assert created["request"] == request_id
    assert str(created["message_id"]) == stored["chunk-stored"]["message_id"]

    (reported,) = (line for line in of_service if line.get("packet") == "u2s:message-stored")
    (received,) = (line for line in of_manager if line.get("packet") == "u2s:message-stored")
    assert reported["request"] == received["request"]
    steps = [line["step"] for line in of_manager if line["event"] == "upload-step"]
    assert steps[0] == "TellAccepted"
    assert "Commit" in steps
    (began,) = (line for line in of_manager if line["event"] == "upload-began")
    assert {"client", "connection", "request", "timestamp", "level", "logger"} <= began.keys()
