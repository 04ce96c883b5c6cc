"""An order that could be asked for: everything but the person's yes and the day's counters.

Pure: what had to be looked up is in it already.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace as with_fields

from application.orders.judging import Seen, facts
from application.orders.sending import way_of
from application.ports.broker import Broker
from application.sessions.broker_access import Admission
from application.writer import Loaded
from domain import orders
from domain.control_events import RiskReserved
from domain.errors import (
    LiveTradingOff,
    OrderDeniedByRisk,
    OrderInProgress,
    OrderKeyReused,
    Refusal,
)
from domain.events import OrderDenied, OrderKeyClaimed, OrderProposed, OrderRequested
from domain.instructions import reduces_risk
from domain.limits import freeze_quantity_of
from domain.order_offers import iceberg_legs, must_take
from domain.order_text import order_text
from domain.proposals import APPROVAL_LIFE, text_hash
from domain.risk import judge
from domain.risk_ledger import RiskLedger, same_as
from domain.session import TradingSession
from domain.slices import slice_key, slice_terms
from domain.vocabulary import ConvertPosition, Mode, OrderTerms


def may_trade(admission: Admission, *, live: bool) -> Mode:
    """What an order sent now would be.

    Raises:
        LiveTradingOff: it would be real money, and whoever started the server did not allow it.
    """
    mode = admission.broker.mode(admission.access.egress)
    if mode == "LIVE" and not live:
        raise LiveTradingOff(
            f"{admission.broker.display_name} counts as a real broker here (nobody proved to be "
            "the simulator just now), and this server was not started for real money. Nothing was "
            "sent. Next: use broker='paper', or see that the simulator runs; real money needs "
            "TRADING_LIVE=true at the start of the server."
        )
    return mode


def check_offer(broker: Broker, terms: OrderTerms) -> None:
    """Raises:
    NotSupportedByBroker, InvalidOrder: says what the broker has instead.
    """
    must_take(broker.name, broker.display_name, broker.offer, terms)
    if terms.variety == "iceberg":
        iceberg_legs(terms)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An order that could be asked for: pure from here on."""

    key: str
    admission: Admission
    mode: Mode
    account: str
    terms: OrderTerms
    fingerprint: str
    broker_tag: str
    seen: Seen
    slices: tuple["Draft", ...] = ()
    slice_of: str | None = None

    @property
    def converts(self) -> bool:
        """Nothing is bought or sold, so nothing of the day's value is taken."""
        return isinstance(self.terms.instruction, ConvertPosition)

    @property
    def parts(self) -> tuple["Draft", ...]:
        """What is sent: its slices or, of an order that goes whole, itself."""
        return self.slices or (self,)

    def sliced(self, tag_of: Callable[[str], str]) -> "Draft":
        """The same, in slices if the exchange takes no more at once. `tag_of` makes the id that
        the broker sees from a key.

        Raises:
            InvalidOrder: it cannot be sliced.
        """
        most = freeze_quantity_of(self.seen.limits, self.terms)
        if most is None or self.terms.quantity_shares <= most:
            return self
        instrument = self.seen.instrument
        lot = instrument.lot_size_shares if instrument else 1
        slices = []
        for number, terms in enumerate(slice_terms(self.terms, most, lot), start=1):
            key = slice_key(self.key, number)
            slices.append(
                replace(self, key=key, terms=terms, broker_tag=tag_of(key), slice_of=self.key)
            )
        return replace(self, slices=tuple(slices))

    def denied(self, ledger: RiskLedger, now: datetime) -> OrderDenied | None:
        """The fact that one of our limits forbids it, if one does. Slices are judged as the one
        order that they are, and each counts."""
        known, limits = facts(self.seen, ledger, self.account, self.terms, now), self.seen.limits
        if more := len(self.slices[1:]):
            known = with_fields(
                known,
                orders_today=known.orders_today + more,
                orders_last_second=known.orders_last_second + more,
                orders_last_minute=known.orders_last_minute + more,
            )
            limits = with_fields(limits, freeze_quantity_shares={})
        denial = judge(limits, self.terms, self.mode, known, now)  # never of a cancellation
        if denial is None:
            return None
        return OrderDenied(
            order_key=self.key,
            broker=self.admission.broker.name,
            mode=self.mode,
            account_fingerprint=self.account,
            terms=self.terms,
            rule=denial.rule,
            rule_version=denial.rule_version,
            threshold=denial.threshold,
            reason=denial.reason,
            facts=known,
        )

    def must_be_new(self, adopted: OrderKeyClaimed | None) -> None:
        """Raises:
        OrderKeyReused: the broker has an order with this very id, which the store had lost.
        """
        if adopted is not None:
            raise OrderKeyReused(
                f"order_key {self.key!r} names an order that is at the broker already, where it "
                f"was found again as {adopted.order_key!r}; nothing was sent. Next: "
                f"get_order(order_key={adopted.order_key!r})."
            )

    def waiting(self, session: TradingSession, now: datetime) -> OrderProposed | None:
        """The same order under the same key, still waiting for its yes."""
        for proposal in session.proposals.values():
            if (proposal.order_key, proposal.fingerprint, proposal.change_key) == (
                self.key,
                self.fingerprint,
                None,
            ) and now < proposal.expires_at:
                return proposal
        return None

    def proposal(self, proposal_id: str, now: datetime) -> OrderProposed:
        value = facts(self.seen, RiskLedger(), self.account, self.terms, now).value_inr
        broker = self.admission.broker
        text = order_text(
            self.terms,
            broker.display_name,
            self.mode,
            value_inr=value,
            slices=len(self.parts),
        )
        return OrderProposed(
            order_key=self.key,
            proposal_id=proposal_id,
            broker=broker.name,
            mode=self.mode,
            account_fingerprint=self.account,
            terms=self.terms,
            fingerprint=self.fingerprint,
            text=text,
            text_hash=text_hash(text),
            expires_at=now + APPROVAL_LIFE,
            slices=len(self.parts),
        )

    def requests(
        self, ledger: RiskLedger, session_id: UUID, now: datetime, approval: str | None
    ) -> tuple[list[OrderRequested], list[RiskReserved]]:
        """One of each for every part; each sees the day with those before it."""
        requests: list[OrderRequested] = []
        reserved: list[RiskReserved] = []
        same = same_as(self.account, self.terms)
        for part in self.parts:
            requests.append(part.request(ledger, now, approval))
            if reduces_risk(self.terms):
                continue
            reserved.append(part.reservation(session_id, now, requests[-1], same))
            ledger = ledger.with_reserved(reserved[-1])
        return requests, reserved

    def request(self, ledger: RiskLedger, now: datetime, approval: str | None) -> OrderRequested:
        login = self.admission.login
        return OrderRequested(
            order_key=self.key,
            broker=self.admission.broker.name,
            mode=self.mode,
            account_fingerprint=self.account,
            credential_version=login.credential_version if login else 0,
            terms=self.terms,
            fingerprint=self.fingerprint,
            broker_tag=self.broker_tag,
            egress=way_of(self.admission.access.egress),
            dispatch_by=now + orders.DISPATCH_WITHIN,
            approval=approval,
            risk=facts(self.seen, ledger, self.account, self.terms, now),
            slice_of=self.slice_of,
        )

    def reservation(
        self, session_id: UUID, now: datetime, request: OrderRequested, same: str
    ) -> RiskReserved:
        return RiskReserved(
            order_key=self.key,
            session_id=session_id,
            broker=request.broker,
            account_fingerprint=self.account,
            same_as=same,
            value_inr=request.risk.value_inr if request.risk and not self.converts else None,
            at=now,
            broker_tag=self.broker_tag,
        )


def denial_in(stream: Loaded, order_key: str) -> Refusal:
    """The refusal that tells the denial of this order which was stored last; where there is none,
    somebody else was faster and has had its answer."""
    denials = [e for e in stream.events if isinstance(e, OrderDenied) and e.order_key == order_key]
    if denials:
        return told_denied(denials[-1])
    return OrderInProgress(
        f"{order_key} was answered by another call meanwhile. Next: "
        f"get_order(order_key='{order_key}')."
    )


def told_denied(denied: OrderDenied) -> OrderDeniedByRisk:
    return OrderDeniedByRisk(f"{denied.reason} (rule {denied.rule}, limit {denied.threshold})")
