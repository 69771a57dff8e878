"""Posts whose answer was lost, added up over all upload services."""

from manager.metrics import MAX_PROCESSES, ManagerMetrics, UncertainPostTotals


def test_each_post_counts_once():
    """Every connection of a process tells its total, in any order."""
    metrics = ManagerMetrics()
    tally = UncertainPostTotals(metrics)
    for process, total in (("a", 2), ("a", 2), ("b", 1), ("a", 1), ("a", 3)):
        tally.report(process, total)
    assert tally.number == 4
    assert b"discord_cloud_uncertain_posts_total 4.0" in metrics.render()


def test_processes_that_come_and_go_need_no_more_memory():
    """What the earliest have told stays in the number."""
    tally = UncertainPostTotals(ManagerMetrics())
    for number in range(MAX_PROCESSES + 10):
        tally.report(str(number), 1)
    assert tally.number == MAX_PROCESSES + 10
