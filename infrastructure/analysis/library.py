"""The one module that imports TA-Lib, and what has to be put right about it.

On import it looks for pandas, which is here because Groww's SDK wants it, and with pandas come
300 ms and 40 MB that nobody uses. While Groww's own adapter is importing there is a stand-in for
pandas that TA-Lib stumbles over: hence the lock around importing this (`importing.py`).
"""

import sys

if "pandas" in sys.modules:
    import talib
else:
    # Python's own sign for a module that is not to be found.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        import talib
    finally:
        del sys.modules["pandas"]

__all__ = ["talib"]
