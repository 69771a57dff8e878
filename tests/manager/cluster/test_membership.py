"""Which managers count as alive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.cluster import membership
from manager.cluster.membership import Member, Membership

OWN, OTHER = Member(id="own", name="own"), Member(id="other", name="other")


def _members(ttl_s: float = 6.0) -> Membership:
    members = Membership(OWN, ttl_s)
    members.connected(0.0)
    return members


def test_a_member_is_new_once():
    """Its later heartbeats are no news, and may change what it says of itself."""
    members = _members()
    renamed = Member(id="other", name="renamed")
    assert members.heard(OTHER, 0.0)
    assert not members.heard(renamed, 1.0)
    assert members.members == {"own": OWN, "other": renamed}


def test_a_silent_member_is_gone_after_its_time():
    """Not before."""
    members = _members()
    members.heard(OTHER, 1.0)
    assert members.expired(6.9) == []
    assert members.expired(7.0) == [OTHER]
    assert members.expired(8.0) == []
    assert members.members == {"own": OWN}


def test_nobody_is_gone_while_nats_is_away():
    """Each has its full time again afterwards."""
    members = _members()
    members.heard(OTHER, 0.0)
    members.disconnected()
    assert members.expired(100.0) == []
    members.connected(100.0)
    assert members.expired(105.9) == []
    assert members.expired(106.0) == [OTHER]


def test_a_member_may_take_its_leave():
    """It comes back as a new one."""
    members = _members()
    members.heard(OTHER, 0.0)
    assert members.left("other") == OTHER
    assert members.left("other") is None
    assert members.heard(OTHER, 1.0)


def test_this_manager_stays():
    """Whatever others say of it."""
    members = _members()
    assert not members.heard(OWN, 0.0)
    assert members.left("own") is None
    assert members.expired(1e9) == []
    assert members.members == {"own": OWN}


def test_members_are_bounded(monkeypatch: pytest.MonkeyPatch):
    """A stranger cannot fill the memory; those that are known are still heard."""
    monkeypatch.setattr(membership, "MAX_MEMBERS", 2)
    members = _members()
    assert members.heard(OTHER, 0.0)
    assert not members.heard(Member(id="third", name="third"), 0.0)
    members.heard(OTHER, 5.0)
    assert members.expired(7.0) == []
    assert set(members.members) == {"own", "other"}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 3.0)), max_size=30))
def test_members_are_those_heard_of_lately(heartbeats):
    """For any heartbeats, in the order of time."""
    members, now, heard_at = _members(2.0), 0.0, {}
    for name, delay_s in heartbeats:
        now += delay_s
        members.expired(now)
        members.heard(Member(id=name, name=name), now)
        heard_at[name] = now
    alive = {name for name, at in heard_at.items() if now - at < 2.0}
    assert set(members.members) == {"own", *alive}
