"""Settings, from the environment. What is dangerous has no silent default in production."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from handoff.attachments.scanner import clamd
from handoff.push.keys import fresh_private_key
from kit.vault import Vault, fresh_key

ROOT = Path(__file__).resolve().parent.parent
#: Seconds for which an idle connection is kept. Longer than any client or proxy keeps it (5 s to 60 s are usual): if both let go
#: of it in the same instant, the request that is under way is lost.
KEEP_ALIVE_S = 75
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
    #: Whether a year of made-up contacts is written into a demo's database that has none when everything is started.
    demo_history: bool = True
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
    #: Uploads of one citizen's conversation, of one address, and of one member of staff.
    chat_uploads: str = "30/10minutes"
    chat_uploads_address: str = "300/10minutes"
    staff_uploads: str = "60/10minutes"
    #: MB (1,048,576 bytes) of one file, and of all files of one conversation.
    attachment_mb: int = Field(default=10, ge=1, le=100)
    attachments_conversation_mb: int = Field(default=50, ge=1, le=10_000)
    #: ``host:port`` of ClamAV's daemon; empty takes files without looking for viruses.
    clamd: str = ""
    #: The mail server that tells specialists what was brought to them; without a host no mail is owed to anybody.
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    #: The sender's address, e.g. ``Pietura <pietura@vppd.lv>``.
    mail_from: str = ""
    #: Health is ill with less free space than so many MB where the data lie.
    disk_free_mb: int = Field(default=500, ge=0)
    #: Where backups are put, for health to see that they are made, and how old the newest may be; None looks at none.
    backups_dir: Path | None = None
    backup_max_hours: float = Field(default=26, gt=0)
    #: Anonymous figures for everybody at ``/open-data``; None: on in development, off in production until somebody decides.
    open_data: bool | None = None
    open_data_licence: Literal["CC0-1.0", "CC-BY-4.0"] = "CC-BY-4.0"
    #: Files of open data for each address.
    open_data_pace: str = "120/minute"
    #: What a monitoring system says to read ``/metrics``; without it only this machine may, and in production nobody.
    metrics_token: SecretStr = SecretStr("")
    #: P-256 private key that notices to browsers are signed with (VAPID); in production nothing is pushed without one.
    push_private_key: SecretStr = SecretStr("")
    #: ``mailto:`` or ``https:`` address at which push services reach us; :attr:`public_url` when it is left out.
    push_contact: str = ""
    #: Origin of a stand-in of push services, for tests.
    push_stand_in: str = ""
    #: Set by ``pietura run``, which keeps Rasa and can put another model in its place.
    rasa_kept: bool = False
    #: Minutes after which a training is given up.
    training_limit_min: float = Field(default=90, gt=0, le=24 * 60)
    #: A command in the place of the process that trains (``gateway.retraining.work``), for tests.
    trainer: str = ""
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
        if self.open_data is None:
            self.open_data = self.environment != "production"
        self.public_url = self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"
        clamd(self.clamd)
        if self.smtp_host and "@" not in self.mail_from:
            raise ValueError("PIETURA_SMTP_HOST needs PIETURA_MAIL_FROM, the address that mails come from")
        if self.push_contact and not self.push_contact.startswith(("mailto:", "https://")):
            raise ValueError("PIETURA_PUSH_CONTACT begins with mailto: or https://")
        if self.workers > 1 and (self.redis_url is None or self.database_url.startswith("sqlite")):
            raise ValueError("several workers need DATABASE_URL of PostgreSQL and REDIS_URL")
        return self

    @property
    def push_reached_at(self) -> str:
        """Where push services reach us: they ask for an address that is no machine's of ours."""
        if self.push_contact or self.public_url.startswith("https://"):
            return self.push_contact or self.public_url
        return "mailto:pietura@localhost"

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
        if 0 < len(self.metrics_token.get_secret_value()) < 32:
            raise ValueError("production needs PIETURA_METRICS_TOKEN of at least 32 characters, or none")
        if self.smtp_host and self.smtp_security == "none" and self.smtp_host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("production sends mails over TLS only: set PIETURA_SMTP_SECURITY to starttls or tls")
        if self.push_stand_in:
            raise ValueError("production has no stand-in of push services: unset PIETURA_PUSH_STAND_IN")
        if self.trainer:
            raise ValueError("production has no stand-in of training: unset PIETURA_TRAINER")
        if self.demo:
            raise ValueError("production must not serve the demo page and accounts: set PIETURA_DEMO=false")
        if self.simulator_port and "simulator_port" in self.model_fields_set:
            raise ValueError("production has no stand-ins of platforms: unset PIETURA_SIMULATOR_PORT")

    def _fill_in_for_development(self) -> None:
        """Makes random secrets once and keeps them, so that a restart does not sign everybody out."""
        made = {"credentials_key": fresh_key, "push_private_key": fresh_private_key}
        for name in ("secret_key", "bot_token", "credentials_key", "push_private_key"):
            if getattr(self, name).get_secret_value():
                continue
            file = self.data_dir / f"{name}.txt"
            if not file.exists():
                self.data_dir.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)
                file.write_text(made[name]() if name in made else secrets.token_urlsafe(48))
            setattr(self, name, SecretStr(file.read_text().strip()))
