"""Send one order, at most once, whatever happens around it.

The intention is stored before the broker is called, the dispatch before the one call, and the
outcome afterwards, at the head of the stream. A crash in between leaves an unsettled order that
can be seen, never a forgotten or a doubled one.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from application.broker_access import Admission, Admit, state_of
from application.enter_session import Entered
from application.observe import observe_book
from application.ports.broker import BrokerDown, LoginExpired
from application.ports.broker_orders import LOGIN_EXPIRED, OrderTicket
from application.ports.clock import Clock, Ids
from application.ports.vault import Vault
from application.writer import Context, Loaded, Writer
from domain import orders
from domain.errors import (
    BrokerLoginRequired,
    LiveTradingOff,
    NotSupportedByBroker,
    SessionHasExpired,
    StoreUnavailable,
)
from domain.events import Event, OrderKeyClaimed, OrderRejected, OrderRequested
from domain.session import must_be_open
from domain.streams import order_key_stream
from domain.vocabulary import Mode, OrderTerms

UNSETTLED = ("DISPATCHED", "UNKNOWN")
"""States in which an order may or may not be at the broker. It is never sent again; it is looked
for whenever somebody asks."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What is known about an order now. `position` is its newest event's place in the log.

    `repeated` says that this call sent nothing: the key already named this very order.
    """

    report: orders.OrderReport
    position: int
    repeated: bool
    minted: bool


@dataclass(frozen=True, kw_only=True)
class PlaceOrder:
    admit: Admit
    writer: Writer
    vault: Vault
    clock: Clock
    ids: Ids

    def __call__(
        self,
        context: Context,
        entered: Entered,
        named_broker: str | None,
        terms: OrderTerms,
        order_key: str | None,
    ) -> Receipt:
        """Request, dispatch, call the broker once, record the outcome; or tell an earlier one.

        Raises:
            InvalidOrder, NotSupportedByBroker, NoActiveBroker, BrokerLoginRequired,
            LiveTradingOff, OrderKeyReused: nothing was stored and nothing was sent.
            OrderInProgress: another caller is sending this very order.
            StoreUnavailable: raised before the broker was called, nothing was sent; raised
                afterwards, the order is on record as dispatched and its end is not known.
        """
        orders.check_terms(terms)
        minted = order_key is None
        key = (
            f"k-{self.ids.new().hex[:16]}"
            if order_key is None
            else orders.check_order_key(order_key)
        )
        known = None if minted else self._known(context, key, named_broker, terms)
        if known is not None and known.report.state not in (*UNSETTLED, "REQUESTED"):
            return known
        try:
            named = named_broker if known is None else known.report.request.broker
            admission = self.admit(context, entered, named)
        except (BrokerLoginRequired, SessionHasExpired):
            if known is None:
                raise
            return known  # nobody can look now; what is on record is the answer
        request = self._request(context, admission, key, terms)
        placing = _Placing(self, context, entered, admission, request)
        report, position = placing.run()
        return Receipt(report=report, position=position, repeated=placing.repeated, minted=minted)

    def _known(
        self, context: Context, key: str, named_broker: str | None, terms: OrderTerms
    ) -> Receipt | None:
        """The order that this key names already, whatever broker is active now.

        Raises:
            OrderKeyReused: it names an order with other terms or at another broker.
        """
        claim = _claim_in(self.writer.load(order_key_stream(context.principal, key)))
        if claim is None:
            return None
        told = self.writer.load(claim.session_id)
        report = orders.order_reports(told.events)[key]
        orders.must_be_that_order(report, named_broker, terms)
        last = told.recorded[-1].envelope
        position = self.writer.store.position_of(last.stream_id, last.version) or 0
        return Receipt(report=report, position=position, repeated=True, minted=False)

    def _request(
        self, context: Context, admission: Admission, key: str, terms: OrderTerms
    ) -> OrderRequested:
        broker = admission.broker
        _check_offer(admission, terms)
        mode = _may_trade(broker.mode(admission.access.egress), broker.display_name)
        account = (
            admission.login.account_fingerprint
            if admission.login
            else self.vault.account_fingerprint(broker.name, str(context.principal))
        )
        return OrderRequested(
            order_key=key,
            broker=broker.name,
            mode=mode,
            account_fingerprint=account,
            credential_version=admission.login.credential_version if admission.login else 0,
            terms=terms,
            fingerprint=orders.fingerprint(broker.name, account, terms),
            broker_tag=self.vault.broker_tag(context.principal, account, key),
        )


def _may_trade(mode: Mode, display_name: str) -> Mode:
    """Raises:
    LiveTradingOff: the far side has not proved to be the simulator.
    """
    if mode == "LIVE":
        raise LiveTradingOff(
            f"{display_name} counts as a real broker here (nobody proved to be the simulator just "
            "now), and this version sends no orders to real brokers. Nothing was sent. Next: use "
            "broker='paper', or see that the simulator runs."
        )
    return mode


def _check_offer(admission: Admission, terms: OrderTerms) -> None:
    """Raises:
    NotSupportedByBroker: says what the broker has instead.
    """
    offer = admission.broker.offer
    for argument, value, has in (
        ("exchange", terms.exchange, offer.exchanges),
        ("product", terms.product, offer.products),
        ("variety", terms.variety, offer.varieties),
        ("order_type", terms.order_type, offer.order_types),
        ("validity", terms.validity, offer.validities),
    ):
        if value not in has:
            raise NotSupportedByBroker(
                f"{admission.broker.display_name} has no {argument} {value}. "
                f"Next: choose one of {', '.join(sorted(has))}."
            )


class _Placing:
    """One run of the flow above, step by step."""

    def __init__(
        self,
        use_case: PlaceOrder,
        context: Context,
        entered: Entered,
        admission: Admission,
        request: OrderRequested,
    ) -> None:
        self._clock = use_case.clock
        self._writer = use_case.writer
        self._admit = use_case.admit
        self._context = context
        self._entered = entered
        self._admission = admission
        self._request = request
        self._key_stream = order_key_stream(context.principal, request.order_key)
        self._session_id = entered.session_id
        self.repeated = False

    def run(self) -> tuple[orders.OrderReport, int]:
        report, position = self._store_intention()
        if report is not None and report.state in UNSETTLED:
            position = max(position, self._look())
            return self._report(self._session_id), position
        if report is not None and report.state != "REQUESTED":
            return report, position
        key = self._request.order_key
        try:
            self._writer.decide(
                self._context,
                [self._session_id],
                lambda s: [orders.dispatch_order(state_of(s[0]), key, self._clock.now())],
            )
        except SessionHasExpired:
            raise SessionHasExpired(
                f"{key} was never sent, and the session that it belongs to is over; nothing was "
                "sent now. Next: use a new order_key."
            ) from None
        self.repeated = False
        outcome = self._admission.broker.place(
            self._admission.access,
            OrderTicket(
                order_key=key, broker_tag=self._request.broker_tag, terms=self._request.terms
            ),
            self._clock.now(),
        )
        try:
            written = self._writer.record(self._context, self._session_id, lambda _: [outcome])
        except StoreUnavailable:
            raise StoreUnavailable(
                f"The order {key} was sent, and its outcome could not be stored. It may be live: "
                "do not place it again. Next: get_orders() when the store is back."
            ) from None
        if isinstance(outcome, OrderRejected) and outcome.code == LOGIN_EXPIRED:
            self._login_is_over()
        position = max(written.position or position, self._look())
        return self._report(self._session_id), position

    def _login_is_over(self) -> None:
        """The broker said so, in place of taking the order."""
        login, broker = self._admission.login, self._admission.broker.name
        if login is not None:
            self._admit.login_is_over(
                self._context, self._entered.session_id, broker, login, "broker"
            )

    def _look(self) -> int:
        """See what the broker's book says of it now; 0 when it says nothing new or cannot."""
        broker = self._admission.broker
        with suppress(BrokerDown, LoginExpired):  # a later read will see it
            book = broker.orders(self._admission.access, self._clock.now())
            return observe_book(self._writer, self._context, self._session_id, broker.name, book)
        return 0

    def _store_intention(self) -> tuple[orders.OrderReport | None, int]:
        """Claim the key and store the request together, or find the order that has the key."""
        written = self._writer.decide(
            self._context, [self._session_id, self._key_stream], self._decide
        )
        if written.position is not None:
            return None, written.position
        claim = _claim_in(written.streams[1])
        assert claim is not None, "nothing to store means that the key was claimed before"
        self.repeated = True
        self._session_id = claim.session_id
        told = self._writer.load(claim.session_id)
        last = told.recorded[-1].envelope
        position = self._writer.store.position_of(last.stream_id, last.version) or 0
        return self._report(claim.session_id), position

    def _decide(self, streams: Sequence[Loaded]) -> list[list[Event]]:
        session = state_of(streams[0])
        claim = orders.claim_key(
            _claim_in(streams[1]),
            self._request.order_key,
            self._request.fingerprint,
            self._session_id,
        )
        if not claim:
            return [[], []]
        must_be_open(session, self._clock.now())
        return [list(orders.request_order(session, self._request)), claim]

    def _report(self, session_id: UUID) -> orders.OrderReport:
        return orders.order_reports(self._writer.load(session_id).events)[self._request.order_key]


def _claim_in(stream: Loaded) -> OrderKeyClaimed | None:
    return next((e for e in stream.events if isinstance(e, OrderKeyClaimed)), None)
