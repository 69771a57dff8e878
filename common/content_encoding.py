"""The header `Content-Encoding` of a request or of a form's part. No I/O."""


def is_encoding(value: str) -> bool:
    """Whether the value of a `Content-Encoding` header names any encoding that has to be undone."""
    return any(coding.strip().lower() not in {"", "identity"} for coding in value.split(","))
