"""What callers are told about orders, and what the log says of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from application.writer import Loaded, Writer
from domain.events import OrderKeyClaimed
from domain.order_reports import OrderReport, order_reports
from domain.slices import report_in, slices_in


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What is known about an order now. `position` is its newest event's place in the log.

    `repeated` says that this call sent nothing: the key already named this very order. `slices`:
    the orders that it went as, where it went as several.
    """

    report: OrderReport
    position: int
    repeated: bool
    minted: bool
    slices: tuple[OrderReport, ...] = ()


def receipt(
    writer: Writer,
    session_id: UUID,
    key: str,
    position: int = 0,
    *,
    repeated: bool = False,
    minted: bool = False,
) -> Receipt:
    """As the log stands. `position`: of something that is newer than the session's last event."""
    told = writer.load(session_id)
    reports = order_reports(told.events)
    return Receipt(
        report=report_in(reports, key),
        position=max(position, writer.head_of(told)),
        repeated=repeated,
        minted=minted,
        slices=slices_in(reports, key),
    )


def claim_in(stream: Loaded) -> OrderKeyClaimed | None:
    """The order that a key names, if it names one."""
    events: Iterable[object] = stream.events
    return next((e for e in events if isinstance(e, OrderKeyClaimed)), None)
