"""Things are kept by the bytes they take."""

from mynah.engine.local.sized_lru import SizedLRU


class Sized:
    def __init__(self, size: int) -> None:
        self.size = size


def used(kept: SizedLRU, keys) -> list[str]:
    """Which of the things had to be made; each is as large as its name says."""
    made = []

    def make(key):
        made.append(key)
        return Sized(int(key))

    for key in keys:
        assert kept.get(key, lambda key=key: make(key)).size == int(key)
    return made


def test_the_longest_unused_give_way():
    keys = ("4", "5", "4", "3", "5", "4", "11", "4")
    assert used(SizedLRU(10), keys) == ["4", "5", "3", "5", "4", "11", "4"]


def test_what_is_in_use_stays():
    busy = {"4", "11"}
    kept = SizedLRU(10, busy.__contains__)
    assert used(kept, ("4", "5", "11", "4", "5", "11")) == ["4", "5", "11", "5"]
    assert kept.bytes_in_use == 15
    busy.clear()
    assert used(kept, ("6", "4")) == ["6", "4"]
    assert "11" not in kept
    assert kept.bytes_in_use == 0


def test_a_models_prompt_knows_its_size(models, voice):
    prompt = models.read(voice)
    assert prompt.size == 8 * (len(prompt.codes) + len(prompt.phones)) + 4 * 32
