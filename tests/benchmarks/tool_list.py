"""What reading the list of tools costs a model before it has done anything."""

import json
import subprocess
import sys

from infrastructure.settings import environment_with
from tests.benchmarks.scratch import scratch_server
from tests.support.listings import MOST_TOKENS, MOST_TOOLS, Told, tokens


def run() -> None:
    with scratch_server() as scratch:
        default, every = (_listed(scratch.env, each) for each in ("default", "all"))
    print(
        f"tools/list: {len(default)} tools in {tokens(default):,} tokens (at most {MOST_TOOLS} and "
        f"{MOST_TOKENS:,}); with TRADING_TOOLSETS=all {len(every)} in {tokens(every):,}"
    )
    for tool in sorted(default, key=lambda each: -tokens([each]))[:5]:
        print(f"  {tool['name']}: {tokens([tool]):,}")


def _listed(env: dict[str, str], toolsets: str) -> Told:
    asked = subprocess.run(
        [sys.executable, "-m", "mcp_interface.cli", "tools", "list", "--json"],
        env=environment_with({**env, "TRADING_TOOLSETS": toolsets}),
        capture_output=True,
        check=True,
    )
    told: Told = json.loads(asked.stdout)["data"]["tools"]
    return told


if __name__ == "__main__":
    run()
