"""Who somebody is: signatures, logins, second factors, guesses, credentials of services."""

from dataclasses import dataclass
from functools import partial

from common.guesses import GuessLimiter
from common.key_derivation import Purpose
from common.password_guard import PasswordGuard
from manager.accounts.accounts import Accounts, SetupCode
from manager.accounts.app_passwords import AppPasswords
from manager.accounts.callers import Authenticator
from manager.accounts.challenges import CHALLENGE_LIFE_S, Challenges
from manager.accounts.credentials import TOKEN_LIFE_S, TokenSigner
from manager.accounts.logins import LoginRevocation
from manager.accounts.second_factors import FactorManager, TotpSecrets, factor_guess_limiter
from manager.accounts.sessions import Sessions, UseNotes
from manager.cluster.guesses import share_guesses
from manager.composition.foundation import Foundation
from manager.downloads.links import LIFE_S as CONTENT_LINK_LIFE_S
from manager.downloads.page_content import ACCESS_S
from manager.downloads.redirects import REDIRECT_TOKEN_LIFE_S
from manager.links.folder_receiving import upload_limiter
from manager.links.passwords import GRANT_S
from manager.services.credentials import ServiceAccess, service_guess_limiter
from manager.settings import ManagerSettings
from manager.signing.keys import SigningKeyKeeper
from manager.signing.signatures import Signer, SigningKeyRing
from reading.manifest import ARCHIVE_TOKEN_LIFE_S


@dataclass(frozen=True, kw_only=True)
class IdentityParts:
    """What finds out who somebody is.

    Attributes:
        signing_keys: Sign whatever the manager gives out.
        key_keeper: Keeps them as the catalog has them.
        accounts: Users, and who a token belongs to.
        authenticator: The caller of a request.
        setup: How the first user is created.
        logins: Ends them.
        sessions: The logins of users.
        app_passwords: Of users' programs.
        challenges: Logins that wait for a second factor.
        totp_secrets, factors: Second factors.
        guard, factor_guard: Bound guesses of passwords and of second factors.
        link_limiter: Bounds uploads that are begun by links.
        access: Of services.
    """

    signing_keys: SigningKeyRing
    key_keeper: SigningKeyKeeper
    accounts: Accounts
    authenticator: Authenticator
    setup: SetupCode
    logins: LoginRevocation
    sessions: Sessions
    app_passwords: AppPasswords
    challenges: Challenges
    totp_secrets: TotpSecrets
    factors: FactorManager
    guard: PasswordGuard
    factor_guard: PasswordGuard
    link_limiter: GuessLimiter
    access: ServiceAccess

    def signer(self, purpose: Purpose) -> Signer:
        """What signs for one purpose, and for no other."""
        return Signer(self.signing_keys, purpose)


async def compose_identities(base: Foundation) -> IdentityParts:
    """Reads the signing keys, and seals again what an older master key has sealed."""
    settings, catalog, clock = base.settings, base.catalog_of_users, base.clock
    signing_keys = SigningKeyRing(_signature_lives(settings), clock)
    logins = LoginRevocation(base.hub, base.tasks, catalog)
    logins.tell_others_by(await base.notices.tell_others("logins", logins.look_soon))
    key_keeper = SigningKeyKeeper(
        catalog,
        settings.keyring,
        signing_keys,
        clock,
        base.audit,
        on_revocation=logins.revoke_all,
    )
    await base.retry.committing(key_keeper.start)
    setup = SetupCode(catalog, settings.chosen_setup_code)
    tokens = TokenSigner(
        Signer(signing_keys, Purpose.USER_TOKENS), Signer(signing_keys, Purpose.RENEWALS)
    )
    notes = UseNotes(base.tasks)
    sessions = Sessions(catalog, tokens, notes, life_s=settings.session_life_s, on_end=logins.end)
    app_passwords = AppPasswords(catalog, catalog, notes, clock, on_end=logins.end)
    challenges = Challenges(Signer(signing_keys, Purpose.LOGIN_CHALLENGES), catalog)
    totp_secrets = TotpSecrets(catalog, settings.keyring)
    await base.retry.committing(totp_secrets.reseal)
    factors = FactorManager(
        catalog, challenges, totp_secrets, settings.require_second_factor, clock
    )
    accounts = Accounts(
        catalog,
        tokens,
        sessions,
        app_passwords,
        factors,
        setup,
        base.addresses,
        base.spaces,
        passwords=base.passwords,
        quota=settings.user_quota,
    )
    share = partial(share_guesses, cluster=base.cluster, tasks=base.tasks, monotonic=base.monotonic)
    guarding = partial(
        PasswordGuard,
        addresses=base.addresses,
        monotonic=base.monotonic,
        report=base.audit.record_refusal,
    )
    return IdentityParts(
        signing_keys=signing_keys,
        key_keeper=key_keeper,
        accounts=accounts,
        authenticator=Authenticator(catalog, accounts),
        setup=setup,
        logins=logins,
        sessions=sessions,
        app_passwords=app_passwords,
        challenges=challenges,
        totp_secrets=totp_secrets,
        factors=factors,
        guard=guarding(await share(GuessLimiter(), "passwords")),
        factor_guard=guarding(await share(factor_guess_limiter(), "factors")),
        link_limiter=await share(upload_limiter(), "link-uploads"),
        access=ServiceAccess(
            catalog,
            settings.password_of_services,
            base.addresses,
            base.tasks,
            audit=base.audit,
            clock=clock,
            monotonic=base.monotonic,
            limiter=await share(service_guess_limiter(), "services"),
        ),
    )


def _signature_lives(settings: ManagerSettings) -> dict[Purpose, float]:
    """For how long, in seconds, what was signed is valid; earlier links to files as long as their key."""
    return {
        Purpose.USER_TOKENS: max(TOKEN_LIFE_S, settings.session_life_s),
        Purpose.RENEWALS: settings.session_life_s,
        Purpose.LOGIN_CHALLENGES: CHALLENGE_LIFE_S,
        Purpose.UPLOAD_TICKETS: settings.ticket_life_s,
        Purpose.CONTENT_LINKS: 2 * CONTENT_LINK_LIFE_S,
        Purpose.CONTENT_ACCESS: ACCESS_S,
        Purpose.DOWNLOAD_TOKENS: ARCHIVE_TOKEN_LIFE_S,
        Purpose.REDIRECT_TOKENS: REDIRECT_TOKEN_LIFE_S,
        Purpose.LINK_PASSWORDS: GRANT_S,
        Purpose.SIGNED_DOWNLOADS: settings.signed_link_grace_s,
    }
