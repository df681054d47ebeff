"""Voices are kept by the bytes they take."""

from mynah.engine.prompts import Prompts, Speaker


class Sized:
    def __init__(self, size: int) -> None:
        self.size = size


def test_the_longest_unused_give_way():
    read = []

    def reading(voice):
        read.append(voice)
        return Sized(int(voice))

    prompts = Prompts(reading, 10)
    for voice in ("4", "5", "4", "3", "5", "4", "11", "4"):
        assert prompts.of(Speaker(voice, lambda voice=voice: voice)).size == int(voice)
    assert read == ["4", "5", "3", "5", "4", "11", "4"]


def test_a_models_prompt_knows_its_size(models, voice):
    prompt = models.read(voice)
    assert prompt.size == 8 * (len(prompt.codes) + len(prompt.phones)) + 4 * 32
