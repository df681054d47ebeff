"""Fine-tuning of the acoustic model: the path of synthesis, and that a voice is learned."""

from dataclasses import replace

import pytest
import torch
from made_voice import Listener, StopAt, made_slice, made_slices, never

from mynah.audio.spectrogram import linear_spectrogram
from mynah.checkpoints.sovits import load_sovits
from mynah.training.acoustic_task import AcousticPlan, AcousticTask, adapted_parameters
from mynah.training.adapters import FULL, fresh_changes
from mynah.training.loop import Progress, TrainingPlan, learn
from mynah.training.synthesis import SegmentSynthesis, TrainingClip, TrainingSegment
from mynah.training.trainer import Stopped

CPU = torch.device("cpu")
QUICK = AcousticPlan(rate=5e-3, segments=2, frames=8, adversarial_from=None)
CRITICAL = replace(QUICK, adversarial_from=2)


@pytest.fixture
def sovits(tiny):
    return load_sovits(tiny / "acoustic.pth")


def spoken(sovits, clip):
    """A clip whose sound a model makes, with another timbre than it hears in the clip."""
    timbre = sovits.timbre([clip.spectrogram[None]]) + 3.0
    wave = sovits.decode(clip.codes[None], clip.phones[None], timbre, noise_scale=0)
    return replace(clip, wave=wave[0], spectrogram=linear_spectrogram(wave)[0])


def task(sovits, plan=QUICK, rank=4):
    network = SegmentSynthesis.of(sovits.config, sovits.state_dict())
    changes = fresh_changes(network, adapted_parameters(network, rank), 0)
    heard = [spoken(sovits, TrainingClip.of(each)) for each in made_slices(4)]
    held_out = [spoken(sovits, TrainingClip.of(made_slice(99)))]
    return AcousticTask(network, changes, heard, held_out, plan, CPU)


def run(taught, folder, steps, should_stop=never, **plan):
    progress = Progress(Listener(), "acoustic", 0, 100)
    plan = TrainingPlan(steps, measured_every=steps, **plan)
    return learn(taught, plan, folder / "a.checkpoint", progress, should_stop)


def test_segments_are_parts_of_what_synthesis_makes_of_the_whole(sovits):
    with torch.no_grad():  # without noise, which differs between the two
        sovits.enc_p.proj.weight.chunk(2)[1].zero_()
        sovits.enc_p.proj.bias.chunk(2)[1].fill_(-30.0)
        network = SegmentSynthesis.of(sovits.config, sovits.state_dict()).eval()
        clips = [TrainingClip.of(made_slice(0, tokens=60)), TrainingClip.of(made_slice(1))]
        reference = clips[1].spectrogram
        starts = (0, clips[1].frames - 20)
        segments = [
            TrainingSegment(clip, start, reference)
            for clip, start in zip(clips, starts, strict=True)
        ]
        made = network(segments, 20)
        timbre = sovits.timbre([reference[None]])
        for clip, start, wave in zip(clips, starts, made, strict=True):
            whole = sovits.decode(clip.codes[None], clip.phones[None], timbre)[0]
            torch.testing.assert_close(
                wave, whole[start * 640 : (start + 20) * 640], rtol=1e-3, atol=1e-4
            )


def test_adapters_go_to_the_matrices_before_the_vocoder(sovits):
    network = SegmentSynthesis.of(sovits.config, sovits.state_dict())
    ranks = adapted_parameters(network, 8)
    assert ranks["enc_p.proj.weight"] == 8
    assert ranks["flow.flows.0.enc.in_layers.0.weight_v"] == 8
    assert ranks["ref_enc.fc.fc.bias"] == FULL
    assert not any(name.startswith(("quantizer", "ssl_proj", "dec.ups")) for name in ranks)
    assert not any(name.endswith(("weight_g", "gamma", "emb_rel_k")) for name in ranks)
    whole = adapted_parameters(network, FULL)
    assert set(whole.values()) == {FULL}
    assert "dec.ups.0.weight_v" in whole
    assert not any(name.startswith(("quantizer", "ssl_proj")) for name in whole)


@pytest.mark.parametrize("rank", [4, FULL])
def test_a_voice_is_learned(sovits, tmp_path, rank):
    outcome = run(task(sovits, rank=rank), tmp_path, 20)
    assert outcome.loss < 0.8 * outcome.loss_before


def test_discriminators_join_and_add_losses(sovits):
    taught = task(sovits, CRITICAL)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        before, after = (taught.step(number, 1.0) for number in (1, 2))
    assert before.keys() == {"mel"}
    assert after.keys() == {"mel", "critics", "adversarial", "features"}


def test_a_stopped_training_gives_the_same_adapters(sovits, tmp_path):
    (tmp_path / "whole").mkdir()
    whole = run(task(sovits, CRITICAL), tmp_path / "whole", 5)
    with pytest.raises(Stopped):
        run(task(sovits, CRITICAL), tmp_path, 5, StopAt(4))
    resumed = run(task(sovits, CRITICAL), tmp_path, 5)
    for name, change in whole.changes.items():
        for part in change.__slots__:
            assert torch.equal(getattr(resumed.changes[name], part), getattr(change, part)), name


def test_a_single_slice_without_words_is_enough(sovits, tmp_path):
    network = SegmentSynthesis.of(sovits.config, sovits.state_dict())
    changes = fresh_changes(network, adapted_parameters(network, 2), 0)
    clip = TrainingClip.of(made_slice(0, words=False))
    taught = AcousticTask(network, changes, [clip], [clip], QUICK, CPU)
    assert run(taught, tmp_path, 2).steps == 2
