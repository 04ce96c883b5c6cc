"""One thing that `doctor` looked at, and what it found."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Finding:
    check: str
    status: Literal["ok", "warn", "fail"]
    found: str
    next_step: str | None = None


def existing(path: Path) -> Path:
    """The path itself, or the first of its parents that exists."""
    return next(each for each in (path, *path.parents) if os.path.exists(each))
