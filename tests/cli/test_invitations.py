"""`invitations`, and `register --invitation`, against a running discord-cloud."""

from tests.cli.conftest import Shell


def test_an_invited_person_registers(shell: Shell, bert: Shell) -> None:
    """By the address, once; it is listed with how often it was used, and revoked."""
    made = shell.json("invitations", "create", "--label", "family", "--bytes", "1G")
    assert (made["state"], made["quota"]) == ("active", {"bytes": 2**30, "files": None})
    url = made["url"]
    options = ("--password-stdin", "--invitation", url)
    assert shell("register", shell.url, "invited", *options, stdin="correct horse\n").exit_code == 0
    again = shell("register", shell.url, "another", *options, stdin="correct horse\n")
    assert again.exit_code == 77
    listed = {each["id"]: each for each in shell.json("invitations", "list")}
    assert (listed[made["id"]]["state"], listed[made["id"]]["uses"]) == ("used-up", 1)
    assert "url" not in listed[made["id"]]
    assert "family" in shell("invitations", "list").stdout
    assert bert("invitations", "list").exit_code == 77
    assert shell("invitations", "revoke", made["id"]).exit_code == 0
    assert shell("invitations", "create", "--expires", "never").exit_code == 64


def test_administrators_see_what_users_store(shell: Shell, bert: Shell) -> None:
    """In an order of choice; others see nothing of it."""
    rows = shell.json("users", "usage", "--sort", "name", "--reverse")
    names = [each["name"] for each in rows]
    assert names == sorted(names, key=str.lower)
    assert {"stored", "trash", "version_bytes", "quota", "last_seen_at"} <= set(rows[0])
    assert "alice" in shell("users", "usage").stdout
    assert bert("users", "usage").exit_code == 77
