"""Settings, from the environment. What is dangerous has no silent default in production."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kit.vault import Vault, fresh_key

ROOT = Path(__file__).resolve().parent.parent
_WEAK = frozenset({"", "changeme", "secret", "pietura", "demo"})


class Settings(BaseSettings):
    """All settings. Names in the environment: ``PIETURA_<NAME>``, besides ``DATABASE_URL`` and ``REDIS_URL``."""

    model_config = SettingsConfigDict(env_prefix="PIETURA_", env_file=None, extra="ignore", populate_by_name=True)

    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = Field(default=1, ge=1, le=32)
    data_dir: Path = ROOT / "var"
    #: What can be computed again; shared by every database on the machine.
    cache_dir: Path = ROOT / "var" / "cache"
    database_url: str = Field(default="", validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    redis_url: str | None = Field(default=None, validation_alias=AliasChoices("REDIS_URL", "redis_url"))

    secret_key: SecretStr = SecretStr("")
    #: Keys that channel accounts' credentials are encrypted with, separated by commas; the first one encrypts.
    credentials_key: SecretStr = SecretStr("")
    #: Where platforms reach us with their webhooks, without a path; https outside of development.
    public_url: str = ""
    bot_url: str = "http://127.0.0.1:5005"
    bot_token: SecretStr = SecretStr("")
    bot_timeout_s: float = Field(default=3.0, gt=0, le=30)

    demo: bool = True
    #: Where the demo's stand-ins of Facebook, X and Telegram listen, on loopback; 0 does without them.
    simulator_port: int = Field(default=8090, ge=0, le=65_535)
    chat_messages_per_s: float = Field(default=2.0, gt=0)
    chat_burst: int = Field(default=10, ge=1)
    chat_connects: str = "240/minute"
    login_attempts_address: str = "20/minute"
    login_attempts_account: str = "10/15minutes"
    #: Webhooks with a wrong signature that one account may get before they are not even looked at.
    hook_bad_signatures: str = "60/minute"
    #: Seconds between two looks at accounts whose webhook is silent.
    poll_every_s: float = Field(default=60.0, gt=0)
    opens: str = "08:00"
    closes: str = "18:00"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.database_url:
            self.database_url = f"sqlite+aiosqlite:///{self.data_dir / 'pietura.db'}"
        # postgres:// and postgresql:// are what hosts hand out; the driver is ours to choose.
        for prefix in ("postgres://", "postgresql://"):
            if self.database_url.startswith(prefix):
                self.database_url = "postgresql+asyncpg://" + self.database_url.removeprefix(prefix)
        if self.environment == "production":
            self._refuse_what_is_unsafe()
        else:
            self._fill_in_for_development()
        self.public_url = self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"
        if self.workers > 1 and (self.redis_url is None or self.database_url.startswith("sqlite")):
            raise ValueError("several workers need DATABASE_URL of PostgreSQL and REDIS_URL")
        return self

    @property
    def simulator_url(self) -> str | None:
        """Where the demo's stand-ins of the platforms are; None where there are none, as in production."""
        return f"http://127.0.0.1:{self.simulator_port}" if self.demo and self.simulator_port else None

    def _refuse_what_is_unsafe(self) -> None:
        for name in ("secret_key", "bot_token"):
            value = getattr(self, name).get_secret_value()
            if value.lower() in _WEAK or len(value) < 32:
                raise ValueError(
                    f"production needs PIETURA_{name.upper()} of at least 32 characters:"
                    " python -c 'import secrets; print(secrets.token_urlsafe(48))'"
                )
        try:
            Vault(self.credentials_key.get_secret_value())
        except ValueError as error:
            raise ValueError(
                f"production needs PIETURA_CREDENTIALS_KEY, one Fernet key or several separated by commas ({error}):"
                " python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
            ) from error
        if self.demo:
            raise ValueError("production must not serve the demo page and accounts: set PIETURA_DEMO=false")
        if self.simulator_port and "simulator_port" in self.model_fields_set:
            raise ValueError("production has no stand-ins of platforms: unset PIETURA_SIMULATOR_PORT")

    def _fill_in_for_development(self) -> None:
        """Makes random secrets once and keeps them, so that a restart does not sign everybody out."""
        for name in ("secret_key", "bot_token", "credentials_key"):
            if getattr(self, name).get_secret_value():
                continue
            file = self.data_dir / f"{name}.txt"
            if not file.exists():
                self.data_dir.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)
                file.write_text(fresh_key() if name == "credentials_key" else secrets.token_urlsafe(48))
            setattr(self, name, SecretStr(file.read_text().strip()))
