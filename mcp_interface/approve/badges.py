"""Who has signed in to the approval pages: a signed cookie, and a limit on wrong tokens.

The link to a page is in the chat, so the model has it, too. What a person signs in with is not: one
of their own bearer tokens, typed into the page.
"""

import hashlib
import hmac
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Final

from application.ports.clock import Clock, Ids
from infrastructure.identity import Identity, IdentityDirectory, token_hash
from mcp_interface.connect.forms import is_same

LIFE: Final = timedelta(hours=12)
GUEST: Final = "guest"

MOST_WRONG: Final = 5
WRONG_WITHIN: Final = timedelta(minutes=1)
MOST_ADDRESSES: Final = 1000


class Badges:
    """`principal.token hash.end.nonce.signature`. It is good as long as the token that it was given
    for; the token itself is not in it. A guest's badge only ties a form to a browser."""

    def __init__(self, key: bytes, identities: IdentityDirectory, clock: Clock, ids: Ids) -> None:
        self._key = key
        self._identities = identities
        self._clock = clock
        self._ids = ids

    def for_guest(self) -> str:
        return self._signed(GUEST, GUEST)

    def for_token(self, token: str) -> tuple[str, Identity] | None:
        """A new badge for whoever has this token; `None` when it is not good.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        identity = self._identities.verify(token)
        if identity is None:
            return None
        return self._signed(identity.principal.hex, token_hash(token)), identity

    def read(self, badge: str) -> Identity | None:
        """Whose it is, if it is somebody's and the token behind it is still good.

        Raises:
            StoreUnavailable: the token cannot be looked up now.
        """
        if not self.is_ours(badge):
            return None
        principal, hashed, *_ = badge.split(".")
        identity = self._identities.verify_hash(hashed) if principal != GUEST else None
        return identity if identity and identity.principal.hex == principal else None

    def is_ours(self, badge: str) -> bool:
        """Whether we signed it, and it is not over."""
        content, _, signature = badge.rpartition(".")
        if not is_same(self._sign("badge", content), signature):
            return False
        end = datetime.fromisoformat(content.split(".")[2])
        return self._clock.now() < end

    def csrf(self, badge: str) -> str:
        """What every form of this badge's holder brings along."""
        return self._sign("csrf", badge)

    def _signed(self, principal: str, hashed: str) -> str:
        # Whole seconds: a fraction would bring a dot of its own.
        end = (self._clock.now() + LIFE).replace(microsecond=0)
        content = f"{principal}.{hashed}.{end.isoformat()}.{self._ids.new().hex}"
        return f"{content}.{self._sign('badge', content)}"

    def _sign(self, purpose: str, content: str) -> str:
        return hmac.new(self._key, f"{purpose}:{content}".encode(), hashlib.sha256).hexdigest()


class WrongTokens:
    """Counts wrong tokens by where they come from, in this process; the addresses that were wrong
    longest ago are forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Whether a token from there is not even looked at now."""
        wrong = self._seen.get(address, deque())
        since = self._clock.now() - WRONG_WITHIN
        return sum(at > since for at in wrong) >= MOST_WRONG

    def one_more(self, address: str) -> None:
        wrong = self._seen.setdefault(address, deque(maxlen=MOST_WRONG))
        wrong.append(self._clock.now())
        self._seen.move_to_end(address)
        if len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
