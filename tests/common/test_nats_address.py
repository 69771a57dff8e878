"""What `CLUSTER_URL` may say."""

import pytest

from common.nats_address import parse_cluster_url


def test_servers_and_namespace_are_told_apart():
    """Credentials stay in the addresses, and the path is the namespace."""
    assert parse_cluster_url("nats://me:secret@one:4222/blue, tls://two:4222") == (
        ["nats://me:secret@one:4222", "tls://two:4222"],
        "blue",
    )


def test_without_a_path_everybody_meets_in_one_namespace():
    """An address is enough."""
    assert parse_cluster_url("nats://one") == (["nats://one"], "main")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "http://one:4222",
        "nats://",
        "nats://one:99999",
        "nats://one:0",
        "nats://one/a/b",
        "nats://one/Blue",
        "nats://one?x=1",
        "nats://one/a,nats://two/b",
    ],
)
def test_a_wrong_address_is_refused_without_being_repeated(wrong):
    """The error is a ValueError, whose text cannot hold a password."""
    with pytest.raises(ValueError, match=r"expected|namespace") as refused:
        parse_cluster_url(wrong.replace("one", "me:hunter2@one"))
    assert "hunter2" not in str(refused.value)
