"""The generator as CPUs like it sounds as the plain one does, each row by itself."""

import pytest
import torch

from mynah.acoustic import spectral_convolution
from mynah.acoustic.backends import channels_last, select
from mynah.acoustic.backends.channels_last import ChannelsLastGenerator
from mynah.acoustic.backends.select import SIGNAL_TO_NOISE, select_cpu
from mynah.acoustic.sovits.hifigan import Generator
from mynah.acoustic.sovits.streaming import SoVITSStream, decode_next

HOP = 640
FRAMES = (9, 4, 1)


@pytest.fixture
def model(small):
    model = small()
    model.fuse()
    return model


@pytest.fixture(params=["bfloat16", "float32", "float32 by spectra"])
def dtype(request, monkeypatch):
    name, *by_spectra = request.param.split(" ", 1)
    if by_spectra:  # which convolutions as small as the model's would not gain by
        monkeypatch.setattr(spectral_convolution, "LEAST_CHANNELS", 2)
    return getattr(torch, name)


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
def test_it_sounds_as_the_plain_one(model, rows, dtype):
    z, ge, mask = rows
    exact = model.dec(z * mask, ge, mask)
    wave = ChannelsLastGenerator(model.dec, dtype)(z, ge, mask)
    assert wave.shape == exact.shape
    assert wave.dtype == torch.float32
    least = SIGNAL_TO_NOISE if dtype == torch.bfloat16 else 80
    assert signal_to_noise(exact, wave) > least


@pytest.mark.parametrize("part", [700, 1_000, 2_879])
@torch.inference_mode()
def test_nothing_is_heard_of_where_parts_of_the_last_stage_meet(model, rows, monkeypatch, part):
    z, ge, mask = rows
    decode = ChannelsLastGenerator(model.dec, torch.float32)
    whole = decode(z, ge, mask)  # of up to 2,880 moments
    monkeypatch.setattr(channels_last, "PART", part)
    assert torch.allclose(decode(z, ge, mask), whole, atol=1e-6)


@torch.inference_mode()
def test_a_row_is_the_same_to_the_bit_alone_and_in_a_batch(model, rows, dtype):
    decode = ChannelsLastGenerator(model.dec, dtype)
    together = decode(*rows)
    for z, ge, frames, wave in zip(rows[0], rows[1], FRAMES, together, strict=True):
        alone = decode(z[None, :, :frames], ge[None])[0]
        assert torch.equal(wave[:, : frames * HOP], alone)
        assert not wave[:, frames * HOP :].any()


@torch.inference_mode()
def test_a_broken_row_leaves_its_neighbours_alone(model, rows, dtype):
    z, ge, mask = rows
    decode = ChannelsLastGenerator(model.dec, dtype)
    sound = decode(z, ge, mask)
    z[1] = torch.nan
    broken = decode(z, ge, mask)
    assert broken[1].isnan().any()
    assert torch.equal(broken[[0, 2]], sound[[0, 2]])


def test_the_plain_one_stays_as_it_is(model, dtype):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    ChannelsLastGenerator(model.dec, dtype)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_pieces_are_made_with_it(model, dtype):
    def stream():
        made = SoVITSStream(torch.arange(8), torch.ones(1, 32, 1))
        made.tokens, made.ended = list(range(14)), True
        return made

    plain, fast = stream(), stream()
    while plain.chunk:
        (exact,), (wave,) = (
            decode_next(model, [plain]),
            decode_next(model, [fast], ChannelsLastGenerator(model.dec, dtype)),
        )
        assert 0 < (exact - wave).norm() < 0.1 * exact.norm()
    assert fast.done


class Stub:
    """In place of the generator: the plain sound with an error, after some seconds.

    Attributes:
        cases: seconds and error by type.
    """

    cases, clock = None, None

    def __init__(self, generator, dtype):
        self.generator, self.dtype = generator, dtype

    def __call__(self, z, ge):
        seconds, error = self.cases[self.dtype]
        self.clock.now += seconds
        wave = Generator.forward(self.generator, z, ge)
        return wave + error * wave.std()


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


GOOD, LOUD, BROKEN, SLOW = (0, 0.01), (0, 0.2), (0, torch.nan), (0.4, 0)


@pytest.mark.parametrize(
    ("rounded", "single", "chosen"),
    [
        (GOOD, GOOD, torch.bfloat16),
        (LOUD, GOOD, torch.float32),
        (BROKEN, GOOD, torch.float32),
        (SLOW, GOOD, torch.float32),
        (SLOW, SLOW, None),
        (None, GOOD, torch.float32),
        (None, SLOW, None),
    ],
)
def test_what_is_faster_and_sounds_the_same_is_chosen(small, monkeypatch, rounded, single, chosen):
    clock = Clock()
    monkeypatch.setattr(select, "time", clock)
    monkeypatch.setattr(select, "has_bfloat16", lambda _: rounded is not None)
    cases = {torch.bfloat16: rounded, torch.float32: single}
    stub = type("Stubbed", (Stub,), {"cases": cases, "clock": clock})
    monkeypatch.setattr(select, "ChannelsLastGenerator", stub)
    slow = Slow(small().config).eval()
    slow.clock = clock
    taken = select_cpu(slow)
    assert (taken and taken.dtype) == chosen
