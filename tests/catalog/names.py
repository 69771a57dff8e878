"""Names that are numbered in some way of their own, for tests of each place that numbers names."""

NAMES = [
    "a.txt",
    "a.tar.gz",
    "README",
    ".profile",
    "..a",
    "Mr. Smith",
    "a.",
    "x" * 127,
    "x" * 126 + "y",
    "x" * 123 + ".txt",
    "a." + "e" * 125,
    "日本語😀.päng",
]
