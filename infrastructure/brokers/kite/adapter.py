"""The Kite adapter of the broker port."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from application.ports.broker import AcceptedLogin, Access, LoginInstructions, Secrets
from application.ports.egress import DIRECT, Egress
from domain.vocabulary import Mode
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.clients import root_of
from infrastructure.brokers.kite import login
from infrastructure.brokers.kite.reading import KiteReads
from infrastructure.brokers.kite.writing import KiteWrites
from infrastructure.brokers.lacking import Lacking
from infrastructure.simulator.proof import far_side_is_our_simulator

KITE_URL: Final = "https://api.kite.trade"
KITE_LOGIN_URL: Final = "https://kite.zerodha.com/connect/login"


class KiteBroker(KiteReads, KiteWrites, Lacking):
    """`url` points the SDK elsewhere, such as the simulator; `None` is Kite itself.

    Needs no instrument table to name things: Kite's symbols are the ones that everybody uses here.

    Raises:
        ValueError: `url` is not scheme://host[:port]. The SDK would drop a path silently.
    """

    display_name: Final = "Zerodha Kite"
    needs_login: Final = True

    def __init__(self, url: str | None, keys_dir: Path, calls: Calls | None = None) -> None:
        super().__init__(root_of(url, KITE_URL, self.display_name), calls or Calls(self.name))
        self._keys_dir = keys_dir
        self._page = KITE_LOGIN_URL if self._root == KITE_URL else f"{self._root}/connect/login"
        self.browser = login.KiteBrowser(self._page)

    def mode(self, egress: Egress = DIRECT) -> Mode:
        """Asked anew every time: whoever listens at an address now may not be who did before."""
        if self._root == KITE_URL or egress.proxy is not None:
            return "LIVE"
        proven = far_side_is_our_simulator(self._root, self.name, self._keys_dir)
        return "SIMULATED" if proven else "LIVE"

    def login_instructions(self, api_key: str | None) -> LoginInstructions:
        return login.instructions(self._page, api_key)

    def log_in(self, credentials: Secrets, now: datetime, egress: Egress = DIRECT) -> AcceptedLogin:
        return login.log_in(credentials, now, partial(self._new_client, egress))

    def log_out(self, access: Access) -> None:
        try:
            client = self._client(access)
            self._clients.forget(access)
            client.invalidate_access_token()
        except Exception:  # noqa: BLE001, S110  # best effort: our copy of the token is gone
            pass
