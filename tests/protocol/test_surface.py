"""What the package offers."""

import types

import protocol
from protocol import c2s, generic, s2c, s2t, s2u, t2s, u2s


def test_everything_that_the_package_imports_is_public():
    """`__all__` lists the names that are there; internal modules are none of them."""
    names = {
        name
        for name, member in vars(protocol).items()
        if not name.startswith("_")
        and (not isinstance(member, types.ModuleType) or name in protocol.NAMESPACES)
    }
    assert names == set(protocol.__all__)


def test_each_namespace_lists_its_packets():
    """A module's `__all__` holds every packet of it."""
    for module in (generic, c2s, s2c, s2u, u2s, s2t, t2s):
        packets = {
            packet.__name__
            for packet in protocol.PACKETS.values()
            if packet.__module__ == module.__name__
        }
        assert packets <= set(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)
