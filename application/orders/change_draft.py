"""A change of an order that could be asked for. Pure: what had to be looked up is in it already."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from application.orders.judging import Seen, facts, value_of
from application.orders.sending import way_of
from application.sessions.broker_access import Admission
from application.writer import Loaded
from domain import orders
from domain.control_events import RiskReserved
from domain.errors import OrderKeyReused
from domain.events import OrderChangeRequested, OrderDenied, OrderProposed
from domain.order_reports import OrderReport, order_reports
from domain.order_text import order_text
from domain.proposals import APPROVAL_LIFE, text_hash
from domain.risk import judge
from domain.risk_ledger import RiskLedger, same_as
from domain.vocabulary import ChangeKind, OrderTerms, RiskFacts


class NewTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; `None` stays as it is. Prices in INR, quantity in shares (of the
    whole order, what was filled included)."""

    quantity_shares: int | None = None
    order_type: str | None = None
    limit_price_inr: Decimal | None = None
    trigger_price_inr: Decimal | None = None
    validity: str | None = None
    disclosed_quantity_shares: int | None = None

    def of(self, terms: OrderTerms) -> OrderTerms:
        """All the terms after the change. A price that the new order type has no use for goes."""
        given = {n: v for n, v in msgspec.structs.asdict(self).items() if v is not None}
        changed = replace(terms, **given)
        if changed.order_type in ("MARKET", "SL-M") and self.limit_price_inr is None:
            changed = replace(changed, limit_price_inr=None)
        if changed.order_type in ("MARKET", "LIMIT") and self.trigger_price_inr is None:
            changed = replace(changed, trigger_price_inr=None)
        return changed


def terms_before(report: OrderReport, change_key: str) -> OrderTerms:
    """What the order's terms were when this change was asked for. One modification is finished
    before the next is begun."""
    terms = report.request.terms
    for change in report.changes:
        if change.change_key == change_key:
            break
        if change.state == "ACCEPTED" and change.terms is not None:
            terms = change.terms
    return terms


def key_is_taken(order_key: str, change_key: str) -> OrderKeyReused:
    return OrderKeyReused(
        f"change_key {change_key!r} already names another change of {order_key}; nothing was sent. "
        "Next: use a new change_key."
    )


@dataclass(frozen=True, kw_only=True)
class ChangeDraft:
    """`terms` are all the new ones, `None` for a cancellation; so is `seen`."""

    session_id: UUID
    report: OrderReport
    admission: Admission
    change_key: str
    minted: bool
    kind: ChangeKind
    terms: OrderTerms | None
    fingerprint: str
    seen: Seen | None

    @property
    def order_key(self) -> str:
        return self.report.request.order_key

    @property
    def _wanted(self) -> tuple[OrderTerms, Seen]:
        assert self.terms is not None, "a cancellation is not judged"
        assert self.seen is not None, "a cancellation is not judged"
        return self.terms, self.seen

    def is_known_in(self, stream: Loaded) -> bool:
        """Whether the key names this very change already: somebody else's call was stored first.

        Raises:
            OrderKeyReused: it names another one.
        """
        for known in order_reports(stream.events)[self.order_key].changes:
            if known.change_key == self.change_key:
                if known.fingerprint != self.fingerprint:
                    raise key_is_taken(self.order_key, self.change_key)
                return True
        return False

    def request(
        self, now: datetime, ledger: RiskLedger | None = None, approval: str | None = None
    ) -> OrderChangeRequested:
        """`ledger` is what a modification is judged by."""
        login, broker_order_id = self.admission.login, self.report.broker_order_id
        assert broker_order_id is not None, "an order without an id cannot be changed"
        return OrderChangeRequested(
            order_key=self.order_key,
            change_key=self.change_key,
            kind=self.kind,
            broker_order_id=broker_order_id,
            terms=self.terms,
            fingerprint=self.fingerprint,
            credential_version=login.credential_version if login else 0,
            egress=way_of(self.admission.access.egress),
            dispatch_by=now + orders.DISPATCH_WITHIN,
            approval=approval,
            risk=self._facts(ledger, now) if ledger is not None else None,
        )

    def _facts(self, ledger: RiskLedger, now: datetime) -> RiskFacts:
        terms, seen = self._wanted
        known = facts(seen, ledger, self.admission.account, terms, now)
        held = value_of(self.report.terms, known.price_inr) or Decimal(0)
        return replace(known, held_inr=held)

    def denied(self, ledger: RiskLedger, now: datetime) -> OrderDenied | None:
        """The fact that one of our limits forbids it, if one does."""
        terms, seen = self._wanted
        mode = self.report.request.mode
        known = self._facts(ledger, now)
        denial = judge(seen.limits, terms, mode, known, now, "modify")
        if denial is None:
            return None
        return OrderDenied(
            order_key=self.order_key,
            broker=self.report.request.broker,
            mode=mode,
            account_fingerprint=self.admission.account,
            terms=terms,
            rule=denial.rule,
            rule_version=denial.rule_version,
            threshold=denial.threshold,
            reason=denial.reason,
            facts=known,
            change_key=self.change_key,
        )

    def proposal(self, proposal_id: str, now: datetime) -> OrderProposed:
        terms, seen = self._wanted
        request, price = self.report.request, seen.price
        text = order_text(
            terms,
            self.admission.broker.display_name,
            request.mode,
            value_inr=value_of(terms, price.price_inr if price else None),
            instead_of=self.report.terms,
        )
        return OrderProposed(
            order_key=self.order_key,
            proposal_id=proposal_id,
            broker=request.broker,
            mode=request.mode,
            account_fingerprint=self.admission.account,
            terms=terms,
            fingerprint=self.fingerprint,
            text=text,
            text_hash=text_hash(text),
            expires_at=now + APPROVAL_LIFE,
            change_key=self.change_key,
        )

    def waiting(self, proposals: Iterable[OrderProposed], now: datetime) -> OrderProposed | None:
        """The same change, still waiting for its yes.

        Raises:
            OrderKeyReused: another one waits under this key.
        """
        for proposal in proposals:
            if proposal.order_key != self.order_key or now >= proposal.expires_at:
                continue
            named = proposal.change_key == self.change_key
            same = proposal.fingerprint == self.fingerprint
            if same and (named or (self.minted and proposal.change_key is not None)):
                return proposal
            if named and not same:
                raise key_is_taken(self.order_key, self.change_key)
        return None

    def reservation(self, now: datetime) -> RiskReserved:
        """What the change adds to what the order took before."""
        terms, seen = self._wanted
        price = seen.price.price_inr if seen.price else None
        after, before = value_of(terms, price), value_of(self.report.terms, price)
        return RiskReserved(
            order_key=self.order_key,
            session_id=self.session_id,
            broker=self.report.request.broker,
            account_fingerprint=self.admission.account,
            same_as=same_as(self.admission.account, terms),
            value_inr=None if after is None else max(after - (before or Decimal(0)), Decimal(0)),
            at=now,
            broker_tag=self.report.request.broker_tag,
            change_key=self.change_key,
        )
