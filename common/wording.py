"""Words for people that depend on a number."""


def counted(number: int, noun: str, more: str = "") -> str:
    """`1 file`, `2 files`; `more` stands behind the number, as in `100 or more files`."""
    return f"{number}{more} {noun}{'' if number == 1 and not more else 's'}"
