"""Every setting, read once from the environment. The seed's names mean what they meant there."""

import getpass
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from platformdirs import user_config_path, user_data_path
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from domain.vocabulary import BrokerName

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_MILLISECONDS: Final = 10**15
_APP: Final = "unified-trading-server"


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
    allowed_hosts: str = Field("", validation_alias="TRADING_ALLOWED_HOSTS")
    public_url: str | None = Field(None, validation_alias="TRADING_PUBLIC_URL")
    toolsets: Literal["default", "all"] = Field("default", validation_alias="TRADING_TOOLSETS")
    read_only: bool = Field(False, validation_alias="TRADING_READ_ONLY")
    credentials_in_chat: Literal["on", "off"] = Field(
        "on", validation_alias="TRADING_CREDENTIALS_IN_CHAT"
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
    """Our settings as this process's environment has them, less the one that holds a password."""
    ours = {str(f.validation_alias) for f in Settings.model_fields.values()}
    shown = ours - {"TRADING_DATABASE_URL"}
    return {name: value for name, value in os.environ.items() if name in shown and value}
