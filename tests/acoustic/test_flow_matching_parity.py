"""Features, velocities, mels and waves of v3 and v4 are what upstream computes."""

from dataclasses import replace

import pytest
import torch

from mynah.acoustic.flow_matching.sampler import SampledRow, sample
from mynah.acoustic.flow_matching.synthesis import (
    MelPrompt,
    SentenceMel,
    normalised,
    sample_all,
)
from mynah.audio.mel_spectrogram import mel_spectrogram
from mynah.checkpoints.file import read_checkpoint
from mynah.checkpoints.flow_matching import flow_matching_from, merge_lora
from mynah.checkpoints.vocoders import load_vocoder
from mynah.errors import CheckpointError

VOCODERS = {"v3": "bigvgan_tiny/bigvgan_generator.pt", "v4": "vocoder_tiny.pth"}


@pytest.fixture(scope="module", params=["v3", "v4"])
def version(request):
    return request.param


@pytest.fixture(scope="module")
def golden(version, golden_flow):
    return golden_flow(version)


@pytest.fixture(scope="module")
def model(version, parity_v3):
    return flow_matching_from(read_checkpoint(parity_v3(f"s2_{version}_tiny.pth")), version)


@pytest.fixture(scope="module")
def vocoder(version, flow_folder):
    return load_vocoder(flow_folder(version), version)


def mel_of(golden, name, model):
    geometry = model.config.geometry
    return mel_spectrogram(
        golden[name].flatten(),
        sample_rate=geometry.mel_rate,
        n_fft=geometry.n_fft,
        hop=geometry.hop,
        bands=100,
    )


def near(given, expected, tolerance):
    torch.testing.assert_close(given, expected, atol=tolerance, rtol=0)


def sentence(model, golden, case, speed):
    """A sentence as upstream's sequential loop makes it, with its noise."""
    most, window, steps = golden[f"{case}/limits"].tolist()
    ge = model.timbre([golden["refer"]])
    reference = model.features(golden["prompt/codes"][0], golden["prompt/phones"], ge)[0].T
    mel = normalised(mel_of(golden, "reference/audio", model)).T
    features = model.features(golden["text/codes"][0], golden["text/phones"], ge, speed)[0].T
    noises = (golden[f"{case}/noise{number}"][0].T for number in range(9))

    def noise(frames):
        given = next(noises)
        assert len(given) == frames
        return given

    return SentenceMel(
        model.estimator,
        features,
        MelPrompt.of_reference(reference, mel, int(most)),
        window=int(window),
        steps=int(steps),
        noise=noise,
    )


def test_timbre_and_tokens(model, golden):
    near(model.timbre([golden["refer"]]), golden["ge"], 1e-5)
    if "ssl" in golden:
        assert torch.equal(model.distances(golden["ssl"]).argmin(2), golden["semantic"][0])


def test_features_at_another_speed(model, golden):
    if "text/fea_speed_0.8" not in golden:
        pytest.skip("the reference of v4, whose last frame is zero there, is enough")
    given = golden["text/codes"][0], golden["text/phones"], golden["ge"]
    near(model.features(*given, 0.8), golden["text/fea_speed_0.8"], 3e-5)


@pytest.fixture(scope="module")
def evaluation(golden):
    """Inputs of the DiT: x, features, prompt; there are none for v4, which has the same."""
    if "estimator/x" not in golden:
        pytest.skip("the DiT of both versions is the same")
    x, prompt, mu = (golden[f"estimator/{name}"][0].T for name in ("x", "prompt", "mu"))
    return x, mu, prompt


@torch.inference_mode()
def test_one_evaluation_of_the_dit(model, golden, evaluation):
    estimator, (x, mu, prompt) = model.estimator, evaluation
    row = SampledRow.begin(estimator, mu, prompt, x, 4)
    mask = torch.ones(1, len(x), 1, dtype=torch.bool)
    step = estimator.d_embed(golden["estimator/d"])
    given = (x[None], row.prompt[None], row.text[None], mask, golden["estimator/t"], step)
    near(estimator(*given), golden["estimator/velocity"], 3e-5)


