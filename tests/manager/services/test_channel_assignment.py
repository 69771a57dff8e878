"""Base-protocol services are spread over the channels of the bot."""

from manager.services.leases import ChannelAssignment


def test_the_fewest_users_first():
    """A slot gets the channel that the fewest post to, among equals the first configured."""
    shares = ChannelAssignment([30, 10, 20])
    assert [shares.take(slot) for slot in "abcd"] == [30, 10, 20, 30]


def test_a_channel_that_is_given_back():
    """Who leaves makes room; who never had a channel is no error."""
    shares = ChannelAssignment([30, 10])
    for slot in "abc":
        shares.take(slot)
    shares.give_back("b")
    shares.give_back("b")
    shares.give_back("stranger")
    assert shares.take("d") == 10
