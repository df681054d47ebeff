"""A person's sound under a name: what callers speak with."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mynah.audio.recording import Recording
from mynah.errors import RecordingError
from mynah.voice.recording import read_recording


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """Recordings of one person, not yet tied to any model.

    Attributes:
        name: what callers call it.
        recordings: the first prompts the semantic stage; all of them give the timbre.
        texts: the words of the recordings in their order; empty, or missing, where nobody knows
            them. A first recording without words prompts nothing.
        language: the language of these words.
    """

    name: str
    recordings: tuple[Recording, ...]
    texts: tuple[str, ...] = ()
    language: str = "auto"

    @property
    def key(self) -> str:
        """The same for voices of the same recordings and words, and for no others."""
        digest = hashlib.blake2b(repr((self.texts, self.language)).encode(), digest_size=16)
        for recording in self.recordings:
            digest.update(f"{recording.sample_rate}/{len(recording.samples)}/".encode())
            digest.update(recording.samples.tobytes())
        return digest.hexdigest()

    @classmethod
    def from_recording(
        cls,
        first: str | Path | bytes,
        *others: str | Path | bytes,
        text: str | Sequence[str | None] | None = None,
        language: str = "auto",
        name: str | None = None,
    ) -> Self:
        """A voice cloned from recordings, zero-shot: nothing is trained.

        Args:
            first: an audio file of the person, as a path or as bytes.
            others: more of them, which make the timbre more like the person's.
            text: the words of the first one, or of each.
            language: the language of these words.
            name: the voice's name; the first file's if not given.

        Raises:
            RecordingError: a recording cannot be used, or there are words of more recordings than
                there are; the message says why.
        """
        recordings = tuple(
            read_recording(Path(source) if isinstance(source, str) else source)
            for source in (first, *others)
        )
        named = name or ("voice" if isinstance(first, bytes) else Path(first).stem)
        known = (text,) if isinstance(text, str) else text or ()
        if len(known) > len(recordings):
            raise RecordingError(
                f"There are {len(known)} texts for {len(recordings)} recordings; give one for each."
            )
        return cls(named, recordings, tuple(each or "" for each in known), language)