def test_steps_whose_number_is_no_power_of_two(model, golden, evaluation):
    _, mu, prompt = evaluation
    row = SampledRow.begin(model.estimator, mu, prompt, golden["cfm/noise"][0].T, 5)
    sample(model.estimator, [row])
    near(row.x, golden["cfm/steps_5"][0].T, 3e-5)


def test_rows_of_other_lengths_and_steps_change_nothing(model, golden):
    ge = model.timbre([golden["refer"]])
    features = model.features(golden["text/codes"][0], golden["text/phones"], ge)[0].T
    prompt = normalised(mel_of(golden, "reference/audio", model)).T
    noise = torch.randn(len(features), 100, generator=torch.Generator().manual_seed(0))
    sizes = [(50, 21, 4), (33, 5, 8), (7, 2, 3)]

    def rows():
        return [
            SampledRow.begin(model.estimator, features[:n], prompt[:p], noise[:n], steps)
            for n, p, steps in sizes
        ]

    alone, together = rows(), rows()
    for row in alone:
        sample(model.estimator, [row])
    sample(model.estimator, together)
    for one, other in zip(alone, together, strict=True):
        near(other.mel, one.mel, 1e-5)


def test_mel_of_a_recording(model, golden):
    if "mel/wav" not in golden:
        pytest.skip("v4's is in its sentences")
    mel = mel_of(golden, "mel/wav", model)
    near(normalised(mel)[None], golden["mel/normalised"], 2e-5)


@torch.inference_mode()
def test_vocoder(version, vocoder, golden):
    wave = vocoder(golden["vocoder/mel1"])
    near(wave, golden["vocoder/wave1"][0], 1e-4 if version == "v3" else 2e-5)


@torch.inference_mode()
def test_a_sentence_whose_prompt_gets_shorter(model, golden):
    made = sentence(model, golden, "short_reference", 1.0)
    sample_all(model.estimator, [made])
    near(made.mel.T[None], golden["short_reference/mel"], 1e-4)


@torch.inference_mode()
def test_a_fast_sentence(version, model, vocoder, golden):
    made = sentence(model, golden, "fast", 1.25)
    sample_all(model.estimator, [made])
    near(made.mel.T[None], golden["fast/mel"], 1e-4)
    wave = vocoder(made.mel.T[None]).flatten()
    near(wave, golden["fast/wave"].flatten(), 1e-4 if version == "v3" else 2e-5)


def test_a_lora_file_on_its_base(version, parity_v3, golden, evaluation):
    base, lora = (
        read_checkpoint(parity_v3(name))
        for name in (f"s2_{version}_tiny.pth", f"s2_{version}_lora_tiny.pth")
    )
    model = flow_matching_from(merge_lora(base, lora), version)
    ge = model.timbre([golden["refer"]])
    near(ge, golden["lora/ge"], 1e-5)
    features = model.features(golden["text/codes"][0], golden["text/phones"], ge)
    near(features, golden["lora/fea"], 3e-5)
    _, mu, prompt = evaluation
    row = SampledRow.begin(model.estimator, mu, prompt, golden["cfm/noise"][0].T, 4)
    sample(model.estimator, [row])
    near(row.x, golden["lora/steps_4"][0].T, 3e-5)


def test_a_lora_file_of_another_base_is_refused(version, parity_v3):
    base = read_checkpoint(parity_v3(f"s2_{version}_tiny.pth"))
    lora = read_checkpoint(parity_v3(f"s2_{version}_lora_tiny.pth"))
    name = "cfm.estimator.transformer_blocks.1.attn.to_q.weight"
    fewer = replace(base, weight={n: w for n, w in base.weight.items() if n != name})
    with pytest.raises(CheckpointError, match="transformer_blocks.1"):
        merge_lora(fewer, lora)
    half = {n: w for n, w in lora.weight.items() if "lora_B" not in n}
    with pytest.raises(CheckpointError, match="incomplete"):
        merge_lora(base, replace(lora, weight=half))
