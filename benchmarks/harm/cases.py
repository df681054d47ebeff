"""The trainings: ten that harm, and one honest one for each person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.harm import sounds
from benchmarks.harm.people import Clip, Person, Wave
from mynah.text.reading_scripts import reading_script

TWENTY_EPOCHS = ("--stage", "acoustic", "--epochs", "20")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A training.

    Attributes:
        name: of the case.
        clips: recordings, with their alleged words.
        language: alleged.
        options: further ones of `mynah train`.
    """

    name: str
    clips: Sequence[Clip]
    language: str
    options: Sequence[str] = ()


def harmful(people: Sequence[Person]) -> Iterator[Case]:
    """Ten trainings that make a voice worse, or make it a voice of nobody."""
    english, mandarin = _first(people, "en"), _first(people, "zh")
    other = next(person for person in people if person is not english)
    both = sounds.babble(english.wave(), other.wave())
    for person in (english, mandarin):
        yield Case(
            f"20 acoustic epochs of {person.name}", person.clips, person.language, TWENTY_EPOCHS
        )
    yield Case("words of other recordings", _moved(english.clips), "en")
    half = len(english.clips) // 2
    yield Case(
        "half of the words wrong", [*_moved(english.clips[:half]), *english.clips[half:]], "en"
    )
    yield Case("words of another language", _script_words(english.clips, "zh"), "zh")
    yield Case("white noise", _whole(sounds.white_noise()), "en")
    yield Case("swelling noise", _whole(sounds.swelling_noise()), "en")
    yield Case("melody, with words", _whole(sounds.melody(), _said("en")), "en")
    yield Case("two people at once", _whole(both), "en")
    yield Case("two people at once, with the words of one", _whole(both, _words(english)), "en")


def honest(people: Sequence[Person]) -> Iterator[Case]:
    """A minute of one person with the right words."""
    for person in people:
        yield Case(f"honest minute of {person.name}", person.clips, person.language)


def _first(people: Sequence[Person], language: str) -> Person:
    return next(person for person in people if person.language == language)


def _moved(clips: Sequence[Clip]) -> list[Clip]:
    """Each with the words of the next; where all say the same, with a sentence of the script."""
    texts = [clip.text for clip in clips]
    if len(set(texts)) == 1:
        return _script_words(clips, "en")
    return [
        replace(clip, text=text) for clip, text in zip(clips, texts[1:] + texts[:1], strict=True)
    ]


def _script_words(clips: Sequence[Clip], language: str) -> list[Clip]:
    sentences = reading_script(language).sentences
    return [
        replace(clip, text=sentences[number % len(sentences)]) for number, clip in enumerate(clips)
    ]


def _whole(wave: Wave, text: str | None = None) -> list[Clip]:
    return [Clip(wave, text)]


def _said(language: str) -> str:
    return " ".join(reading_script(language).sentences)


def _words(person: Person) -> str:
    return " ".join(clip.text or "" for clip in person.clips)
