"""Settings: environment variables `MIDCALL_…`, each with a default that works on one machine."""

import base64
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from midcall.bootstrap.connector_urls import connector_urls
from midcall.connectors import CONNECTORS
from midcall.domain.approval import KEY_BYTES

_CORES = os.cpu_count() or 1

#: A socket's path may be 108 bytes long; the longest name below the runtime directory is far shorter than the rest.
MAX_SOCKET_PATH = 100


_FERNET_BYTES = 32
_FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")

#: A URL without query, fragment and password.
_HTTP_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~%/-]*)?")

#: Hosts that only processes of this machine reach.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class BadSetting(Exception):
    """A setting cannot be used; the message names its variable. No ValueError, which pydantic would wrap."""


def _listed(text: object) -> object:
    """Take a list apart that is written with commas."""
    return [part for part in text.split(",") if part.strip()] if isinstance(text, str) else text


def _connector_urls(given: object) -> object:
    """Read `name=url,…`; connectors whose requests name whole addresses have no base."""
    if not isinstance(given, str):
        return given
    based = {name for name, connector in CONNECTORS.items() if not connector.anywhere}
    try:
        return connector_urls([part for part in given.split(",") if part.strip()], based)
    except ValueError as error:
        raise BadSetting(f"MIDCALL_CONNECTOR_URLS {error}") from None


