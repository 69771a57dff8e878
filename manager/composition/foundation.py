"""What every subject stands on: settings, clocks, catalog, other managers, Discord, clients."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from typing import Self

from catalog.change_port import ChangeLog
from catalog.lease_fence_port import LeaseFence
from catalog.port import Catalog
from common.addresses import ClientAddresses
from common.tasks import BackgroundTasks
from manager.accounts.credentials import Passwords
from manager.audit.log import AuditLog
from manager.broadcast.hub import Hub
from manager.catalogs import catalog_of, check_master_keys, shared_parts_of
from manager.cluster.notices import Notices
from manager.cluster.opening import open_cluster
from manager.cluster.port import Cluster
from manager.cluster.timing import ClusterTiming
from manager.metrics import ManagerMetrics
from manager.retrying import CATALOG_RETRY, CatalogRetry
from manager.settings import ManagerSettings
from manager.spaces.catalog import PersonalCatalog
from manager.spaces.refreshing import ViewRefresher
from manager.spaces.spaces import Spaces
from storage.discord.http import DiscordHttp
from storage.discord.limits import RateLimiter

Clock = Callable[[], float]
OpenCatalog = Callable[[], AbstractAsyncContextManager[Catalog]]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What a manager is given from outside.

    Attributes:
        settings: Everything that can be configured.
        clock: Seconds since the Unix epoch.
        monotonic: Seconds that never jump.
        passwords: Hashes passwords.
        open_catalog: Opens the catalog; None: the one that the settings name.
        retry: How calls of the catalog are retried; None: as configured.
        cluster_timing: How quickly several managers notice one another; None: as usual.
        metrics: Of the program.
    """

    settings: ManagerSettings
    clock: Clock
    monotonic: Clock
    passwords: Passwords
    open_catalog: OpenCatalog | None
    retry: CatalogRetry | None
    cluster_timing: ClusterTiming | None
    metrics: ManagerMetrics


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What every subject may use.

    Attributes:
        settings, clock, monotonic, passwords, metrics: As in `Environment`.
        stack: Stops what was started, the last first.
        retry: How calls of the catalog are retried.
        catalog: Without the rights of personal spaces, for what the manager does by itself.
        catalog_of_users: With them, where spaces are personal, for what users do.
        change_log: Of all managers; None: there is one manager.
        lease_fence: Of all managers; None: there is one manager.
        cluster: All managers.
        notices: Between managers.
        loops: Run until the manager stops.
        tasks: End by themselves.
        spaces: What each user sees.
        hub: The clients that are connected.
        rights_changed: To be called after a user may see more or less.
        http: Discord.
        audit: The audit log.
        addresses: Of clients, behind proxies.
    """

    settings: ManagerSettings
    clock: Clock
    monotonic: Clock
    passwords: Passwords
    metrics: ManagerMetrics
    stack: AsyncExitStack
    retry: CatalogRetry
    catalog: Catalog
    catalog_of_users: Catalog
    change_log: ChangeLog | None
    lease_fence: LeaseFence | None
    cluster: Cluster
    notices: Notices
    loops: BackgroundTasks
    tasks: BackgroundTasks
    spaces: Spaces
    hub: Hub
    rights_changed: Callable[[], None]
    http: DiscordHttp
    audit: AuditLog
    addresses: ClientAddresses

    @classmethod
    async def opened(cls, environment: Environment, stack: AsyncExitStack) -> Self:
        """The foundation, until the stack is closed.

        Raises:
            CatalogError: the catalog cannot be opened.
        """
        settings, clock, monotonic = environment.settings, environment.clock, environment.monotonic
        retry = environment.retry or CatalogRetry(
            commit_within_s=settings.upload_hold_s,
            policy=replace(CATALOG_RETRY, monotonic=monotonic),
        )
        open_catalog = environment.open_catalog
        catalog = await stack.enter_async_context(
            catalog_of(settings, clock) if open_catalog is None else open_catalog()
        )
        cluster = await stack.enter_async_context(
            open_cluster(
                settings, timing=environment.cluster_timing, clock=clock, monotonic=monotonic
            )
        )
        loops, tasks = BackgroundTasks(), BackgroundTasks()
        notices = Notices(cluster, tasks)
        change_log, lease_fence = (
            (None, None) if settings.cluster_url is None else shared_parts_of(catalog)
        )
        spaces = Spaces(catalog, settings.spaces)
        await retry.committing(spaces.start)
        http = await stack.enter_async_context(
            DiscordHttp(
                api_url=settings.discord_api_url,
                limiter=RateLimiter(requests_per_s=settings.own_requests_per_s),
                clock=monotonic,
                wall_clock=clock,
            )
        )
        audit = AuditLog(
            catalog,
            clock,
            keep_days=settings.audit_days,
            manager=None if change_log is None else cluster.own.name,
        )
        stack.push_async_callback(audit.close)
        await check_master_keys(catalog, settings.keyring, audit)
        hub = Hub()
        refresher = ViewRefresher(spaces, hub, tasks)
        rights_changed = await notices.share("rights", refresher.rights_changed)
        return cls(
            settings=settings,
            clock=clock,
            monotonic=monotonic,
            passwords=environment.passwords,
            metrics=environment.metrics,
            stack=stack,
            retry=retry,
            catalog=catalog,
            catalog_of_users=_with_rights(catalog, spaces, rights_changed),
            change_log=change_log,
            lease_fence=lease_fence,
            cluster=cluster,
            notices=notices,
            loops=loops,
            tasks=tasks,
            spaces=spaces,
            hub=hub,
            rights_changed=rights_changed,
            http=http,
            audit=audit,
            addresses=ClientAddresses(settings.trusted_proxies),
        )


def _with_rights(catalog: Catalog, spaces: Spaces, rights_changed: Callable[[], None]) -> Catalog:
    if not (spaces.is_personal or spaces.is_undecided):
        return catalog
    personal = PersonalCatalog(catalog, rights_changed)
    spaces.when_personal(personal.enforce_rights)
    return personal
