"""The upload services that are connected, and the webhooks that they lease."""
