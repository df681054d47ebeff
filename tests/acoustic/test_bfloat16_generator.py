"""The generator in bfloat16 sounds as the plain one does, each row by itself."""

import pytest
import torch

from mynah.acoustic import vocoder
from mynah.acoustic.bfloat16_generator import BFloat16Generator
from mynah.acoustic.hifigan import Generator
from mynah.acoustic.passage import Passage
from mynah.acoustic.piecewise import decode_next
from mynah.acoustic.vocoder import SIGNAL_TO_NOISE, faster
from mynah.voice.timbre import Timbre

HOP = 640
FRAMES = (9, 4, 1)


@pytest.fixture
def model(small):
    model = small()
    model.fuse()
    return model


@pytest.fixture
def rows():
    """Latents, timbres and mask of rows of different lengths."""
    noise = torch.Generator().manual_seed(1)
    mask = torch.arange(max(FRAMES)) < torch.tensor(FRAMES)[:, None, None]
    z = torch.randn(len(FRAMES), 16, max(FRAMES), generator=noise)
    return z, torch.randn(len(FRAMES), 32, 1, generator=noise), mask


def signal_to_noise(exact, wave):
    return 10 * (exact.var() / (exact - wave).square().mean()).log10()


@torch.inference_mode()
def test_it_sounds_as_the_plain_one(model, rows):
    z, ge, mask = rows
    exact = model.dec(z * mask, ge, mask)
    wave = BFloat16Generator(model.dec)(z, ge, mask)
    assert wave.shape == exact.shape
    assert wave.dtype == torch.float32
    assert signal_to_noise(exact, wave) > SIGNAL_TO_NOISE


@torch.inference_mode()
def test_a_row_is_the_same_to_the_bit_alone_and_in_a_batch(model, rows):
    decode = BFloat16Generator(model.dec)
    together = decode(*rows)
    for z, ge, frames, wave in zip(rows[0], rows[1], FRAMES, together, strict=True):
        alone = decode(z[None, :, :frames], ge[None])[0]
        assert torch.equal(wave[:, : frames * HOP], alone)
        assert not wave[:, frames * HOP :].any()


@torch.inference_mode()
def test_a_broken_row_leaves_its_neighbours_alone(model, rows):
    z, ge, mask = rows
    decode = BFloat16Generator(model.dec)
    sound = decode(z, ge, mask)
    z[1] = torch.nan
    broken = decode(z, ge, mask)
    assert broken[1].isnan().any()
    assert torch.equal(broken[[0, 2]], sound[[0, 2]])


def test_the_plain_one_stays_as_it_is(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    BFloat16Generator(model.dec)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_pieces_are_made_with_it(model):
    def passage():
        made = Passage(torch.arange(8), Timbre(torch.ones(1, 32, 1)))
        made.tokens, made.ended = list(range(14)), True
        return made

    plain, fast = passage(), passage()
    while plain.piece:
        (exact,), (wave,) = (
            decode_next(model, [plain]),
            decode_next(model, [fast], BFloat16Generator(model.dec)),
        )
        assert 0 < (exact - wave).norm() < 0.1 * exact.norm()
    assert fast.done


class Stub:
    """In place of the generator in bfloat16: the plain sound with an error, after some seconds."""

    seconds, error = 0.0, 0.0

    def __init__(self, generator):
        self.generator = generator

    def __call__(self, z, ge):
        self.clock.now += self.seconds
        wave = Generator.forward(self.generator, z, ge)
        return wave + self.error * wave.std()


class Slow(Generator):
    """A plain generator that takes some time."""

    clock = None

    def forward(self, z, ge, mask=None):
        self.clock.now += 0.1
        return super().forward(z, ge, mask)


class Clock:
    """Goes on only when it is moved: a machine may be as busy as it likes."""

    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.mark.parametrize(
    ("seconds", "error", "chosen"),
    [(0, 0.01, True), (0, 0, True), (0, 0.2, False), (0, torch.nan, False), (0.4, 0.01, False)],
)
def test_it_is_chosen_where_it_is_faster_and_sounds_the_same(
    small, monkeypatch, seconds, error, chosen
):
    clock = Clock()
    monkeypatch.setattr(vocoder, "time", clock)
    stub = type("Stubbed", (Stub,), {"seconds": seconds, "error": error, "clock": clock})
    monkeypatch.setattr(vocoder, "BFloat16Generator", stub)
    slow = Slow(small().config).eval()
    slow.clock = clock
    assert (faster(slow) is not None) == chosen
