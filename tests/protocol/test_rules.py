"""How msgspec's messages become a field and a rule, beyond what today's packets hold."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from protocol import Packet, Record
from protocol.rules import explain
from protocol.values import Name, Path, Uuid


class Inner(Record, frozen=True, kw_only=True):
    """An object in a list in the probe."""

    path: Path | None = None
    colour: Literal["red", "blue"] | None = None


class Probe(Packet, frozen=True, kw_only=True):
    """Holds each kind of field at some depth."""

    named: dict[str, Uuid] | None = None
    inner: tuple[Inner, ...] | None = None
    pairs: Annotated[tuple[Name, ...], Meta(min_length=1)] | None = None
    wire: int | None = msgspec.field(name="id", default=None)
    code: Annotated[str, Meta(min_length=2)] | None = None


@pytest.mark.parametrize(
    ("data", "field", "start"),
    [
        ({"named": {"a": "x"}}, "data.named[...]", "must be a uuid"),
        ({"inner": [{}, {"path": "x"}]}, "data.inner[1].path", "must be / or /name"),
        ({"inner": [{"colour": "x"}]}, "data.inner[0].colour", "must be one of blue, red"),
        ({"inner": [{"more": 1}]}, "data.inner[0].more", "is not a known field"),
        ({"pairs": ["."]}, "data.pairs[0]", "must be a name"),
        ({"id": "x"}, "data.id", "must be an integer or null, not a string"),
        ({"wire": 1}, "data.wire", "is not a known field"),
        ({"code": "x"}, "data.code", "Expected `str` of length >= 2"),
        ({"inner": {}}, "data.inner", "must be a list or null, not an object"),
    ],
)
def test_the_rule_is_found_at_any_depth(data: Any, field: str, start: str):
    """In maps, in lists of objects, and behind null."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(data, Probe)
    found, rule = explain(caught.value, Probe)
    assert found == field
    assert rule.startswith(start)
