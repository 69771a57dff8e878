"""What the table of rights becomes in the terms of the catalog."""

import pytest

from catalog.permits import STANDINGS, Holder
from catalog.records import User
from manager.files.permits import permit_for
from manager.files.rights import Operation

USER = User(id=7, name="u", is_admin=True, password_hash="", token_epoch=0, created_at=0.0)
OWNERS = {Operation.SHARE, Operation.TRANSFER}


@pytest.mark.parametrize("operation", Operation)
def test_standings_that_allow_it(operation):
    """Owners may do all; everybody reads and writes public files; shares let read, or write too."""
    permit = permit_for(USER, operation)
    assert permit.user_id == USER.id
    for standing in STANDINGS:
        if standing.holder is not Holder.OTHER:
            expected = True
        elif operation in OWNERS:
            expected = False
        elif standing.is_public:
            expected = True
        elif operation is Operation.DOWNLOAD:
            expected = standing.can_write is not None
        else:
            expected = bool(standing.can_write)
        assert (standing in permit.standings) is expected, standing
