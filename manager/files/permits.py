"""What the table of rights lets a user do, in the terms in which the catalog checks it."""

from catalog.permits import STANDINGS, Holder, Permit, Standing
from catalog.records import User
from manager.files.rights import Access, Operation, access_of

_VIEWER_ID = 1
_OWNER_IDS = {Holder.USER: _VIEWER_ID, Holder.NOBODY: None, Holder.OTHER: 2}


def permit_for(user: User, operation: Operation) -> Permit:
    """Covers the files to which the user may do this."""
    return Permit(user.id, _ALLOWING[operation])


def _access(standing: Standing) -> Access:
    return access_of(
        owner_id=_OWNER_IDS[standing.holder],
        is_public=standing.is_public,
        share_can_write=standing.can_write,
        viewer_id=_VIEWER_ID,
    )


_ALLOWING = {
    operation: frozenset(standing for standing in STANDINGS if _access(standing).allows(operation))
    for operation in Operation
}
