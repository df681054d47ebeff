"""Settings of the server: the only place that reads the environment."""

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mynah.errors import OptionError

MEBIBYTE = 1 << 20


class Settings(BaseSettings):
    """Every setting is an environment variable `MYNAH_<NAME>`; lists are written as JSON."""

    model_config = SettingsConfigDict(
        env_prefix="MYNAH_", use_attribute_docstrings=True, frozen=True, extra="forbid"
    )

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    data: Path = Path.home() / ".local" / "share" / "mynah"
    """Folder of the database and the recordings."""
    database_url: str = ""
    """SQLAlchemy URL of the records; empty is SQLite in the data folder."""
    no_auth: bool = False
    """Serve without keys: everyone who can reach the port may do everything."""
    trust_network: bool = False
    """Allow that even where other machines can reach the port."""
    cors_origins: list[str] = []
    """Web origins whose pages may call the API."""
    model: Path | None = None
    """Folder of the model; the starter, which comes with Mynah, if there is none."""

    body_bytes: int = Field(default=MEBIBYTE, gt=0)
    """Largest body of a request without files."""
    upload_bytes: int = Field(default=10 * MEBIBYTE, gt=0)
    """Largest recording."""
    upload_recordings: int = Field(default=10, gt=0)
    """Most recordings of one voice."""
    upload_seconds: float = Field(default=300.0, gt=0)
    """Longest recording."""
    upload_kinds: list[str] = ["wav", "mp3"]
    """Kinds of audio that are taken: wav, mp3, flac, ogg."""
    body_seconds: float = Field(default=60.0, gt=0)
    """Time in which a request's body must have arrived."""

    queue_size: int = Field(default=64, gt=0)
    """Requests that are spoken at a time; more are refused until a place is free."""
    speech_seconds: float = Field(default=300.0, gt=0)
    """Time in which a piece of speech must be finished."""
    kept_voices: int = Field(default=128, gt=0)
    """Voices that stay ready to speak in memory."""
    shutdown_seconds: int = Field(default=30, ge=0)
    """Time that answers under way get when the server stops."""

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the records."""
        return self.database_url or f"sqlite:///{self.data / 'mynah.db'}"


def read_settings(**given: object) -> Settings:
    """The settings of the environment.

    Args:
        given: settings that go before it; None stands for none.

    Raises:
        OptionError: a setting is not of its form.
    """
    try:
        return Settings.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise OptionError(f"MYNAH_{name.upper()}: {first['msg']}; correct it.") from None
