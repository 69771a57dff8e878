"""Uploads by another service's users: GraphQL and forms, by curl."""

import json
from pathlib import Path
from typing import Any

from tests.compose.deployment import Deployment, authorized

TICKET = """
mutation ($type: String!, $size: ByteCount!) {
  getTicket(mimeType: $type, size: $size) { url fileId fields { name value } }
}
"""
FILE = "query ($id: ID!) { file(id: $id) { url } }"


def ask(deployment: Deployment, token: str, query: str, **variables: object) -> dict[str, Any]:
    """The data of the answer to a GraphQL request."""
    body = json.dumps({"query": query, "variables": variables})
    answer = deployment.curl(*authorized(token), "--json", body, f"{deployment.url}/graphql")
    data: dict[str, Any] = json.loads(answer)["data"]
    return data


def send_with_ticket(deployment: Deployment, token: str, content: bytes, folder: Path) -> str:
    """Sends content in one form, as curl does it, from a file that is made in the folder.

    Returns the address at which it can be had.
    """
    (folder / "file.bin").write_bytes(content)
    asked = {"type": "application/octet-stream", "size": len(content)}
    ticket = ask(deployment, token, TICKET, **asked)["getTicket"]
    fields = [f"{each['name']}={each['value']}" for each in ticket["fields"]]
    options = [option for field in fields for option in ("--form-string", field)]
    deployment.curl(*options, "--form", f"file=@{folder / 'file.bin'}", ticket["url"])
    deployment.secrets_given += [
        each["value"] for each in ticket["fields"] if each["name"] == "ticket"
    ]
    url: str = ask(deployment, token, FILE, id=ticket["fileId"])["file"]["url"]
    deployment.secrets_given.append(url.rpartition("=")[2])
    return url
