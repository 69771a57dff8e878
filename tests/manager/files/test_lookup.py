"""What is said when a file changes between the look at it and the change."""

import pytest

from catalog.errors import FileMissing, FolderMissing, NotPermitted, UserMissing
from manager.errors import AccessDenied, NoSuchFile, NoSuchFolder, NoSuchUser
from manager.files.lookup import OPERATION_TEXTS, translated_file_errors
from manager.files.rights import FileOperation


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (FileMissing("there is no file 5"), NoSuchFile),
        (FolderMissing("there is no folder 5"), NoSuchFolder),
        (UserMissing("there is no user 5"), NoSuchUser),
        (NotPermitted(refused=1, concerned=1), AccessDenied),
    ],
)
def test_errors_of_the_catalog_become_words(raised, expected):
    """People are told what is wrong, without ids."""
    with pytest.raises(expected) as caught, translated_file_errors(FileOperation.MOVE):
        raise raised
    assert "5" not in str(caught.value)


def test_every_operation_has_words():
    """A refusal says what it refuses."""
    assert OPERATION_TEXTS.keys() == set(FileOperation)
    assert len(set(OPERATION_TEXTS.values())) == len(OPERATION_TEXTS)
