"""Addresses as a processing service reaches them."""

import pytest
from pydantic import SecretStr, ValidationError

from processing_service.settings import ProcessingServiceSettings
from processing_service.transfers import url_at_origin


@pytest.mark.parametrize(
    ("origin", "url", "expected"),
    [
        ("http://manager:4000", "/files/a?q=b%2Fc", "http://manager:4000/files/a?q=b%2Fc"),
        ("http://manager:4000", "https://x.org/files/a?q=1", "http://manager:4000/files/a?q=1"),
        ("https://x.org/cloud", "/files/a", "https://x.org/cloud/files/a"),
        (
            "http://gateway:8080",
            "http://127.0.0.1/upload/7f/ticket",
            "http://gateway:8080/upload/7f/ticket",
        ),
    ],
)
def test_path_and_query_stay(origin, url, expected):
    """Only the origin is another one; what is encoded stays encoded."""
    assert str(url_at_origin(origin, url)) == expected


def test_a_wrong_origin_is_named():
    """A setting that is no origin is refused before anything starts."""
    with pytest.raises(ValidationError, match="expected an origin such as"):
        ProcessingServiceSettings(
            manager_address="http://127.0.0.1:4000",
            service_credential=SecretStr("password"),
            upload_origin="gateway",
        )
