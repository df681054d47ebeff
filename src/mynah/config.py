"""Settings of the server: the only place that reads the environment."""

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mynah.errors import OptionError
from mynah.runtime.device import Device, Precision

PREFIX = "MYNAH_"
NOT_SETTINGS = frozenset({"MYNAH_KEY"})
"""Names with the prefix that belong to clients: examples send the key in it."""
MEBIBYTE = 1 << 20


class SettingsGroup(BaseSettings):
    """Settings that are read about together; `title` heads them in `docs/settings.md`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, use_attribute_docstrings=True, frozen=True, extra="forbid"
    )
    title: ClassVar[str]


class ServerSettings(SettingsGroup):
    """Addresses of the server, and access to it."""

    title: ClassVar = "Server"

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    no_auth: bool = False
    """Serve without keys: everyone who can reach the port may do everything."""
    trust_network: bool = False
    """Allow that even where other machines can reach the port."""
    cors_origins: list[str] = []
    """Web origins whose pages may call the API."""
    allowed_hosts: list[str] = []
    """Names by which a server without keys may be called, besides addresses, names without a
    dot and the host of `public_url`; `*` is any."""
    public_url: str = ""
    """Base URL of this server for links; if empty, the one that the call was sent to."""
    grpc_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of the gRPC API; none if not given."""
    metrics_voices: bool = False
    """Tell the ids of voices with trained versions at `/metrics`, which anybody can read."""
    traces_url: str = ""
    """OpenTelemetry collector for traces, by OTLP over HTTP; none if empty."""
    shutdown_seconds: int = Field(default=30, ge=0)
    """Time that responses in progress get when the server stops."""


class DataSettings(SettingsGroup):
    """The database and files."""

    title: ClassVar = "Data"

    data: Path = Path.home() / ".local" / "share" / "mynah"
    """Folder of the database and the recordings."""
    database_url: str = ""
    """SQLAlchemy URL of the records; empty is SQLite in the data folder."""
    database_upgrade: Literal["", "auto", "manual"] = ""
    """Upgrade an older database when a server starts, or by `mynah db upgrade` alone; if empty,
    SQLite when a server starts, which copies the file first, and PostgreSQL by the command."""
    blobs_url: str = ""
    """Recordings, stored speech and weights: `s3://bucket/prefix`, or `file:///folder`; the data
    folder if empty. Keys of S3 are taken from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, the
    address of another server than Amazon's from `AWS_ENDPOINT_URL`."""
    fetched_versions: Path | None = None
    """Folder of the weights that were fetched from S3, which servers and workers of a machine may
    share; `fetched` in the data folder if not given."""
    fetched_version_bytes: int = Field(default=10 * 1024 * MEBIBYTE, gt=0)
    """Most bytes in that folder; the least recently used weights are removed first."""


class ModelSettings(SettingsGroup):
    """The model that speaks, and the memory it may take."""

    title: ClassVar = "Model"

    model: Path | None = None
    """Folder of the model, or the name of a pulled one, such as `v2ProPlus`; the starter, which
    comes with Mynah, if not given."""
    models: Path = Path.home() / ".cache" / "mynah" / "models"
    """Folder of the models that `mynah models pull` fetches."""
    hub_url: str = "https://huggingface.co"
    """Hub that they are fetched from, or a mirror of it."""
    device: Device = "auto"
    """Device of the model: `cpu`, `cuda`, or `auto`, a GPU if there is one."""
    precision: Precision = "auto"
    """Precision of the model: `auto` is the fastest on this machine without an audible change,
    `float32` is exact."""
    kept_voice_bytes: int = Field(default=64 * MEBIBYTE, gt=0)
    """Memory for voices that stay ready to speak."""
    kept_version_bytes: int = Field(default=512 * MEBIBYTE, gt=0)
    """Memory for trained versions that stay ready to speak; those that speak count first."""


class RequestSettings(SettingsGroup):
    """Bounds on the size of requests, and on the time they may take."""

    title: ClassVar = "Requests"

    body_bytes: int = Field(default=MEBIBYTE, gt=0)
    """Largest body of a request without files."""
    body_seconds: float = Field(default=60.0, gt=0)
    """Time in which a request's body must have arrived."""
    head_seconds: float = Field(default=10.0, gt=0)
    """Time in which a request's first line and headers must have arrived."""
    unread_seconds: float = Field(default=120.0, gt=0)
    """Time in which a client must read some of the data waiting for it."""
    socket_contexts: int = Field(default=16, gt=0)
    """Most contexts open at a time on a WebSocket."""
    owner_sockets: int = Field(default=128, gt=0)
    """Most WebSockets of an owner at a time."""
    owner_contexts: int = Field(default=512, gt=0)
    """Most contexts of an owner's WebSockets at a time."""
    queue_size: int = Field(default=64, gt=0)
    """Most requests in progress at a time; more are refused, except an equal share for an owner
    who finds them taken by others."""
    text_threads: int = Field(default=4, gt=0)
    """Texts that are prepared at a time; an owner has half of that."""
    speech_seconds: float = Field(default=300.0, gt=0)
    """Time in which a speech request must be finished."""


