"""Speech to judge: by Mynah, by real people, of a training corpus, or of a folder.

Every function gives sets: a label and utterances of one language, each with the
timbre that it should have. Utterances are made when they are asked for.
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.quality.judges import Judges
from benchmarks.quality.recogniser import Array
from benchmarks.quality.voices import HumanVoice, Utterance, read_audio

Pair: TypeAlias = tuple[Utterance, Array | None]
Set: TypeAlias = tuple[str, Iterable[Pair]]

LANGUAGES = ("zh", "en")


def from_mynah(
    voices: Sequence[HumanVoice],
    timbres: Mapping[str, Array],
    cache: Path,
    limit: int,
    seed: int,
) -> list[Set]:
    """Every voice reads the first `limit` fixed sentences of each language."""
    sentences = json.loads((Path(__file__).parent / "sentences.json").read_text())
    return [
        (
            f"Mynah as {voice.name} ({voice.person})",
            zip(
                _spoken(voice, sentences[language][:limit], language, cache, seed),
                repeat(timbres[voice.name]),
                strict=False,
            ),
        )
        for language in LANGUAGES
        for voice in voices
    ]


def from_people(voices: Sequence[HumanVoice], timbres: Mapping[str, Array]) -> list[Set]:
    """The real recordings; all but each person's reference are compared with it."""
    return [("real people", list(_recorded(voices, timbres, language))) for language in LANGUAGES]


def from_corpus(folder: Path, judges: Judges, limit: int, seed: int) -> list[Set]:
    """A sample of a corpus, each clip beside the next one of the same speaker.

    Args:
        folder: Holds the recordings and `metadata.jsonl`, one object a line with `file`,
            `text`, `lang` and `speaker`, a speaker's clips in a row.
        judges: Hear the neighbour's timbre.
        limit: Clips of each language.
        seed: Of the sample.
    """
    lines = (folder / "metadata.jsonl").read_text().splitlines()
    beside = [
        (clip, neighbour)
        for clip, neighbour in pairwise(json.loads(line) for line in lines)
        if clip["speaker"] == neighbour["speaker"]
    ]
    dice = random.Random(seed)
    sets: list[Set] = []
    for language in LANGUAGES:
        candidates = [pair for pair in beside if pair[0]["lang"] == language]
        chosen = dice.sample(candidates, min(limit, len(candidates)))
        sets.append(("training corpus", _corpus_clips(folder, chosen, judges)))
    return sets


def from_folder(folder: Path, judges: Judges) -> list[Set]:
    """Recordings listed in `wavs.json`: objects with `file`, `text`, `language`, `reference`.

    `reference`, a recording of the speaker that was to be met, may be left out; paths
    are relative to the folder.
    """
    listed = json.loads((folder / "wavs.json").read_text())
    return [
        (folder.name, list(_listed(folder, listed, judges, language)))
        for language in LANGUAGES
        if any(entry["language"] == language for entry in listed)
    ]


def _spoken(
    voice: HumanVoice, sentences: Sequence[str], language: str, cache: Path, seed: int
) -> Iterator[Utterance]:
    import mynah  # noqa: PLC0415 - judging a folder needs no model

    prompt = cache / "prompts" / f"{voice.name}.wav"
    voice.reference.save(prompt)
    cloned = mynah.Voice.from_recording(prompt, text=voice.reference.text)
    for sentence in sentences:
        made = mynah.speak(sentence, voice=cloned, language=language, seed=seed)
        yield Utterance(made.samples, made.sample_rate, sentence, language)


def _recorded(
    voices: Sequence[HumanVoice], timbres: Mapping[str, Array], language: str
) -> Iterator[Pair]:
    for voice in voices:
        if voice.language == language:
            yield voice.reference, None
            yield from ((other, timbres[voice.name]) for other in voice.others)


def _corpus_clips(
    folder: Path, chosen: Sequence[tuple[dict[str, Any], dict[str, Any]]], judges: Judges
) -> Iterator[Pair]:
    for clip, neighbour in chosen:
        yield (
            _clip(folder, clip["file"], clip["text"], clip["lang"]),
            judges.timbre(_clip(folder, neighbour["file"], neighbour["text"], neighbour["lang"])),
        )


def _listed(
    folder: Path, listed: Sequence[dict[str, str]], judges: Judges, language: str
) -> Iterator[Pair]:
    for entry in listed:
        if entry["language"] == language:
            said = _clip(folder, entry["file"], entry["text"], language)
            reference = entry.get("reference")
            wanted = _clip(folder, reference, "", language) if reference else None
            yield said, judges.timbre(wanted) if wanted else None


def _clip(folder: Path, file: str, text: str, language: str) -> Utterance:
    return Utterance(*read_audio(folder / file), text=text, language=language)
