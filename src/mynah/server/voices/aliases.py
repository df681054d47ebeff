"""Other names of voices: those that the settings give, and those of other services' voices."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mynah.errors import VoiceNotFoundError
from mynah.server.access.keys import Caller
from mynah.server.voices.store import VoiceRecord, VoiceStore

OPENAI_VOICES = frozenset(
    {
        "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx",
        "sage", "shimmer", "verse",
    }
)  # fmt: skip
"""Names that OpenAI's clients send when nobody has chosen a voice."""
ELEVENLABS_VOICES = frozenset(
    {
        "21m00Tcm4TlvDq8ikWAM", "29vD33N1CtxCmqQRPOHJ", "2EiwWnXFnvU5JabPnv8n",
        "5Q0t7uMcjvnagumLfvZi", "9BWtsMINqrJLrRacOk9x", "AZnzlk1XvdvUeBnXmlld",
        "CYw3kZ02Hs0563khs1Fj", "CwhRBWXzGAHq8TQ4Fs17", "D38z5RcWu1voky8WS1ja",
        "EXAVITQu4vr4xnSDxMaL", "ErXwobaYiN019PkySvjV", "FGY2WhTYpPnrIDTdsKH5",
        "GBv7mTt0atIp3Br8iCZE", "IKne3meq5aSn9XLyUdCD", "JBFqnCBsd6RMkjVDRZzb",
        "LcfcDJNUP1GQjkzn1xUU", "MF3mGyEYCl7XYWbV9V6O", "N2lVS1w4EtoT3dr4eOWO",
        "ODq5zmih8GrVes37Dizd", "SAz9YHcvj6GT2YYXdXww", "SOYHLrjzK2X1ezoPC6cr",
        "TX3LPaxmHKxFdv7VOQHJ", "ThT5KcBeYPX3keUQqHPh", "TxGEqnHWrfWFTfGW9XjX",
        "VR6AewLTigWG4xSOukaG", "XB0fDUnXU5powFXDhCwa", "Xb7hH8MSUJpSbSDYk0k2",
        "XrExE9yKIg1WjnnlVkGX", "ZQe5CZNOzWyzPSCn5a3c", "Zlb1dXrM653N07WRdFW3",
        "bIHbv24MWmsRgasZH58o", "cgSgspJ2msm6clMCkdW9", "cjVigY5qzO86Huf0OWal",
        "flq6f7yk4E4fJM5XTYuZ", "hpp4J3VqNfWAUOO0d1Us", "iP95p4xoKVk53GoZ742B",
        "nPczCjzI2devNBz1zQrb", "onwK4e9ZLuTAKqWW03F9", "pFZP5JQG7iQjIQuC4Bku",
        "pNInz6obpgDQGcFmaJgB", "pqHfZKP75CvOlQylNhV4", "yoZ06aMxZJJ28mfd3POQ",
    }
)  # fmt: skip
"""Ids of ElevenLabs' premade voices, some of which its clients and examples have as defaults."""


@dataclass(frozen=True, slots=True)
class VoiceAliases:
    """Names that stand for voices where something is to be spoken.

    Attributes:
        names: ids or names of voices, by the names that stand for them.
        default: id or name of the voice for the other services' voices; empty for none.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    default: str = ""

    def find(self, voices: VoiceStore, caller: Caller, name: str) -> VoiceRecord:
        """The voice of an id or a name, or the one that the name stands for.

        Raises:
            VoiceNotFoundError: there is none, or none that the caller may speak with.
        """
        try:
            return voices.get(caller, name)
        except VoiceNotFoundError:
            meant = self._meant(name)
            if not meant:
                raise
        try:
            return voices.get(caller, meant)
        except VoiceNotFoundError:
            raise VoiceNotFoundError(
                f"The settings have the voice {meant:.80} speak for {name:.80}, and there is none"
                " of that name; GET /v1/voices lists those that there are."
            ) from None

    def _meant(self, name: str) -> str:
        return self.names.get(name) or (
            self.default if name in OPENAI_VOICES | ELEVENLABS_VOICES else ""
        )
