"""File names in `Content-Disposition`."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.downloads.disposition import attachment


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("plain.txt", "plain.txt"),
        ("two words.txt", "two words.txt"),
        ('a"b\\c%41.txt', "a_b_c_41.txt"),
        ("Ärger €.txt", "_rger _.txt"),
        ("x\r\nSet-Cookie: a=b", "x__Set-Cookie: a=b"),
    ],
)
def test_fallback(name, fallback):
    """Old clients get an ASCII name that cannot break out of its quotes."""
    assert f'filename="{fallback}";' in attachment(name)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_exact_name_survives(name):
    """Modern clients get exactly the name, and the header is printable ASCII."""
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert unquote(header.partition("filename*=UTF-8''")[2]) == name
