"""Makes `xbom.json` out of a maintained library, which is needed for nothing else: `make calendar`.

The library brings pandas, so a server reads the file instead; a test compares the two.
"""

import json
import sys
from datetime import timedelta
from typing import Final

FIRST_DAY: Final = "1997-01-01"
"""The library knows no earlier ones."""
A_LINE: Final = 8


def made() -> str:
    """The weekdays without and the weekend days with trading, over all that the library knows."""
    import exchange_calendars

    days = {at.date() for at in exchange_calendars.get_calendar("XBOM", start=FIRST_DAY).sessions}
    day, last = min(days), max(days)
    closures, weekend_sessions = [], sorted(day for day in days if day.weekday() >= 5)
    while day <= last:
        if day.weekday() < 5 and day not in days:
            closures.append(day)
        day += timedelta(days=1)
    return json.dumps(
        {
            "source": f"exchange_calendars {exchange_calendars.__version__} (XBOM)",
            "since": FIRST_DAY,
            "until": last.isoformat(),
            "closures": [day.isoformat() for day in closures],
            "weekendSessions": [day.isoformat() for day in weekend_sessions],
        },
        indent=1,
    )


if __name__ == "__main__":
    sys.stdout.write(made() + "\n")
