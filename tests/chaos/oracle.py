"""What must be stored, as far as the programs have acknowledged it."""

from dataclasses import dataclass, field

Content = bytes | None
"""The bytes of a file; None where there is no file."""


class Broken(AssertionError):
    """A promise was broken."""


@dataclass
class Oracle:
    """Which contents each path may have.

    One after a call that was acknowledged, several after one whose outcome is not known. Such a path
    is left alone from then on: a call that was given up may still take effect.
    """

    possible: dict[str, frozenset[Content]] = field(default_factory=dict)

    @property
    def certain(self) -> list[str]:
        """Paths of files whose content is known."""
        return [
            path
            for path, contents in self.possible.items()
            if len(contents) == 1 and None not in contents
        ]

    def known(self, path: str) -> frozenset[Content]:
        """What may be there."""
        return self.possible.get(path, frozenset({None}))

    def acknowledged(self, path: str, content: Content) -> None:
        """From now on exactly this is there."""
        self.possible[path] = frozenset({content})

    def uncertain(self, path: str, content: Content) -> None:
        """This may be there, or what was there before."""
        self.possible[path] = self.known(path) | {content}

    def check(self, path: str, found: Content) -> None:
        """Raises `Broken` unless what was found there may be there."""
        if found not in self.known(path):
            allowed = ", ".join(_named(content) for content in self.known(path))
            raise Broken(f"{path} holds {_named(found)}; allowed: {allowed}")


def _named(content: Content) -> str:
    return "nothing" if content is None else f"{len(content)} bytes {content[:8].hex()}…"
