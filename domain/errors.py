"""Every way in which the rules can say no. The whole tree, drawn once:

Refusal
├── InvalidArgument            INVALID_ARGUMENT
├── InvalidOrder               INVALID_ORDER
├── BrokerNotSupported         BROKER_NOT_SUPPORTED
├── NotSupportedByBroker       NOT_SUPPORTED_BY_BROKER
├── UnknownInstrument          UNKNOWN_INSTRUMENT
├── NoActiveBroker             NO_ACTIVE_BROKER
├── BrokerLoginRequired        BROKER_LOGIN_REQUIRED
├── BrokerLoginFailed          BROKER_LOGIN_FAILED
├── AccountDiffers             ACCOUNT_DIFFERS
├── LoginLinkRefused           LOGIN_LINK_REFUSED
├── BrokerUnavailable          BROKER_UNAVAILABLE
├── RateLimited                RATE_LIMITED
├── EgressUnavailable          EGRESS_UNAVAILABLE
├── LiveTradingOff             LIVE_TRADING_OFF
├── SessionHasExpired          SESSION_EXPIRED
├── SessionLimitReached        SESSION_LIMIT
├── SessionNotFound            SESSION_NOT_FOUND
├── OrderInProgress            ORDER_IN_PROGRESS
├── OrderKeyReused             ORDER_KEY_REUSED
├── OrderTooLate               ORDER_TOO_LATE
├── OrderNotFound              ORDER_NOT_FOUND
├── OrderDeniedByRisk          ORDER_DENIED
├── ConfirmationRequired       CONFIRMATION_REQUIRED
├── ProposalRefused            PROPOSAL_REFUSED
├── TradingIsHalted            TRADING_HALTED
├── ScopeMissing               SCOPE_MISSING
├── ReadOnly                   READ_ONLY
├── Busy                       BUSY
├── ShuttingDown               SHUTTING_DOWN
└── StoreUnavailable           STORE_UNAVAILABLE
    └── KeyStoreUnavailable    KEY_STORE_UNAVAILABLE

The text of a refusal says what happened and, after "Next:", what to do. It reaches the caller
word for word, so it never carries a secret. An exception outside this tree is a bug.
"""


class Refusal(Exception):
    """Something the caller asked for that the rules do not allow; nothing was changed.

    `login_at` names the broker where a login would help: whoever words the refusal for a client
    adds a link to log in there.
    """

    code = "REFUSED"

    def __init__(self, text: str, *, login_at: str | None = None) -> None:
        super().__init__(text)
        self.login_at = login_at


class InvalidArgument(Refusal):
    code = "INVALID_ARGUMENT"


class InvalidOrder(Refusal):
    code = "INVALID_ORDER"


class BrokerNotSupported(Refusal):
    code = "BROKER_NOT_SUPPORTED"


class NotSupportedByBroker(Refusal):
    code = "NOT_SUPPORTED_BY_BROKER"


class UnknownInstrument(Refusal):
    """No instrument, or more than one, bears this name; or the broker does not list it."""

    code = "UNKNOWN_INSTRUMENT"


class NoActiveBroker(Refusal):
    code = "NO_ACTIVE_BROKER"


class BrokerLoginRequired(Refusal):
    code = "BROKER_LOGIN_REQUIRED"


class BrokerLoginFailed(Refusal):
    code = "BROKER_LOGIN_FAILED"


class AccountDiffers(Refusal):
    """A login was good, but for another account than the person's last one at that broker."""

    code = "ACCOUNT_DIFFERS"


class LoginLinkRefused(Refusal):
    """A link, a page or a code of a login through the browser is not good (any more)."""

    code = "LOGIN_LINK_REFUSED"


class BrokerUnavailable(Refusal):
    """A read at the broker failed; a write never raises this, it ends in a fact instead."""

    code = "BROKER_UNAVAILABLE"


class RateLimited(Refusal):
    """A read at the broker came too soon after others of this account."""

    code = "RATE_LIMITED"


class EgressUnavailable(Refusal):
    """The way that is set for this account's calls cannot be read; no other is taken instead."""

    code = "EGRESS_UNAVAILABLE"


class LiveTradingOff(Refusal):
    code = "LIVE_TRADING_OFF"


class SessionHasExpired(Refusal):
    code = "SESSION_EXPIRED"


class SessionLimitReached(Refusal):
    code = "SESSION_LIMIT"


class SessionNotFound(Refusal):
    code = "SESSION_NOT_FOUND"


class OrderInProgress(Refusal):
    code = "ORDER_IN_PROGRESS"


class OrderKeyReused(Refusal):
    code = "ORDER_KEY_REUSED"


class OrderTooLate(Refusal):
    """It was asked for too long ago to be sent now; it never was."""

    code = "ORDER_TOO_LATE"


class OrderNotFound(Refusal):
    code = "ORDER_NOT_FOUND"


class OrderDeniedByRisk(Refusal):
    """One of our own limits forbids it; the broker was not asked. The denial is on record."""

    code = "ORDER_DENIED"


class ConfirmationRequired(Refusal):
    """The person has to say yes, and this client offers no way to ask them that is allowed here."""

    code = "CONFIRMATION_REQUIRED"


class ProposalRefused(Refusal):
    """An approval is too old, was used or declined, or is about something else."""

    code = "PROPOSAL_REFUSED"


class TradingIsHalted(Refusal):
    """A kill switch is armed, or an account is frozen."""

    code = "TRADING_HALTED"


class ScopeMissing(Refusal):
    code = "SCOPE_MISSING"


class ReadOnly(Refusal):
    code = "READ_ONLY"


class Busy(Refusal):
    code = "BUSY"


class ShuttingDown(Refusal):
    code = "SHUTTING_DOWN"


class StoreUnavailable(Refusal):
    code = "STORE_UNAVAILABLE"


class KeyStoreUnavailable(StoreUnavailable):
    """The keys cannot be reached, so no login can be read, made or destroyed just now."""

    code = "KEY_STORE_UNAVAILABLE"
