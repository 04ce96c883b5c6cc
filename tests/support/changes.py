"""An order's report after a change of it, as the product's own fold tells it."""

from datetime import UTC, datetime
from typing import Final

from domain.events import OrderChangeAccepted, OrderChangeRequested
from domain.order_reports import OrderReport, tell_order
from domain.vocabulary import OrderTerms

LONG_AFTER: Final = datetime(2030, 1, 1, tzinfo=UTC)


def after_change(report: OrderReport, terms: OrderTerms | None, at: datetime | None) -> OrderReport:
    """With these terms, all of them, or (`None`) cancelled; the broker said yes `at`."""
    assert report.broker_order_id is not None
    order_key, change_key = report.request.order_key, f"c{len(report.changes)}"
    asked = OrderChangeRequested(
        order_key=order_key,
        change_key=change_key,
        kind="modify" if terms else "cancel",
        broker_order_id=report.broker_order_id,
        terms=terms,
        fingerprint="p",
        credential_version=1,
        egress=None,
        dispatch_by=LONG_AFTER,
    )
    done = OrderChangeAccepted(order_key=order_key, change_key=change_key, at=at)
    told = tell_order(tell_order(report, asked), done)
    assert told is not None
    return told
