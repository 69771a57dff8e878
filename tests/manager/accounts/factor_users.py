"""Users with a second factor, over HTTP."""

from dataclasses import dataclass, field
from typing import Any

import pyotp

from tests.manager.accounts.authenticator import Authenticator
from tests.manager.cloud import Cloud
from tests.manager.sockets.stage import PASSWORD

PUBLIC_URL = "https://cloud.example"


class Clock:
    """Time that passes only when told to."""

    def __init__(self, now: float = 1_900_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds


@dataclass
class FactorUser:
    """A user with a login, an authenticator app and a passkey, as far as they are enrolled."""

    cloud: Cloud
    clock: Clock
    name: str
    token: str = ""
    secret: str = ""
    recovery_codes: list[str] = field(default_factory=list)
    passkey: Authenticator = field(default_factory=lambda: Authenticator(PUBLIC_URL))

    async def post(self, path: str, *, status: int = 200, **body: object) -> dict[str, Any]:
        """What a route answers to JSON, with the user's token if there is one."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        response = await self.cloud.client.post(path, json=body, headers=headers)
        answer: dict[str, Any] = await response.json()
        assert response.status == status, answer
        return answer

    async def get(self, path: str) -> dict[str, Any]:
        """What a route answers to a GET."""
        headers = {"Authorization": f"Bearer {self.token}"}
        response = await self.cloud.client.get(path, headers=headers)
        answer: dict[str, Any] = await response.json()
        assert response.status == 200, answer
        return answer

    async def log_in(self, *, status: int = 200) -> dict[str, Any]:
        """What `/login` answers to the password."""
        return await self.post("/login", status=status, username=self.name, password=PASSWORD)

    def code(self, *, step: int = 0) -> str:
        """What the app shows now, or so many steps later."""
        return pyotp.TOTP(self.secret).at(int(self.clock()) + 30 * step)

    async def confirmed(self) -> str:
        """A confirmation for the password."""
        answer = await self.post("/account/confirmation", password=PASSWORD)
        return str(answer["confirmation"])

    async def enrol_app(self, confirmation: str | None = None) -> dict[str, Any]:
        """Enrols an authenticator app, and lets its first code get old."""
        confirmation = confirmation or await self.confirmed()
        begun = await self.post("/account/factors/totp", confirmation=confirmation)
        self.secret = begun["secret"]
        done = await self.post(
            "/account/factors/totp/finish", enrolment=begun["enrolment"], code=self.code()
        )
        self.recovery_codes = done["recovery_codes"] or self.recovery_codes
        self.clock.advance(30)
        return done

    async def enrol_passkey(self, confirmation: str | None = None) -> dict[str, Any]:
        """Enrols the passkey."""
        confirmation = confirmation or await self.confirmed()
        begun = await self.post("/account/factors/passkey", confirmation=confirmation)
        done = await self.post(
            "/account/factors/passkey/finish",
            enrolment=begun["enrolment"],
            passkey=self.passkey.make(begun["passkey_options"]),
            label="laptop",
        )
        self.recovery_codes = done["recovery_codes"] or self.recovery_codes
        return done
