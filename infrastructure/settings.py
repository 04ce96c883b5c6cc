"""Every setting, read once from the environment. The seed's names mean what they meant there."""

import getpass
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from platformdirs import user_config_path, user_data_path
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from domain.vocabulary import BrokerName

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_MILLISECONDS: Final = 10**15
_APP: Final = "unified-trading-server"
_VAULT_PATH: Final = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"


def _duration(value: Any) -> Any:  # Any: whatever the environment holds; pydantic checks the rest
    """`86400000` is milliseconds, as in the seed; `24h`, `90m` and `PT24H` also work."""
    if isinstance(value, int) or (isinstance(value, str) and value.strip().isdigit()):
        return timedelta(milliseconds=min(int(value), _MOST_MILLISECONDS))
    if isinstance(value, str) and (found := re.fullmatch(r"\s*(\d+)\s*(ms|[smhd])\s*", value)):
        return timedelta(seconds=min(int(found[1][:15]) * _UNITS[found[2]], 1e12))
    return value


Duration = Annotated[
    timedelta, BeforeValidator(_duration), Field(gt=timedelta(0), le=timedelta(days=3650))
]

Toolset = Literal[
    "default",
    "session",
    "market",
    "portfolio",
    "orders",
    "analysis",
    "activity",
    "classic",
    "admin",
    "audit",
]
TOOLSETS: Final[tuple[Toolset, ...]] = get_args(Toolset)
"""`default` is a choice out of the others: what most people need, short enough to be read."""


def _toolsets(value: Any) -> Any:  # Any: as above
    """`all`, or names with commas between, as in `default,analysis`."""
    if not isinstance(value, str):
        return value
    words = {word for each in value.split(",") if (word := each.strip())}
    if not words or not {*TOOLSETS, "all"}.issuperset(words):
        raise ValueError(f"must be all, or some of {', '.join(TOOLSETS)}, with commas")
    return frozenset(TOOLSETS) if "all" in words else frozenset(words)


Toolsets = Annotated[frozenset[Toolset], NoDecode, BeforeValidator(_toolsets)]
"""NoDecode: the environment holds words, not JSON."""


