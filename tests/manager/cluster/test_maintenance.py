"""One manager cleans up for all, and another one takes over."""

from typing import Any

from manager.app_keys import TEMPORARY_REFERENCES
from tests.manager.cluster.managers import running_managers
from tests.manager.cluster.test_port import QUICK
from tests.manager.world import World


async def _status(world: World) -> dict[str, Any]:
    shown: dict[str, Any] = (await world.stage.status())["cluster"]
    return shown


async def _maintaining(world: World, *names: str) -> str:
    """Who cleans up, once it is one of these."""
    while (name := (await _status(world))["maintenance"]) not in names:
        pass
    return str(name)


async def test_another_manager_takes_over(tmp_path, supabase, cluster_url):
    """What a manager uses is kept by whichever cleans up; what nobody uses is deleted, before and after."""
    supabase.empty()
    async with running_managers(
        tmp_path, supabase, cluster_url, timing=QUICK, upload_hold_s=3, reaper_interval_s=0.1
    ) as managers:
        one, two = managers.worlds
        first = await _maintaining(one, "manager-0", "manager-1")
        assert await _maintaining(two, first) == first
        leading, other = (one, two) if first == "manager-0" else (two, one)
        used = await other.put("/used")
        references = other.stage.app[TEMPORARY_REFERENCES]
        async with references.protecting(used.object_id):
            for world in (leading, other):
                garbage = await world.put("/garbage")
                for file in (used, garbage):
                    await world.catalog.release(file.object_id, service="test", key="t")
                    await world.catalog.delete_file(file.id)
                await _collected(other, garbage.object_id)
                assert await other.catalog.object_by_id(used.object_id) is not None
                if world is leading:
                    await leading.stage.stop()
                    await _maintaining(other, other.stage.settings.manager_name or "")
        await _collected(other, used.object_id)


async def _collected(world: World, object_id: Any) -> None:
    while await world.catalog.object_by_id(object_id) is not None:
        pass


async def test_status_names_all_managers(tmp_path, supabase, cluster_url):
    """Each says which one it is."""
    supabase.empty()
    async with running_managers(tmp_path, supabase, cluster_url) as managers:
        for number, world in enumerate(managers.worlds):
            while len((shown := await _status(world))["managers"]) < 2:
                pass
            assert shown["manager"] == f"manager-{number}"
            assert shown["managers"] == ["manager-0", "manager-1"]
            assert shown["is_connected"]
