"""Text as searches compare it: without case, accents and forms of characters."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.folding import MAX_WORD_LENGTH, distinct_words, folded, words_of
from catalog.indexed_text import words_in_metadata


@given(st.text())
def test_folding_again_changes_nothing(text):
    """What was folded once is compared as it is."""
    assert folded(folded(text)) == folded(text)


@given(st.text(), st.text())
def test_parts_stay_parts(first, second):
    """A text that ends where a character does not go on is found in one that begins with it."""
    assert folded(f"{first} {second}").startswith(folded(first))


@given(st.text())
def test_words_need_no_quoting(text):
    """No word has a blank, a quotation mark, or any ASCII character but letters and digits."""
    for word in words_of(text):
        assert 0 < len(word) <= MAX_WORD_LENGTH
        assert all(each.isalnum() for each in word if each.isascii())
        assert not any("\ud800" <= each <= "\udfff" for each in word)


def test_words_are_what_stands_between_separators():
    """Scripts without blanks have a word for each character."""
    assert words_of("Größe_2: file-name.TXT (naïve)") == [
        "grosse",
        "2",
        "file",
        "name",
        "txt",
        "naive",
    ]
    assert words_of("東京へ go") == ["東", "京", "へ", "go"]
    assert words_of(" \0\ud800—…") == []


def test_words_are_bounded():
    """Those that come first are kept; a word counts once."""
    assert distinct_words(["b a b", "c"], max_length=3) == "a b"
    assert distinct_words(["x" * 99], max_length=99) == "x" * MAX_WORD_LENGTH
    assert distinct_words([], max_length=9) == ""


def test_metadata_is_searched_by_its_texts():
    """Fields that people search, however deep; of other fields and of numbers there is no word."""
    metadata = {
        "title": "A b",
        "tags": {"x": ["c", {"y": "d"}], "n": 4},
        "failed": {"z": "e"},
        "kind": "f",
    }
    assert words_in_metadata(metadata) == "a b c d"
    assert words_in_metadata({}) == ""
