"""What the exchange says to what it does not take; each face gives it its broker's shape."""

from typing import Literal

Reason = Literal["INPUT", "FUNDS", "HOLDINGS", "ORDER", "NOT_FOUND", "MARKET_CLOSED", "KILL_SWITCH"]


class Refused(Exception):
    """The exchange did not take it; there is no order, or the order is as it was."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
