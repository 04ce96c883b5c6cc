"""Logins for the tests of the Groww adapter, and Groww's answers as a far side would give them."""

from application.ports.broker import Access, Secrets
from tests.infrastructure.brokers.kite_support import ASHA, Answer, as_json
from tests.infrastructure.simulator.brokers import day_token
from tests.infrastructure.simulator.support import SimulatedKite

YES = as_json(200, {"status": "SUCCESS", "payload": {"groww_order_id": "GMK39038RDT490CCVRO"}})


def access(token: str = "s3cr3t-t0ken", account: str = "ALICE") -> Access:
    return Access(principal=ASHA, account_id=account, secrets=Secrets({"access_token": token}))


def logged_in(simulator: SimulatedKite, user: str = "ALICE") -> Access:
    return access(day_token(simulator, "groww", user), user)


def groww_error(status: int, code: str, message: str) -> Answer:
    error = {"code": code, "message": message, "metadata": None}
    return as_json(status, {"status": "FAILURE", "error": error})
