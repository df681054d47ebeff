"""Sound that is made chunk by chunk equals what is made at once."""

import pytest
import torch

from mynah.acoustic.backends.channels_last import padded_length
from mynah.acoustic.decode_stream import AHEAD_TOKENS, FIRST_CHUNKS, LATER_CHUNKS
from mynah.acoustic.sovits.streaming import SoVITSStream, decode_next
from mynah.checkpoints.sovits import load_sovits

HOP = 640
FRAME = 160


class Silent(SoVITSStream):
    """A stream without noise."""

    def noise(self, start, end, channels):
        return torch.zeros(channels, end - start)


def stream(tokens=150, *, speed=1.0, seed=7, kind=SoVITSStream):
    generator = torch.Generator().manual_seed(seed)
    phones = torch.randint(700, (40,), generator=generator)
    made = kind(phones, torch.randn(1, 512, 1, generator=generator), speed, seed)
    made.tokens = torch.randint(1024, (tokens,), generator=generator).tolist()
    return made


def chunks(model, spoken):
    """Sound of a stream whose tokens come one at a time."""
    coming, spoken.tokens = spoken.tokens, []
    waves = []
    for token in coming:
        spoken.tokens.append(token)
        if spoken.chunk:
            waves += decode_next(model, [spoken])
    spoken.ended = True
    while spoken.chunk:
        waves += decode_next(model, [spoken])
    assert spoken.done
    return waves


def at_once(model, spoken, postfilter=None):
    spoken.ended, spoken.sizes = True, (10_000,)
    (wave,) = decode_next(model, [spoken], postfilter=postfilter)
    return wave


def scaled(latents, mask, states):
    """A post-filter whose states are factors of the latents."""
    assert not latents.masked_select(~mask).any()
    return latents * torch.tensor(states).view(-1, 1, 1)


def spectrum(wave):
    """Levels in dB, (bins, frames of 5 ms)."""
    window = torch.hann_window(1024)
    bins = torch.stft(wave, 1024, FRAME, window=window, return_complex=True)
    return 20 * bins.abs().clamp(min=1e-4).log10()


def distance(one, other):
    """Log-spectral distance of each frame in dB."""
    return (spectrum(one) - spectrum(other)).square().mean(0).sqrt()


@pytest.fixture(scope="module")
def model(parity):
    model = load_sovits(parity("s2_v2_tiny.pth"))
    model.fuse()
    return model


@pytest.mark.parametrize("tokens", [1, 12, 40])
def test_a_passage_at_once_is_what_the_model_decodes(model, tokens):
    spoken = stream(tokens, kind=Silent)
    expected = model.decode(
        torch.tensor([spoken.tokens]), spoken.phones[None], spoken.timbre, noise_scale=0
    )[0]
    wave = at_once(model, spoken)
    torch.testing.assert_close(wave, expected, atol=1e-5, rtol=1e-4)


