"""Names, paths, passwords and uuids outside of packets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import (
    CHUNK_SIZE,
    MAX_FRAME_BYTES,
    MAX_PATH_NAMES,
    MAX_SAFE_INTEGER,
    PAGE_SIZE,
    REPLY_TIMEOUT_S,
    InvalidValue,
    NamePolicy,
    ProtocolError,
    check_name,
    check_password,
    check_username,
    format_path,
    is_uuid,
    parse_path,
)

GOOD_NAMES = ["a", "x" * 127, ".hidden", "a b", "…", "日本語 🙂", "~", "-", "con", "a:b|c<d>"]
BAD_NAMES = [
    ("", "be empty"), ("x" * 128, "have more than 127 characters"), (".", "end with a dot"),
    ("..", "end with a dot"), ("a.", "end with a dot"), (" a", "begin with a blank"),
    ("a ", "end with a blank"), ("a\u00a0", "end with a blank"), ("a/b", "contain /"),
    ("a\\b", "contain a backslash"), ("\ta", "contain a control character, such as a line break"),
    ("a\0", "contain a control character, such as a line break"),
    ("a\x1f", "contain a control character, such as a line break"),
    ("\x7f", "contain a control character, such as a line break"),
    ("a\x80", "contain a control character, such as a line break"),
    ("a\n", "contain a control character, such as a line break"),
    ("\ud800", "contain bytes that are no text"),
]  # fmt: skip
NAME_CHARACTERS = st.characters(exclude_characters="/\\", exclude_categories=("Cc", "Cs", "Z"))
NAMES = st.text(NAME_CHARACTERS, min_size=1, max_size=20).filter(lambda name: name[-1] != ".")


def test_the_agreed_numbers_are_those_of_the_protocol():
    """They are part of the protocol, and must not change unnoticed."""
    assert CHUNK_SIZE == 10_484_736
    assert MAX_FRAME_BYTES == 1_048_576
    assert MAX_SAFE_INTEGER == 9_007_199_254_740_991
    assert REPLY_TIMEOUT_S == 10.0
    assert PAGE_SIZE == 100
    assert MAX_PATH_NAMES == 10


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_good_name_is_returned(name):
    """The default policy allows what the protocol allows."""
    assert check_name(name) == name


@pytest.mark.parametrize("policy", NamePolicy)
@pytest.mark.parametrize(("name", "fault"), BAD_NAMES)
def test_a_bad_name_is_refused_under_every_policy(name, fault, policy):
    """A policy only narrows the rule; what breaks it is said."""
    with pytest.raises(InvalidValue, match=rf"^must not {fault}$"):
        check_name(name, policy)


@pytest.mark.parametrize("character", "aZ09 _-+#.*~^°!\"'’§$%&()[]{}=?ß,;äöüÄÖÜéñÿÀ")  # noqa: RUF001 - as listed
def test_the_base_policy_allows_what_a_base_frontend_shows(character):
    """Letters of the Latin-1 range, digits, blank and the listed signs."""
    name = f"a{character}b"
    assert check_name(name, NamePolicy.BASE) == name


@pytest.mark.parametrize("character", "@<>|:`×÷¹²½€ŁαЖ日🙂\u00a0\u0301")  # noqa: RUF001 - on purpose
def test_the_base_policy_refuses_everything_else(character):
    """Such a name is fine in general, but not for that frontend."""
    name = f"a{character}b"
    assert check_name(name) == name
    with pytest.raises(InvalidValue, match="Latin-1"):
        check_name(name, NamePolicy.BASE)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("/", ()),
        ("/a", ("a",)),
        ("/a/", ("a",)),
        ("/a/b c/ü", ("a", "b c", "ü")),
        ("/a/b/", ("a", "b")),
        ("/" + "/".join("abcdefghij"), tuple("abcdefghij")),
    ],
)
def test_a_path_is_split_into_its_names(text, names):
    """The root has none; one trailing slash is dropped."""
    assert parse_path(text) == names


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        *((text, "begin with /") for text in ("", "a", "a/b")),
        *((text, "may be empty") for text in ("//", "///", "/a//", "//a", "/a//b")),
        *((text, "may end with a dot") for text in ("/.", "/..", "/a/../b", "/a.")),
        *((text, "may end with a blank") for text in ("/a /b", "/a /")),
        ("/ ", "may begin with a blank"),
        ("/a\\b", "may contain a backslash"),
        ("/a\n", "may contain a control character"),
        ("/" + "/".join("abcdefghijk"), "at most 10 names, and has 11"),
        ("/" + "x" * 128, "may have more than 127 characters"),
    ],
)
def test_what_is_no_path_is_refused(text, rule):
    """Nothing that could climb out of a folder, or mean another one elsewhere, gets through."""
    with pytest.raises(InvalidValue, match=rf"^must .*{rule}"):
        parse_path(text)


@given(st.lists(NAMES, max_size=MAX_PATH_NAMES).map(tuple))
def test_formatting_is_the_inverse_of_parsing(names):
    """Names survive being a path."""
    assert parse_path(format_path(names)) == names


@pytest.mark.parametrize("names", [("",), ("a/b",), ("..",), tuple("abcdefghijk"), ("a", "")])
def test_bad_names_make_no_path(names):
    """A path that could not be read is not written."""
    with pytest.raises(InvalidValue):
        format_path(names)


@given(st.text())
def test_any_text_is_a_path_or_refused(text):
    """Nothing else escapes, and what is accepted has a stable normal form."""
    try:
        names = parse_path(text)
    except InvalidValue:
        return
    assert parse_path(format_path(names)) == names


@pytest.mark.parametrize("name", ["a", "Z9", "x" * 16])
def test_a_username_is_returned(name):
    """1 to 16 ASCII letters or digits."""
    assert check_username(name) == name


@pytest.mark.parametrize("name", ["", "x" * 17, "a b", "a_b", "é", "a\n", "\u0661"])
def test_what_is_no_username_is_refused(name):
    """Letters and digits of other scripts are none here."""
    with pytest.raises(InvalidValue, match=r"^must be 1 to 16 letters or digits"):
        check_username(name)


@pytest.mark.parametrize("password", ["x" * 8, "x" * 256, " \n\0🙂…éa "])
def test_a_password_may_hold_anything(password):
    """Only its length counts, in characters."""
    assert check_password(password) == password


@pytest.mark.parametrize("password", ["", "secret7", "s" * 257])
def test_a_password_of_the_wrong_length_is_refused_without_being_quoted(password):
    """The error may be logged."""
    with pytest.raises(InvalidValue) as caught:
        check_password(password)
    assert str(caught.value) == "must be 8 to 256 characters"


def test_a_refused_value_is_a_protocol_error_with_rule_and_code():
    """Callers put the field's name before the rule."""
    with pytest.raises(ProtocolError) as caught:
        check_username("")
    error = caught.value
    assert isinstance(error, InvalidValue)
    assert (error.code, error.uuid, error.rule) == ("invalid_value", None, str(error))


@given(st.uuids())
def test_a_uuid_is_known_by_its_lowercase_form(uuid):
    """What Python writes is what the protocol wants."""
    assert is_uuid(str(uuid))
    assert not is_uuid(uuid)
    assert not is_uuid(str(uuid) + "\n")
    assert not is_uuid(uuid.hex)
