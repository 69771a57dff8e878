"""Which of several managers is tried next."""

from common.manager_urls import ManagerUrls, split_urls


def test_a_list_of_urls_is_separated_by_commas():
    """Blanks do not count."""
    assert split_urls("http://a, http://b") == ["http://a", "http://b"]


def test_the_next_one_is_tried_at_once():
    """After all of them have failed it is time to wait, and then it goes on with the first."""
    managers = ManagerUrls(["a", "b", "c"])
    assert managers.failed("a")
    assert managers.failed("b")
    assert not managers.failed("c")
    assert managers.current == "a"
    assert managers.failed("a")


def test_one_that_answers_is_kept():
    """The others are tried at once again when it fails later."""
    managers = ManagerUrls(["a", "b"])
    assert managers.failed("a")
    managers.reached()
    assert managers.current == "b"
    assert managers.failed("b")
    assert managers.current == "a"


def test_a_failure_of_an_earlier_one_changes_nothing():
    """Of several connections all go on to the same manager."""
    managers = ManagerUrls(["a", "b", "c"])
    assert managers.failed("a")
    assert managers.failed("a")
    assert managers.current == "b"


def test_a_manager_that_others_reach_is_not_left():
    """One connection that fails does not take the others along."""
    is_in_use = True
    managers = ManagerUrls(["a", "b"], is_in_use=lambda: is_in_use)
    assert not managers.failed("a")
    is_in_use = False
    assert managers.failed("a")


def test_one_manager_is_waited_for():
    """There is no other."""
    managers = ManagerUrls(["a"])
    assert not managers.failed("a")
    assert managers.current == "a"
