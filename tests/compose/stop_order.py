"""In which order Compose stops services: what depends on others before them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any


def dependents_of(*files: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Which services are stopped before each service.

    Args:
        files: the services of compose files that are used together.
    """
    dependents: dict[str, set[str]] = defaultdict(set)
    for services in files:
        for name, service in services.items():
            dependents[name].update(())
            for needed in service.get("depends_on", ()):
                dependents[needed].add(name)
    return dependents


def stop_order(*files: Mapping[str, Mapping[str, Any]]) -> Iterator[set[str]]:
    """Groups of services, of which each may be stopped once those before it have ended."""
    order = TopologicalSorter(dependents_of(*files))
    order.prepare()
    while order.is_active():
        group = order.get_ready()
        yield set(group)
        order.done(*group)
