"""Folders and files: their changes, and what clients hear of them."""

from dataclasses import dataclass

from common.key_derivation import Purpose
from manager.broadcast.hub import PacedBroadcasts
from manager.composition.foundation import Foundation
from manager.composition.identities import IdentityParts
from manager.connections.closing import close_all
from manager.downloads.links import ContentLinks
from manager.files.changes import ChangeFeed
from manager.files.destinations import DestinationTracker
from manager.files.shared_feed import SharedChangeFeed
from manager.files.stars import StarFeed
from manager.files.trash import DAY_S, TrashPolicy


@dataclass(frozen=True, kw_only=True)
class FileParts:
    """What knows of changes.

    Attributes:
        content_links: Links to content that the manager gives to clients.
        destinations: Where running uploads go, also when a folder moves meanwhile.
        changes: Numbers changes and tells clients of them.
        stars: Tells users of their stars.
        trash: What is kept of deleted and overwritten files.
    """

    content_links: ContentLinks
    destinations: DestinationTracker
    changes: ChangeFeed
    stars: StarFeed
    trash: TrashPolicy


async def compose_files(base: Foundation, identities: IdentityParts) -> FileParts:
    """Reads which changes clients have been told of."""
    settings, catalog = base.settings, base.catalog_of_users
    content_links = ContentLinks(identities.signer(Purpose.CONTENT_LINKS))
    destinations = DestinationTracker(catalog)
    broadcasts = PacedBroadcasts(base.hub, base.tasks)
    if base.change_log is None:
        changes = ChangeFeed(base.hub, catalog, base.retry, content_links.thumbnail, broadcasts)
    else:

        def let_clients_begin_anew() -> None:
            base.tasks.spawn(close_all(base.hub), "let clients begin anew")

        changes = SharedChangeFeed(
            base.hub,
            catalog,
            base.retry,
            content_links.thumbnail,
            broadcasts,
            cluster=base.cluster,
            change_log=base.change_log,
            lost_track=let_clients_begin_anew,
            moved_elsewhere=destinations.moved_elsewhere,
            monotonic=base.monotonic,
        )
    await base.retry.committing(changes.start)
    stars = StarFeed(base.hub, base.cluster)
    await stars.start()
    return FileParts(
        content_links=content_links,
        destinations=destinations,
        changes=changes,
        stars=stars,
        trash=TrashPolicy(keep_s=settings.trash_days * DAY_S, versions=settings.versions),
    )