class UploadSettings(SettingsGroup):
    """Recordings that callers send, or name by URL."""

    title: ClassVar = "Uploads"

    upload_bytes: int = Field(default=64 * MEBIBYTE, gt=0)
    """Largest recording; five minutes of a 48 kHz stereo WAV have 55 MiB."""
    upload_recordings: int = Field(default=10, gt=0)
    """Most recordings of one voice."""
    upload_seconds: float = Field(default=300.0, gt=0)
    """Longest recording."""
    upload_kinds: list[str] = ["wav", "mp3", "flac", "ogg", "mp4", "webm", "amr", "aac"]
    """Accepted kinds of audio; `mp4` is M4A, MOV and 3GP as well. Others are aiff, au, caf and
    w64."""
    fetch_hosts: list[str] = []
    """Hosts that recordings may be fetched from by URL; `*` is any public one, none is no host."""
    fetch_schemes: list[Literal["https", "http"]] = ["https"]
    """Schemes of these URLs."""
    fetch_networks: list[str] = []
    """Networks that may be reached for them although they are not public, such as `10.1.0.0/16`."""
    fetch_seconds: float = Field(default=20.0, gt=0)
    """Time in which a recording must have been fetched."""


class LimitSettings(SettingsGroup):
    """Bounds on each key."""

    title: ClassVar = "Limits"

    limit_requests: str = ""
    """Calls that a key may make, such as `60/minute`; any number if empty."""
    limit_characters: str = ""
    """Characters that a key may have spoken, such as `100000/day`; any number if empty."""
    limit_streams: int = Field(default=0, ge=0)
    """Speech requests in progress of a key at a time; 0 is any number."""
    limits_url: str = ""
    """Redis that counts calls and characters for several servers; in memory if empty."""


class CacheSettings(SettingsGroup):
    """Stored speech and the cache."""

    title: ClassVar = "Stored speech"

    stored_seconds: int = Field(default=86_400, gt=0)
    """Time for which speech of `store: true` is kept."""
    stored_bytes: int = Field(default=100 * MEBIBYTE, gt=0)
    """Most stored speech of a key at a time."""
    cache_bytes: int = Field(default=64 * MEBIBYTE, ge=0)
    """Memory of the cache of repeated speech; 0 caches nothing."""
    cache_seconds: int = Field(default=86_400, gt=0)
    """Time for which speech stays in the cache."""
    cache_url: str = ""
    """`redis://` or `memcached://` URL of the cache; in memory if empty."""


class ScreenSettings(SettingsGroup):
    """Words that are not to be spoken."""

    title: ClassVar = "Word screen"

    screen_words: Path | None = None
    """Folder of lists, `*.txt`, of words that are not to be spoken; read again when they change."""
    screen_mode: Literal["reject", "mask", "report"] = "reject"
    """A text with such a word is refused, spoken without it, or spoken and logged."""


class TrainingSettings(SettingsGroup):
    """Training of voices, and promotion of what it makes."""

    title: ClassVar = "Training"

    trainer: str = "mynah.training.fine_tuning:FineTuning"
    """The trainer of voices, as `module:name`; empty for none."""
    train_shortest_seconds: float = Field(default=55.0, gt=0)
    """Least speech to train a voice on; a recording of a minute has that without its ends."""
    train_longest_seconds: float = Field(default=1800.0, gt=0)
    """Most speech to train a voice on."""
    train_recordings: int = Field(default=1000, gt=0)
    """Most recordings of a training; each has 0.6 s or more."""
    train_bytes: int = Field(default=256 * MEBIBYTE, gt=0)
    """Largest training request; half an hour of 44.1 kHz mono WAV has 152 MiB."""
    promotion_similarity_loss: float = Field(default=0.02, ge=0, le=2)
    """Similarity that a training may cost; a version that lost more is kept, not promoted."""
    promotion_word_error_rise: float = Field(default=0.02, ge=0, le=1)
    """Rise of the word error rate that a training may cost, 0.02 for two points; a version that is
    harder to understand is kept, not promoted."""
    promotion_phoneme_error_rise: float = Field(default=0.05, ge=0, le=1)
    """The same of the phoneme error rate, which counts where no recogniser is installed."""
    guard_answers: int = Field(default=20, gt=0)
    """Speech results of a new version after which it is judged."""
    guard_errors: float = Field(default=0.2, ge=0, le=1)
    """Share of them that may fail before a new version is withdrawn."""
    guard_similarity: float = Field(default=0.0, ge=-1, le=1)
    """Mean similarity to the speaker, as rated, below which a new version is withdrawn."""


