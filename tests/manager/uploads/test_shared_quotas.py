"""What a manager knows of the uploads of users with quotas at other managers."""

from manager.uploads.quotas import QuotaCheck


def _check() -> QuotaCheck:
    return QuotaCheck(catalog=None, monotonic=lambda: 0.0)  # type: ignore[arg-type] # is not asked


def test_uploads_of_other_managers_count_until_they_end():
    """One that has ended already, or is unknown, is no error."""
    quotas = _check()
    quotas.began_elsewhere("b", (7, "u1", 100))
    quotas.began_elsewhere("b", (7, "u1", 100))
    quotas.began_elsewhere("c", (7, "u2", 20))
    assert quotas.size_of_running(7) == (120, 2)
    quotas.ended_elsewhere("b", "u1")
    quotas.ended_elsewhere("b", "u1")
    quotas.ended_elsewhere("unknown", "u2")
    assert quotas.size_of_running(7) == (20, 1)


def test_uploads_of_a_manager_that_is_gone_do_not_count():
    """Those of others still do."""
    quotas = _check()
    quotas.began_elsewhere("b", (7, "u1", 100))
    quotas.began_elsewhere("c", (7, "u2", 20))
    quotas.forget("b")
    quotas.forget("b")
    assert quotas.size_of_running(7) == (20, 1)
