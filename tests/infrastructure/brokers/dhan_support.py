"""Logins for the tests of the Dhan adapter, and Dhan's answers as a far side would give them."""

from application.ports.broker import Access, Secrets
from tests.infrastructure.brokers.kite_support import ASHA, Answer, as_json
from tests.infrastructure.simulator.brokers import day_token
from tests.infrastructure.simulator.support import SimulatedKite


def access(token: str = "s3cr3t-t0ken", account: str = "ALICE") -> Access:
    secrets = Secrets({"client_id": account, "access_token": token})
    return Access(principal=ASHA, account_id=account, secrets=secrets)


def logged_in(simulator: SimulatedKite, user: str = "ALICE") -> Access:
    return access(day_token(simulator, "dhan", user), user)


def dhan_error(status: int, code: str, message: str) -> Answer:
    body = {"errorType": "Some_Error", "errorCode": code, "errorMessage": message}
    return as_json(status, body)
