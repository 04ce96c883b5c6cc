"""`make bench`: every figure beside what it is compared to, in the same run.

`make bench ARGS='loading appending'` runs some of them.
"""

import sys

from tests.benchmarks import (
    analysis_data,
    appending,
    client_memory,
    fifty_symbols,
    hung_calls,
    indicators,
    instruments,
    loading,
    order_slots,
    projecting,
    read_your_writes,
    session_info_cpu,
    session_memory,
    tool_list,
)

ALL = {
    "loading": loading.run,
    "appending": appending.run,
    "order_slots": order_slots.run,
    "projecting": projecting.run,
    "read_your_writes": read_your_writes.run,
    "session_info_cpu": session_info_cpu.run,
    "session_memory": session_memory.run,
    "instruments": instruments.run,
    "fifty_symbols": fifty_symbols.run,
    "client_memory": client_memory.run,
    "hung_calls": hung_calls.run,
    "indicators": indicators.run,
    "tool_list": tool_list.run,
    "analysis_data": analysis_data.run,
}

if unknown := set(sys.argv[1:]) - set(ALL):
    sys.exit(f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(ALL)}.")
for name in sys.argv[1:] or ALL:
    ALL[name]()