class Settings(BaseSettings):
    """Environment variables by their full names; see the table in the README."""

    model_config = SettingsConfigDict(env_ignore_empty=True, hide_input_in_errors=True)

    max_sessions: int = Field(1000, ge=1, validation_alias="MAX_SESSIONS")
    session_ttl: Duration = Field(timedelta(hours=24), validation_alias="SESSION_TTL")
    session_max_age: Duration = Field(timedelta(days=7), validation_alias="SESSION_MAX_AGE")
    cleanup_interval: Duration = Field(timedelta(hours=1), validation_alias="CLEANUP_INTERVAL")
    data_dir: Path = Field(
        default_factory=lambda: user_data_path(_APP), validation_alias="TRADING_DATA_DIR"
    )
    keys_dir: Path = Field(
        default_factory=lambda: user_config_path(_APP) / "keys",
        validation_alias="TRADING_KEYS_DIR",
    )
    key_store: Literal["files", "keyring", "vault"] = Field(
        "files", validation_alias="TRADING_KEY_STORE"
    )
    vault_addr: str | None = Field(
        None, validation_alias="TRADING_VAULT_ADDR", pattern=r"^https?://[^/@\s]+(/\S*)?$"
    )
    vault_token: SecretStr | None = Field(None, validation_alias="TRADING_VAULT_TOKEN")
    vault_token_file: Path | None = Field(None, validation_alias="TRADING_VAULT_TOKEN_FILE")
    vault_mount: str = Field("secret", validation_alias="TRADING_VAULT_MOUNT", pattern=_VAULT_PATH)
    vault_prefix: str = Field(_APP, validation_alias="TRADING_VAULT_PREFIX", pattern=_VAULT_PATH)
    database_url: SecretStr | None = Field(None, validation_alias="TRADING_DATABASE_URL")
    user: str = Field(
        default_factory=getpass.getuser,
        validation_alias="TRADING_USER",
        pattern=r"^\S(.*\S)?$",
        max_length=200,
    )
    live: bool = Field(False, validation_alias="TRADING_LIVE")
    kite_url: str | None = Field(None, validation_alias="TRADING_KITE_URL")
    groww_url: str | None = Field(None, validation_alias="TRADING_GROWW_URL")
    dhan_url: str | None = Field(None, validation_alias="TRADING_DHAN_URL")
    kite_api_key: SecretStr | None = Field(None, validation_alias="TRADING_KITE_API_KEY")
    kite_api_secret: SecretStr | None = Field(None, validation_alias="TRADING_KITE_API_SECRET")
    dhan_app_id: SecretStr | None = Field(None, validation_alias="TRADING_DHAN_APP_ID")
    dhan_app_secret: SecretStr | None = Field(None, validation_alias="TRADING_DHAN_APP_SECRET")
    connect_port: int = Field(8477, ge=0, le=65535, validation_alias="TRADING_CONNECT_PORT")
    allowed_hosts: str = Field("", validation_alias="TRADING_ALLOWED_HOSTS")
    public_url: str | None = Field(None, validation_alias="TRADING_PUBLIC_URL")
    toolsets: Toolsets = Field(
        frozenset[Toolset](("default",)), validation_alias="TRADING_TOOLSETS"
    )
    read_only: bool = Field(False, validation_alias="TRADING_READ_ONLY")
    credentials_in_chat: Literal["on", "off"] = Field(
        "on", validation_alias="TRADING_CREDENTIALS_IN_CHAT"
    )
    risk_limits: str = Field("", validation_alias="TRADING_RISK_LIMITS", max_length=2000)
    confirm: Literal["auto", "elicit", "page", "tool"] = Field(
        "auto", validation_alias="TRADING_CONFIRM"
    )
    market_seed: int = Field(2026, validation_alias="TRADING_MARKET_SEED")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="TRADING_LOG_LEVEL"
    )

    @field_validator("database_url")
    @classmethod
    def _only_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith("postgresql://"):
            raise ValueError("must begin with postgresql:// (leave it out for SQLite)")
        try:
            if url is not None:
                make_url(url.get_secret_value())
        except (ValueError, ArgumentError):
            raise ValueError("is no address of a database") from None
        return url

    @property
    def postgres_url(self) -> str | None:
        return self.database_url.get_secret_value() if self.database_url else None

    @property
    def broker_urls(self) -> dict[BrokerName, str | None]:
        """Where each broker's SDK is pointed instead of at the broker itself."""
        return {"kite": self.kite_url, "groww": self.groww_url, "dhan": self.dhan_url}

    @property
    def broker_apps(self) -> dict[BrokerName, dict[str, str]]:
        """The server's own apps at brokers, for people without one, by what their values are
        called at a login. An app without its secret is none."""
        given: dict[BrokerName, dict[str, SecretStr | None]] = {
            "kite": {"api_key": self.kite_api_key, "api_secret": self.kite_api_secret},
            "dhan": {"app_id": self.dhan_app_id, "app_secret": self.dhan_app_secret},
        }
        return {
            broker: {name: value.get_secret_value() for name, value in app.items() if value}
            for broker, app in given.items()
            if all(app.values())
        }

    @property
    def hosts(self) -> list[str]:
        """Host names, beside the loopback ones, that requests may be addressed to."""
        return [h.strip() for h in self.allowed_hosts.split(",") if h.strip()]


class BadSettings(Exception):
    """A setting has a value that cannot be used. The text names settings, never their values."""


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        BadSettings: says which settings are wrong and why.
    """
    try:
        return Settings()
    except ValidationError as e:
        wrong = "; ".join(
            f"{'.'.join(str(p) for p in err['loc'])}: {err['msg']}" for err in e.errors()
        )
        raise BadSettings(f"{wrong}. Next: correct the environment and start again.") from None


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment for a child of ours: without any setting of ours but these."""
    ours = {str(f.validation_alias) for f in Settings.model_fields.values()}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, **changes}


def given_settings() -> dict[str, str]:
    """Our settings as this process's environment has them, less those that hold a secret."""
    return {name: os.environ[name] for name in _given(secret=False)}


def given_secrets() -> list[str]:
    """The names of those that hold a secret and are set."""
    return sorted(_given(secret=True))


def _given(*, secret: bool) -> set[str]:
    return {
        name
        for f in Settings.model_fields.values()
        if (SecretStr in (f.annotation, *get_args(f.annotation))) == secret
        and os.environ.get(name := str(f.validation_alias))
    }