def test_the_postfilter_stands_between_flow_and_decoder(model):
    spoken = stream(12, kind=Silent)
    spoken.speaker_state = 1.5
    prior = model.prior(torch.tensor([spoken.tokens]), spoken.phones[None], spoken.timbre)
    latents = model.render(prior.mean, prior.mask, spoken.timbre)
    expected = model.dec(1.5 * latents, spoken.timbre)[0, 0]
    wave = at_once(model, spoken, scaled)
    torch.testing.assert_close(wave, expected, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(wave, at_once(model, stream(12, kind=Silent)), atol=1e-3)


def test_rows_of_a_batch_have_their_own_speaker_states(model):
    def all_three():
        made = [stream(tokens, seed=tokens, kind=Silent) for tokens in (5, 20, 12)]
        for each, factor in zip(made, (1.0, 0.7, 1.4), strict=True):
            each.ended, each.sizes, each.speaker_state = True, (10_000,), factor
        return made

    together = decode_next(model, all_three(), postfilter=scaled)
    for spoken, wave in zip(all_three(), together, strict=True):
        (alone,) = decode_next(model, [spoken], postfilter=scaled)
        torch.testing.assert_close(wave, alone, atol=1e-5, rtol=1e-4)


def test_the_first_piece_is_small_and_later_ones_grow(model):
    lengths = [len(wave) // (2 * HOP) for wave in chunks(model, stream(230))]
    assert lengths == [*FIRST_CHUNKS, 230 - sum(FIRST_CHUNKS)]


@pytest.mark.parametrize("sizes", [FIRST_CHUNKS, LATER_CHUNKS])
def test_pieces_with_what_they_overlap_are_made_for_the_decoder(model, sizes, monkeypatch):
    lengths, decode = [], model.dec.forward
    monkeypatch.setattr(
        model.dec, "forward", lambda z, *rest: lengths.append(z.shape[2]) or decode(z, *rest)
    )
    spoken = stream(sum(sizes) + 10)
    spoken.sizes = sizes
    chunks(model, spoken)
    assert len(lengths) == len(sizes) + 1
    assert all(padded_length(length) == length for length in lengths[:-1])


def test_a_piece_waits_for_the_tokens_after_it():
    spoken = stream(FIRST_CHUNKS[0] + AHEAD_TOKENS - 1)
    assert spoken.chunk is None
    spoken.tokens.append(0)
    assert not spoken.chunk.last
    del spoken.tokens[5:]
    spoken.ended = True
    assert spoken.chunk.last


@pytest.mark.parametrize("speed", [1.0, 0.8, 1.7])
def test_joins_are_not_heard(model, speed):
    """Pieces know less of what follows than the whole does; joins add nothing to that."""
    spoken = stream(speed=speed)
    spoken.sizes = (12, 25, 25, 25, 25, 50)
    waves = chunks(model, spoken)
    whole = at_once(model, stream(speed=speed))
    joined = torch.cat(waves)
    assert joined.shape == whole.shape
    ends = torch.tensor([len(wave) for wave in waves]).cumsum(0)[:-1]
    # The last chunk knows all that there is, and so says nothing of the others.
    far = distance(joined, whole)[: ends[-1] // FRAME]
    off = (torch.arange(len(far))[:, None] - ends // FRAME).abs().min(1).values
    at_joins, elsewhere = far[off <= 3].mean(), far[off > 10].mean()
    assert at_joins < 1.25 * elsewhere
    assert elsewhere < 4
    steps = joined.diff().abs()
    assert steps[ends - 1].max() < steps.max()


def test_a_click_would_be_noticed(model):
    """The measure of the test above, on chunks that were made without one another."""
    whole = at_once(model, stream(75))
    apart = []
    for start in (0, 25, 50):
        part = stream(75)
        part.tokens = part.tokens[start : start + 25]
        apart.append(at_once(model, part))
    far = distance(torch.cat(apart), whole)
    at_joins = torch.cat([far[end // FRAME - 3 : end // FRAME + 4] for end in (32_000, 64_000)])
    assert at_joins.mean() > 5


def test_noise_does_not_depend_on_how_it_is_asked_for():
    whole = stream().noise(0, 300, 12)
    spoken = stream()
    parts = [spoken.noise(start, start + 50, 12) for start in range(0, 300, 50)]
    assert torch.equal(torch.cat(parts, 1), whole)
    assert not torch.equal(stream(seed=8).noise(0, 300, 12), whole)


def test_passages_decoded_together_sound_as_each_alone(model):
    def some():
        short = stream(9, seed=1)
        short.ended = True
        return [stream(60, seed=2), short, stream(60, seed=3, speed=0.8), stream(60, seed=4)]

    together, alone = some(), some()
    for group in ([0, 1, 2], [2, 0, 3]):
        waves = decode_next(model, [together[at] for at in group])
        for at, wave in zip(group, waves, strict=True):
            torch.testing.assert_close(
                wave, decode_next(model, [alone[at]])[0], atol=1e-4, rtol=1e-3
            )


@pytest.mark.parametrize("speed", [0.5, 0.6, 0.8, 1.1, 1.5, 2.0])
def test_speed_changes_the_duration(model, speed):
    wave = torch.cat(chunks(model, stream(50, speed=speed)))
    assert len(wave) == (int(100 / speed) + 1) * HOP


@pytest.mark.parametrize("speed", [1.0, 0.8, 1.25])
def test_sound_does_not_depend_on_when_tokens_come(model, speed):
    one_by_one = chunks(model, stream(60, speed=speed))
    spoken = stream(60, speed=speed)
    spoken.ended = True
    while chunk := spoken.chunk:
        (wave,) = decode_next(model, [spoken])
        assert torch.equal(wave, one_by_one.pop(0)), chunk
    assert not one_by_one


def test_equal_seeds_sound_equal(model):
    one, same = (torch.cat(chunks(model, stream(60))) for _ in range(2))
    assert torch.equal(one, same)