class Settings(BaseSettings):
    """All settings of an installation; raises BadSetting where one cannot be used.

    A Redis over TCP must have a password in its URL (`redis://:<password>@host`, better `rediss://`): whoever can write
    there can wake workers, hold calls up and drop them. `MIDCALL_REDIS_UNPROTECTED=true` lets one on this machine's
    loopback do without, where nobody else can log in; there is no such exception for another host. A unix socket
    (`unix://…`) is guarded by its file's mode.
    """

    model_config = SettingsConfigDict(env_prefix="MIDCALL_", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(default=Path(".midcall"), description="SQLite file, keys; kept")
    runtime_dir: Path | None = Field(default=None, description="sockets; default: a short directory under /run or /tmp")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; default: SQLite in the data directory")
    redis_url: str | None = Field(default=None, description="default of `midcall up`: a private Redis")
    redis_unprotected: bool = Field(default=False, description="take a Redis on loopback without a password")
    approval_key: str | None = Field(default=None, description="64 hex digits; default: made in the data directory")
    secret_keys: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(),
        repr=False,
        description="Fernet keys, separated by commas: the first encrypts; default: made in the data directory",
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=0, le=65535)
    public_url: str | None = Field(
        default=None,
        description="where vendors reach the api, such as https://midcall.example.com; default: host and port",
    )
    max_connections: int = Field(
        default=1_000, ge=64, le=100_000, description="connections that the api holds open at once"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(),
        description="addresses and networks of proxies whose X-Forwarded-… headers are believed, separated by commas",
    )
    ui: bool = Field(default=True, description="serve the web UI at /ui")
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # More than cores: most of what they run waits for something, and no workspace gets all of them.
    live_workers: int = Field(default=2 * _CORES, ge=1, le=256, description="processes for live calls alone")
    workers: int = Field(
        default=2 * _CORES, ge=0, le=256, description="processes for live calls, then tests, then the background"
    )
    key_rate: int = Field(default=100, ge=1, description="requests a second of one key, in one api process")
    workspace_rate: int = Field(default=200, ge=1, description="requests a second of one workspace, in one api process")
    max_queued: int = Field(default=200, ge=1, description="calls that may wait in all before a 429")

    outbound_allow: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), description="private hosts and networks that outbound calls may reach, separated by commas"
    )
    outbound_proxy: str | None = Field(
        default=None, repr=False, description="egress proxy of all outbound calls, http://[user:password@]host:port"
    )
    outbound_source: str | None = Field(default=None, description="local address that outbound calls leave from")
    outbound_ignore_ssl: bool = Field(
        default=False, description="let actions that ask for it call hosts without checking their certificates"
    )
    connector_urls: Annotated[Mapping[str, str], NoDecode, BeforeValidator(_connector_urls)] = Field(
        default_factory=dict,
        description="base URLs of connectors, name=url, separated by commas; default: the vendors'",
    )
    retry_delays_s: Annotated[tuple[float, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(10, 60, 300, 1_800, 7_200, 14_400),
        min_length=1,
        description="pauses between the attempts of background runs, in seconds, separated by commas",
    )

    assistant_model: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="the Code Assistant's model: openai:<name>, anthropic:<name>, or any name at the base URL",
    )
    assistant_base_url: str | None = Field(
        default=None, description="an OpenAI-compatible endpoint, such as http://localhost:11434/v1; may be private"
    )
    assistant_api_key: str | None = Field(default=None, repr=False, description="the key for that endpoint")
    assistant_max_tokens: int = Field(default=16_000, ge=256, le=200_000, description="of one answer of the model")
    assistant_timeout_s: int = Field(default=120, ge=5, le=600, description="from a question to its last event")

    allowed_modules: Path | None = Field(
        default=None, description="TOML file with modules and names that functions may use besides midcall's own list"
    )

    pool_size: int = Field(default=4, ge=1, le=256, description="warm sandboxes kept ready")
    pool_max_busy: int = Field(default=max(16, 4 * _CORES), ge=1, le=1024, description="sandboxes that may run at once")
    pool_id: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$",
        description="labels this host's containers; default: made from the data directory's path",
    )
    pool_peer_uid: int | None = Field(default=None, ge=0, description="a user besides the pool's own that may use it")
    sandbox_image: str | None = Field(default=None, description="default: the image built from this release")
    sandbox_requirements: Path | None = Field(
        default=None, description="packages for that image: a requirements file, or a folder of fetched ones"
    )
    sandbox_runtime: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$",
        description="OCI runtime of the sandboxes that the Engine knows by this name, such as runsc; default: its own",
    )
    jail: Literal["allow", "forbid"] = Field(
        default="allow", description="whether workspaces may let functions run in jails instead of containers"
    )
    docker_url: str | None = Field(default=None, description="the Engine; default: the local socket")

    @model_validator(mode="wrap")
    @classmethod
    def _tell_in_words(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(values)
        except ValidationError as error:
            faults = (f"MIDCALL_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors())
            raise BadSetting("; ".join(faults)) from None  # the cause would show values, which may be secret

    def model_post_init(self, _context: object) -> None:
        """Make the directories absolute, so that every process means the same ones; check what pydantic cannot."""
        self.data_dir = self.data_dir.absolute()
        if self.runtime_dir is not None:
            self.runtime_dir = self.runtime_dir.absolute()
        if self.allowed_modules is not None:
            self.allowed_modules = self.allowed_modules.absolute()
        if self.sandbox_requirements is not None:
            self.sandbox_requirements = self.sandbox_requirements.absolute()
        if self.redis_url is not None:
            _check_redis(self.redis_url, unprotected=self.redis_unprotected)
        if self.public_url is not None:
            self.public_url = _public_url(self.public_url)
        self.trusted_proxies = tuple(_network(text.strip()) for text in self.trusted_proxies)
        _check_assistant(self)

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'midcall.db'}"

    @property
    def runtime(self) -> Path:
        """Directory of the sockets."""
        return self.runtime_dir or _default_runtime_dir(self.data_dir)

    @property
    def pool_label(self) -> str:
        """Id of this host's pool: one for each data directory, so that two installations do not sweep each other."""
        return self.pool_id or f"midcall-{_mark(self.data_dir)}"

    @property
    def jails(self) -> bool:
        """Whether workspaces may allow jails."""
        return self.jail == "allow"

    @property
    def pool_socket(self) -> Path:
        """Where the pool listens."""
        return _short_enough(self.runtime / "pool.sock")

    @property
    def private_redis_socket(self) -> Path:
        """Where the private Redis listens."""
        return _short_enough(self.runtime / "redis.sock")

    @property
    def redis(self) -> str:
        """The URL of Redis: the one that is set, or the private server's socket."""
        return self.redis_url or f"unix://{quote(str(self.private_redis_socket))}"

    @property
    def public(self) -> str:
        """Where the api is reached, without a slash at the end; as long as nobody says otherwise, on this machine."""
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 (read)
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def admin_key_file(self) -> Path:
        """Where the first admin key is kept."""
        return self.data_dir / "admin.key"


def approval_key(settings: Settings) -> bytes:
    """Read the key that seals approvals, or make it on the first start; raises BadSetting if it is malformed."""
    text = settings.approval_key
    if text is None:
        text = kept_secret(settings.data_dir / "approval.key", secrets.token_hex(KEY_BYTES))
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BadSetting(f"MIDCALL_APPROVAL_KEY must be {2 * KEY_BYTES} hex digits (`openssl rand -hex {KEY_BYTES}`)")
    return key


def new_secret_key() -> str:
    """Make a Fernet key: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_FERNET_BYTES)).decode("ascii")


def secret_keys(settings: Settings) -> tuple[str, ...]:
    """Read the keys that secrets are encrypted with, the first one first, or make one on the first start.

    The file `secret.keys` holds them as the setting does, with commas or a line each. Raises BadSetting.
    """
    keys: Sequence[str] = settings.secret_keys
    source = "MIDCALL_SECRET_KEYS"
    if not keys:
        file = settings.data_dir / "secret.keys"
        keys, source = kept_secret(file, new_secret_key()).replace(",", "\n").split("\n"), str(file)
    keys = tuple(key.strip() for key in keys if key.strip())
    if not keys or not all(_FERNET_KEY.fullmatch(key) for key in keys):
        raise BadSetting(f"{source} must hold Fernet keys, separated by commas (`midcall secrets new-key` makes one)")
    return tuple(dict.fromkeys(keys))


def kept_secret(path: Path, fresh: str) -> str:
    """Read a secret from a file of mode 0600, or write `fresh` there first; of several writers, one wins."""
    private_directory(path.parent)
    # Written whole under another name, then linked: nobody reads half of it, and only the first link succeeds.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    if not path.exists():
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(fresh + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def private_directory(path: Path) -> Path:
    """Make sure that a directory is there, ours, and nobody else's to enter; raises BadSetting otherwise."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be made ({error.strerror}); set MIDCALL_DATA_DIR or MIDCALL_RUNTIME_DIR"
        ) from error
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise BadSetting(f"{path} is not a directory of this user; set MIDCALL_DATA_DIR or MIDCALL_RUNTIME_DIR")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def _public_url(text: str) -> str:
    """Return a base for URLs; raises BadSetting for what vendors could not call, or what holds a password."""
    try:
        parts = urlsplit(text)
        fits = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    allowed = _HTTP_URL.fullmatch(text)
    if not fits or not allowed:
        raise BadSetting(
            "MIDCALL_PUBLIC_URL must be a URL such as https://midcall.example.com, without query, fragment and password"
        )
    return text.rstrip("/")