class JobSettings(SettingsGroup):
    """Background jobs."""

    title: ClassVar = "Jobs"

    jobs_per_key: int = Field(default=10, gt=0)
    """Jobs that a key may have queued or running at a time."""
    job_workers: int = Field(default=1, ge=0)
    """Jobs that this server, or this worker, works on at a time."""
    job_days: float = Field(default=7.0, gt=0)
    """Time for which a failed job can be retried from its checkpoint."""
    lease_seconds: float = Field(default=30.0, gt=0)
    """Time after which the job of a dead process is given to another."""
    broker_url: str = ""
    """Redis of `mynah worker`; if empty, child processes of the server do the jobs."""


class WebhookSettings(SettingsGroup):
    """Messages to callers about their jobs."""

    title: ClassVar = "Webhooks"

    webhook_networks: list[str] = []
    """Networks that webhooks may reach although they are not public, such as `10.1.0.0/16`."""
    webhook_seconds: float = Field(default=10.0, gt=0)
    """Time that a webhook's receiver has to answer."""
    webhook_pause: float = Field(default=5.0, gt=0)
    """Seconds until the second attempt at a webhook; each further one waits four times longer."""
    webhook_attempts: int = Field(default=8, gt=0)
    """Attempts at a webhook."""


class CompatibilitySettings(SettingsGroup):
    """Clients of OpenAI, ElevenLabs and GPT-SoVITS."""

    title: ClassVar = "Other APIs"

    voice_aliases: dict[str, str] = {}
    """Other names of voices for speech, such as `{"nova": "teacher"}`; a voice of that name goes
    first. Answers name the voice that spoke in `X-Voice`."""
    default_voice: str = "ljspeech"
    """The voice that speaks for the names of OpenAI's voices, such as `alloy`, and the ids of
    ElevenLabs' premade voices, if they are neither voices here nor aliases; if empty, they are
    unknown voices."""

    root: Literal["mynah", "elevenlabs", "gpt-sovits"] = "mynah"
    """The API at the root of the port; Mynah's own is under `/mynah` if another is."""
    elevenlabs_port: int | None = Field(default=None, ge=1, le=65535)
    """A port of its own for the ElevenLabs API."""
    gpt_sovits_port: int | None = Field(default=None, ge=1, le=65535)
    """A port of its own for GPT-SoVITS's APIs, whose clients expect 9880."""
    gpt_sovits_no_auth: bool = False
    """Allow speech by GPT-SoVITS's APIs without a key, which their clients cannot send."""
    gpt_sovits_control: bool = False
    """Allow a key with the scope admin to end the server by GPT-SoVITS's APIs."""
    gpt_sovits_references: Path | None = None
    """Folder of the recordings that GPT-SoVITS's clients name; `references` in the data folder."""


class Settings(
    ServerSettings,
    DataSettings,
    ModelSettings,
    RequestSettings,
    UploadSettings,
    LimitSettings,
    CacheSettings,
    ScreenSettings,
    TrainingSettings,
    JobSettings,
    WebhookSettings,
    CompatibilitySettings,
):
    """Every setting is an environment variable `MYNAH_<NAME>`; lists are written as JSON."""

    @property
    def references(self) -> Path:
        """Folder of the recordings that GPT-SoVITS's clients name."""
        return self.gpt_sovits_references or self.data / "references"

    @property
    def jobs(self) -> Path:
        """Folder of the jobs' checkpoints."""
        return self.data / "jobs"

    @property
    def blobs(self) -> str:
        """URL of recordings, stored speech and the weights of trained versions."""
        return self.blobs_url or self.data.absolute().as_uri()

    @property
    def fetched(self) -> Path:
        """Folder of the weights that were fetched from an object store."""
        return self.fetched_versions or self.data / "fetched"

    def environment(self) -> dict[str, str]:
        """The environment of a child process with the same settings."""
        own = self.model_dump(mode="json", exclude_none=True)
        written = {
            environment_name(name): value if isinstance(value, str) else json.dumps(value)
            for name, value in own.items()
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        return others | written

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the records."""
        return self.database_url or f"sqlite:///{self.data / 'mynah.db'}"


def settings_groups() -> Iterator[type[SettingsGroup]]:
    """The groups, in the order of the page that lists them."""
    return (base for base in Settings.__bases__ if issubclass(base, SettingsGroup))


def environment_name(setting: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{setting.upper()}"


def read_settings(**given: object) -> Settings:
    """Read the settings from the environment; those given take precedence unless they are None.

    Raises:
        OptionError: a setting has an invalid value, or there is none of that name.
    """
    _refuse_unknown(os.environ)
    try:
        return Settings.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = environment_name(str(first["loc"][0]))
        raise OptionError(f"{name}: {first['msg']}; correct it.") from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = NOT_SETTINGS | {environment_name(setting) for setting in Settings.model_fields}
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            similar = difflib.get_close_matches(name, known, n=1)
            meant = f"did you mean {similar[0]}?" if similar else "`mynah settings` lists them all."
            raise OptionError(f"{name}: there is no such setting; {meant}")
