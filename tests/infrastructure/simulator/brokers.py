"""Speaking to the simulated Groww and Dhan like a program."""

import httpx2

from tests.infrastructure.simulator.support import SimulatedKite


def day_token(simulator: SimulatedKite, broker: str, user: str) -> str:
    issued = simulator.http.post("/simulator/tokens", json={"broker": broker, "user": user})
    issued.raise_for_status()
    return str(issued.json()["access_token"])


def at_groww(simulator: SimulatedKite, token: str) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {token}", "x-api-version": "1.0"}
    return httpx2.Client(base_url=f"{simulator.url}/v1", headers=headers, trust_env=False)


def at_dhan(simulator: SimulatedKite, token: str) -> httpx2.Client:
    headers = {"access-token": token}
    return httpx2.Client(base_url=f"{simulator.url}/v2", headers=headers, trust_env=False)
