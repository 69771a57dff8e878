"""Codes that change with time (TOTP, RFC 6238) as authenticator apps show them, and recovery codes.

A code is accepted in its step of 30 s and one before or after, for clocks that differ. The last accepted step
of each secret is kept: RFC 6238, section 5.2, forbids to accept a code twice.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final

import pyotp

STEP_S: Final = 30
_LEEWAY_STEPS: Final = 1
_SECRET_SIZE: Final = 20
"""Bytes: as long as the hash, RFC 4226, section 4."""
CODE_DIGITS: Final = 6

RECOVERY_CODES: Final = 10
"""How many a user is given at a time."""
_RECOVERY_SIZE: Final = 10
"""Random bytes of a recovery code: too many to be guessed, even with a copy of the hashes."""
_GROUP: Final = 4


def new_secret() -> str:
    """A random secret, in base32 as apps take it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_SIZE)).decode()


def provisioning_uri(secret: str, *, user_name: str, issuer: str) -> str:
    """The `otpauth:` URI from which an app takes the secret."""
    return pyotp.TOTP(secret).provisioning_uri(name=user_name, issuer_name=issuer)


def qr_code(text: str) -> str:
    """A QR code as the `data:` URI of an SVG image."""
    # It takes 10 ms to import, which no start has to wait for.
    import segno

    return segno.make(text, micro=False).svg_data_uri(border=4, light="#fff", unit="")


def accepted_step(secret: str, code: str, *, now: float, after: int) -> int | None:
    """The step to which a code belongs; None if it is wrong.

    Args:
        secret: In base32.
        code: As it was typed.
        now: Seconds since the epoch.
        after: The step of the last accepted code: this one and earlier ones are not accepted.
    """
    totp = pyotp.TOTP(secret, digits=CODE_DIGITS, interval=STEP_S)
    typed = _without_blanks(code).encode(errors="replace")
    current = int(now // STEP_S)
    for step in range(current - _LEEWAY_STEPS, current + _LEEWAY_STEPS + 1):
        if step > after and hmac.compare_digest(totp.generate_otp(step).encode(), typed):
            return step
    return None


def is_totp_code(text: str) -> bool:
    """Whether a text looks like a code of an app; others are taken for recovery codes."""
    code = _without_blanks(text)
    return len(code) == CODE_DIGITS and code.isdecimal()


def new_recovery_codes() -> list[str]:
    """Random recovery codes, as they are shown once."""
    return [_recovery_code() for _ in range(RECOVERY_CODES)]


def hash_of(recovery_code: str) -> bytes:
    """What is stored of a recovery code, however it is typed."""
    code = _without_blanks(recovery_code).replace("-", "").lower()
    # They are random, so they need neither salt nor a slow hash.
    return hashlib.sha256(code.encode(errors="surrogatepass")).digest()


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_SIZE)).decode().lower()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def _without_blanks(text: str) -> str:
    return "".join(text.split())
