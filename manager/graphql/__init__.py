"""The GraphQL interface: tickets and references for other services, and for administrators."""
