"""The stored logins as a whole: how many there are, and new keys for all of them."""

from collections import Counter

import typer

from mcp_interface.cli.opening import backend
from mcp_interface.cli.output import FOUND, Json, command, emit, say, table


@command
def vault_status(as_json: Json = False) -> None:
    """Logins, their keys, and keys left over. Exits with 1 if a login's key is missing."""
    with backend(projecting=False) as store:
        where, found = store.keys.where, store.vault.status()
    answer = {
        "keyStore": where,
        "liveLogins": found.live,
        "retiredLogins": found.retired,
        "keys": found.keys,
        "missingKeys": found.unreadable,
        "orphanKeys": found.loose_keys,
    }
    rows = [
        ("key store", where),
        ("live logins", found.live),
        ("kept to settle orders", found.retired),
        ("keys", found.keys),
        ("missing keys", found.unreadable),
        ("orphan keys", found.loose_keys),
    ]
    sound = not found.unreadable
    emit(as_json, answer, lambda: table(("what", "found"), rows), status="ok" if sound else "fail")
    if found.loose_keys:
        say("Orphan keys belong to no login; the next start of a server destroys them.")
    if not sound:
        say("Logins without their key are lost. Next: their owners log in again.")
        raise typer.Exit(FOUND)


@command
def rotate(as_json: Json = False) -> None:
    """Encrypt every stored login under a new key and destroy the old one. Servers may run on."""
    with backend(projecting=False) as store:
        done = Counter(store.vault.rotate(login) for login in store.vault.held_by_all())
    answer = {
        "rotated": done["rotated"],
        "endedMeanwhile": done["gone"],
        "unreadable": done["unreadable"],
    }
    words = f"{done['rotated']} logins have new keys; the old keys are destroyed."
    sound = not done["unreadable"]
    emit(as_json, answer, lambda: say(words), status="ok" if sound else "fail")
    if not sound:
        say(f"{done['unreadable']} cannot be read. Next: trading-server vault status.")
        raise typer.Exit(FOUND)
