"""How the demo reads to a person, and what it answers to a machine."""

from collections.abc import Callable, Sequence

from mcp_interface.demo.checks import Check
from mcp_interface.demo.story import Notes
from mcp_interface.demo.world import Plain

Print = Callable[[str], None]


def tell(notes: Notes, checks: Sequence[Check], seconds: float, show: Print) -> None:
    """The seed's demo, with what was really seen."""
    unique = len(set(notes.session_ids.values())) == len(notes.session_ids)
    show("")
    show(f"✅ Sessions are unique: {str(unique).lower()}")
    show("")
    bob = notes.active_after_alice.get("bob")
    show("📊 Alice sets Kite as active broker")
    show(f"🔍 Bob's active broker (should be None): {bob} {'✅' if bob is None else '❌'}")
    show("")
    show("📈 Session statistics:")
    show(f"  Total active sessions: {notes.statistics.get('activeSessions')}")
    for number, row in enumerate(sorted(notes.sessions, key=lambda r: str(r["user"])), start=1):
        chosen = f"{row['activeBroker']} (active)" if row["activeBroker"] else "None"
        show(f"  {number}. {str(row['user']).capitalize()}: {chosen}")
    show("")
    show("⚡ Concurrent operations:")
    for name, broker in sorted(notes.concurrent.items()):
        show(f"  {name.capitalize()} → {broker}")
    show("")
    show("🧾 Orders:")
    for at, order in notes.orders.items():
        show(f"  {at.partition('@')[0].capitalize()}: {_order(order)}")
    show(f"  Alice again, same key: repeated={notes.retry.get('repeated')}, nothing was sent")
    show("")
    show("💥 SIGKILL and restart:")
    for name, info in notes.after.items():
        show(
            f"  {name.capitalize()}: session {str(info.get('sessionId'))[:8]}, active broker "
            f"{info.get('activeBroker')}, orders {_orders_after(notes, name)}"
        )
    show("")
    show("🕰  Alice's audit timeline:")
    for event in notes.timeline:
        show(f"  {event['position']:>4}  {event['recordedAt'][11:23]}  {event['summary']}")
    show(f"  A moment before her order: {len(notes.state_before_order.get('orders', []))} orders")
    show(
        f"  Now: {len(notes.state_now.get('orders', []))} orders, "
        f"{[o.get('status') for o in notes.state_now.get('orders', [])]}"
    )
    show("")
    for check in checks:
        show(f"{'✔' if check.holds else '✘'} {check.name}")
    failed = [check for check in checks if not check.holds]
    show("")
    if failed:
        show(f"❌ {len(failed)} of {len(checks)} checks failed after {seconds:.1f} s.")
        return
    show(f"🎉 All users isolated successfully: {len(checks)} checks held in {seconds:.1f} s.")
    show("   No broker was contacted, and nothing left this machine.")
    show("")
    show("Connect   trading-server client-config claude-desktop   (or claude-code, cursor, vscode,")
    show("          inspector): prints what to paste into your client")
    show("Or serve  make serve, then in another terminal: .venv/bin/trading-server users add you")
    show('Then say  "Show my trading session. Use paper money. Buy 5 INFY at market."')


def _orders_after(notes: Notes, name: str) -> list[str]:
    """At all of the person's brokers."""
    return [
        key
        for at, keys in notes.order_keys_after.items()
        if at.startswith(f"{name}@")
        for key in keys
    ]


def _order(order: Plain) -> str:
    if "refused" in order:
        return str(order["refused"])
    return (
        f"{order.get('transactionType')} {order.get('quantity')} {order.get('tradingSymbol')} "
        f"{order.get('status')} at ₹{order.get('averagePrice')} [{order.get('mode')} · "
        f"{order.get('broker')}]"
    )


def report(notes: Notes, checks: Sequence[Check], seconds: float) -> Plain:
    """For machines."""
    return {
        "passed": all(check.holds for check in checks),
        "seconds": round(seconds, 1),
        "checks": [{"name": c.name, "holds": c.holds} for c in checks],
        "sessions": notes.session_ids,
        "statistics": notes.statistics,
        "orders": notes.orders,
        "timeline": notes.timeline,
    }
