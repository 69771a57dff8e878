"""When the process looks for garbage: not while it loads its modules, and never among them."""

import gc


def load_without_collecting() -> None:
    """From now on what is made stays: modules are no garbage, and a tenth of the time went into looking."""
    gc.disable()


def collect_what_follows() -> None:
    """From now on garbage is collected, but among what was made before: it lives as long as the process."""
    gc.freeze()
    gc.enable()
