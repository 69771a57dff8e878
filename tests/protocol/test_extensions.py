"""Lists of extensions, as a peer asks for them and the manager grants them."""

import pytest

from protocol import WEBHOOKS, format_extensions, parse_extensions


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", set()),
        (",", set()),
        ("webhooks", {"webhooks"}),
        ("b,a,b", {"a", "b"}),
        (" a , b ,", {"a", "b"}),
    ],
)
def test_a_list_is_read_without_blanks_and_empty_names(text, names):
    """What a peer asks for is a set."""
    assert parse_extensions(text) == names


def test_a_list_is_written_in_a_stable_order():
    """The same set always looks the same, and is read again as itself."""
    assert format_extensions({"b", WEBHOOKS, "a"}) == "a,b,webhooks"
    assert format_extensions(()) == ""
    assert parse_extensions(format_extensions({"x", "y"})) == {"x", "y"}
