"""The use cases of orders, put together: they need one another."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from application.orders.adopt import Adopt
from application.orders.cancel_open import CancelOpen
from application.orders.change_order import ChangeOrder
from application.orders.judging import Judging
from application.orders.last_prices import LastPrices
from application.orders.own_switches import OwnSwitches
from application.orders.place_order import PlaceOrder
from application.orders.reconcile import Reconcile
from application.orders.request_change import RequestChange
from application.orders.sending import SendOrder
from application.orders.sending_changes import SendChange
from application.orders.switch import KillSwitch
from application.sessions.broker_access import Admit

if TYPE_CHECKING:
    from mcp_interface.composition import Backend


@dataclass(frozen=True, kw_only=True)
class Trading:
    judging: Judging
    place_order: PlaceOrder
    change_order: ChangeOrder
    cancel_open: CancelOpen
    reconcile: Reconcile
    kill_switch: KillSwitch
    own_switches: OwnSwitches


def trading(backend: "Backend", admit: Admit) -> Trading:
    """Over a backend whose store, vault and brokers are there already."""
    writer, vault, clock, ids = backend.writer, backend.vault, backend.clock, backend.ids
    live = backend.settings.live
    judging = Judging(
        policy=backend.risk_policy,
        prices=LastPrices(clock),
        instruments=backend.instruments,
        calendar=backend.calendar,
        writer=writer,
    )
    send_change = SendChange(admit=admit, writer=writer, clock=clock)
    reconcile = Reconcile(
        open_orders=lambda: backend.admin.open_orders().value,
        admit=admit,
        adopt=Adopt(writer=writer, vault=vault),
        writer=writer,
        vault=vault,
        brokers=backend.brokers,
        egresses=backend.egresses,
        clock=clock,
        ids=ids,
    )
    change_order = ChangeOrder(
        admit=admit,
        writer=writer,
        clock=clock,
        ids=ids,
        judging=judging,
        request=RequestChange(writer=writer, clock=clock, ids=ids, send=send_change),
        live=live,
    )
    kill_switch = KillSwitch(writer=writer)
    return Trading(
        judging=judging,
        place_order=PlaceOrder(
            admit=admit,
            writer=writer,
            vault=vault,
            clock=clock,
            ids=ids,
            judging=judging,
            send=SendOrder(admit=admit, writer=writer, vault=vault, clock=clock),
            first_look=reconcile.first_look,
            live=live,
        ),
        change_order=change_order,
        cancel_open=CancelOpen(writer=writer, change_order=change_order, clock=clock),
        reconcile=reconcile,
        kill_switch=kill_switch,
        own_switches=OwnSwitches(
            writer=writer, vault=vault, brokers=backend.brokers, kill_switch=kill_switch
        ),
    )
