"""Queries and messages of the WebSockets `stream-input` and `multi-stream-input`."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mynah.options import SpeechOptions
from mynah.server.compat.elevenlabs.speech import SpeechQuery
from mynah.server.compat.elevenlabs.voice_settings import VoiceSettings
from mynah.server.plain_text import PlainText
from mynah.server.speech.params import MODEL
from mynah.server.speech.streaming_input import TextPiece

LONGEST_SILENCE = 180
"""Most seconds of `inactivity_timeout`."""


class InputQuery(SpeechQuery):
    """Parameters of a socket; the fields without description have no effect."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model_id: PlainText = MODEL
    """`mynah`; the names of ElevenLabs' own models stand for it too."""
    language_code: PlainText | None = None
    """Language of the texts; detected if it is not given."""
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)
    """Equal seeds give equal sound."""
    sync_alignment: bool = False
    """Tell when each character is heard; the audio of a sentence then comes when it is whole."""
    inactivity_timeout: int = Field(default=20, ge=1, le=LONGEST_SILENCE)
    """Seconds without a message after which the socket is closed."""

    def options(self, speed: float) -> SpeechOptions:
        """Convert to Mynah's options."""
        default = SpeechOptions()
        return SpeechOptions(
            language=self.language_code or default.language,
            speed=speed,
            seed=self.seed or default.seed,
        )


class InputMessage(BaseModel):
    """A piece of text, and what is to be done with it.

    Fields that are not listed, such as `generation_config` and `try_trigger_generation`, have no
    effect: a sentence is spoken as soon as it has ended.
    """

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    text: Annotated[str, Field(max_length=4096)] | None = None
    """Continues the text before it; empty ends `stream-input`."""
    flush: bool = False
    """Speak the text so far, in the middle of a sentence or not."""
    voice_settings: VoiceSettings | None = None
    """Settings of the voice, in the first message."""
    pronunciation_dictionary_locators: Annotated[list[Any], Field(max_length=0)] | None = None
    """Not supported: must be empty."""
    xi_api_key: PlainText | None = None
    """The key, in the first message, if neither the header nor the query has it."""
    authorization: PlainText | None = None
    """The same, as `Bearer <key>`."""
    context_id: Annotated[PlainText, Field(max_length=100)] | None = None
    """The context of `multi-stream-input` that it belongs to."""
    close_context: bool = False
    """Speak what there is, then end the context."""
    close_socket: bool = False
    """End all contexts so, then close the socket."""

    @property
    def piece(self) -> TextPiece:
        """The text for the input session."""
        return TextPiece(self.text or "", self.flush)

    @property
    def key(self) -> str | None:
        """The key that the message has, if it has one."""
        return self.xi_api_key or (self.authorization or "").removeprefix("Bearer ") or None
