"""The checks of settings that several programs share."""

import math
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from common.settings import (
    Host,
    HttpBaseUrl,
    ManagerUrlList,
    OptionalHttpBaseUrl,
    Port,
    PositiveSeconds,
    Seconds,
    ServiceSecret,
    TrustedProxies,
    checked_url,
    list_of,
    split_list,
)


class Colour(StrEnum):
    """Something to list."""

    RED = "red"
    BLUE = "blue"


Colours = Annotated[tuple[Colour, ...], list_of(Colour, "expected red or blue")]


@pytest.mark.parametrize(
    ("kind", "given", "taken"),
    [
        (Host, "127.0.0.1", "127.0.0.1"),
        (Port, "0", 0),
        (Seconds, "0", 0.0),
        (PositiveSeconds, "0.5", 0.5),
        (HttpBaseUrl, " https://a.example/api/ ", "https://a.example/api"),
        (HttpBaseUrl, "http://[::1]:80", "http://[::1]:80"),
        (OptionalHttpBaseUrl, "", None),
        (OptionalHttpBaseUrl, None, None),
        (OptionalHttpBaseUrl, "http://a/", "http://a"),
        (ManagerUrlList, "wss://a/b/, http://c/", "wss://a/b,http://c"),
        (ServiceSecret, SecretStr("x"), SecretStr("x")),
        (TrustedProxies, "10.0.0.0/8 ::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
        (TrustedProxies, (), ()),
        (Colours, "red, blue", (Colour.RED, Colour.BLUE)),
        (Colours, "", ()),
    ],
)
def test_what_is_right_is_taken(kind, given, taken):
    """In one form, however it was written."""
    assert TypeAdapter(kind).validate_python(given) == taken


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        (Host, "", "at least 1"),
        (Port, 65536, "less than or equal to 65535"),
        (Seconds, -1, "greater than or equal to 0"),
        (Seconds, math.inf, "finite"),
        (PositiveSeconds, 0, "greater than 0"),
        (PositiveSeconds, math.nan, "finite|greater"),
        (HttpBaseUrl, "ftp://secret", "expected an http:// or https:// URL"),
        (HttpBaseUrl, "http://", "expected an http:// or https:// URL"),
        (HttpBaseUrl, "http://a:99999", "expected an http:// or https:// URL"),
        (HttpBaseUrl, "http://[a", "expected an http:// or https:// URL"),
        (HttpBaseUrl, "http://secret b", "expected an http:// or https:// URL"),
        (HttpBaseUrl, "http://a/?secret", "without anything behind"),
        (ManagerUrlList, "tcp://secret", "expected the manager's URL"),
        (ManagerUrlList, "ws://a/#secret", "without anything behind"),
        (ServiceSecret, SecretStr(" "), "SERVICE_PASSWORD"),
        (TrustedProxies, "secret", "IP addresses, or networks"),
        (Colours, "red,secret", "expected red or blue"),
    ],
)
def test_what_is_wrong_is_told_by_what_is_expected(kind, given, told):
    """The message of the check never holds what was given."""
    with pytest.raises(ValidationError, match=told) as caught:
        TypeAdapter(kind).validate_python(given)
    (details,) = caught.value.errors()
    assert "secret" not in details["msg"]


def test_a_url_that_is_not_appended_to_may_have_a_query():
    """Such as the one that clients post chunks to."""
    assert checked_url("http://a/?b#c", "", may_have_query=True) == "http://a/?b#c"


def test_entries_are_separated_by_commas_or_blanks():
    """In any mixture; empty ones do not count."""
    assert split_list(" a,b c,,\n d ") == ["a", "b", "c", "d"]