def _network(text: str) -> str:
    """Return an address or network as it is compared; a name could be anybody's tomorrow."""
    try:
        return str(ip_network(text))
    except ValueError:
        raise BadSetting(
            "MIDCALL_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, separated by commas; "
            f"{text!r:.60} is none (a network's address ends with zeros)"
        ) from None


def _check_assistant(settings: Settings) -> None:
    """Refuse settings with which no model could ever be asked."""
    model, url = settings.assistant_model, settings.assistant_base_url
    if model is None:
        if url is not None or settings.assistant_api_key is not None:
            raise BadSetting("MIDCALL_ASSISTANT_MODEL is missing; name the model that the Code Assistant is to ask")
        return
    vendor, _, name = model.partition(":")
    if vendor in {"openai", "anthropic"}:
        if not name:
            raise BadSetting(f"MIDCALL_ASSISTANT_MODEL must name a model: {vendor}:<name>")
        if url is None and settings.assistant_api_key is None:
            raise BadSetting(f"MIDCALL_ASSISTANT_API_KEY is missing; {vendor} wants one")
    elif url is None:
        raise BadSetting(
            "MIDCALL_ASSISTANT_MODEL must be openai:<name> or anthropic:<name>, or MIDCALL_ASSISTANT_BASE_URL must say "
            "where a model of another name is"
        )
    if url is not None and not _HTTP_URL.fullmatch(url):
        raise BadSetting("MIDCALL_ASSISTANT_BASE_URL must be a URL such as https://models.example.com/v1, no more")


def _check_redis(url: str, *, unprotected: bool) -> None:
    """Refuse a Redis that anybody on the network could write to."""
    try:
        parts = urlsplit(url)
        scheme, host, password = parts.scheme, parts.hostname, parts.password
    except ValueError:
        scheme, host, password = "", None, None
    if scheme not in {"redis", "rediss", "unix"}:
        raise BadSetting("MIDCALL_REDIS_URL must be a URL: redis://, rediss:// or unix://")
    if scheme == "unix" or password or (unprotected and host in _LOOPBACK):
        return
    cure = "set MIDCALL_REDIS_UNPROTECTED=true if nobody else can log in on this machine" if host in _LOOPBACK else ""
    raise BadSetting(
        "MIDCALL_REDIS_URL has no password, and whoever can write to Redis can wake workers and drop calls; "
        f"write redis://:<password>@host{f', or {cure}' if cure else ''}"
    )


def _default_runtime_dir(data_dir: Path) -> Path:
    """Name a short directory that every process of one data directory agrees on."""
    base = Path(f"/run/user/{os.geteuid()}")
    if os.geteuid() == 0 or not base.is_dir():
        base = Path("/run") if os.access("/run", os.W_OK) else Path("/tmp")  # noqa: S108 (checked to be ours)
    return base / f"midcall-{os.geteuid()}-{_mark(data_dir)}"


def _mark(data_dir: Path) -> str:
    """Make a short word that stands for a data directory."""
    return hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]


def _short_enough(path: Path) -> Path:
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise BadSetting(f"{path} is too long for a socket; set MIDCALL_RUNTIME_DIR to a shorter directory")
    return path
