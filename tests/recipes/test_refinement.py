"""From a starter and a few dictated sayings to a starter that speaks, by the recipe's own steps."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from recipes.refinement import acoustic, listener, sayings, semantic
from recipes.refinement.batches import Batch, Batches
from recipes.refinement.listener import Listener, missed
from recipes.refinement.measured import Measured, path_of, read
from recipes.starter.frames import SMOOTH_CHANNELS
from recipes.starter.timing import LEAD, TAIL

import mynah
from mynah.checkpoints.gpt import load_gpt
from mynah.checkpoints.sovits import load_sovits
from mynah.starter.checkpoint import load_content
from mynah.text.frontend import analyse
from mynah.text.symbols import SymbolTable

STARTER = Path(mynah.__file__).parent / "starter"
SOUNDS = load_content(STARTER / "content.pth").token_classes
assert SOUNDS is not None
COUNT = 1 + max(SOUNDS.of_tokens)
TEXTS = {"zh": ["你好，我是八哥。", "下了一场大雨。"], "en": ["I am a bird, you see.", "Come."]}
HOP = 640


def row(language: str, text: str, speaker: str) -> dict[str, object]:
    """A line of what was dictated: two tokens a phoneme, at 150 hertz and rising."""
    (sentence,) = analyse(text, language=language, split="cut0")
    heard = [n for n, phone in enumerate(sentence.phones) if phone not in {",", "."}]
    places = [-1] * LEAD + [place for place in heard for _ in range(2)] + [-1] * TAIL
    pitch = np.linspace(150, 200, 4 * len(places)).astype(int).tolist()
    name = f"{speaker}{text[:2]}.wav"
    return {
        "file": name,
        "lang": language,
        "text": text,
        "speaker": speaker,
        "phones": list(sentence.phones),
        "places": places,
        "f0": pitch,
    }


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("spoken")
    rows = [
        row(language, text, f"{speaker}{language}")
        for speaker in "ab"
        for language, texts in TEXTS.items()
        for text in texts
    ]
    for each in rows:
        pitch = np.repeat(each["f0"], HOP // 2)
        wave = sum(np.sin(k * 2 * np.pi * np.cumsum(pitch) / 32_000) / k for k in range(1, 20))
        soundfile.write(folder / each["file"], 0.1 * wave, 32_000)
    lines = [json.dumps(each, ensure_ascii=False) for each in rows]
    (folder / "metadata.jsonl").write_text("\n".join(lines), "utf-8")
    return folder


@pytest.fixture(scope="module")
def told(spoken) -> list[sayings.Saying]:
    return sayings.read([spoken], SOUNDS)


@pytest.fixture(scope="module")
def batches(told, tmp_path_factory) -> Batches:
    """Of frames that are noise, whose standards are none."""
    work, chance = tmp_path_factory.mktemp("work"), np.random.default_rng(0)
    (work / "measured").mkdir()
    for number, saying in enumerate(told):
        frames = 2 * len(saying.tokens)
        made = Measured(
            chance.normal(size=(frames, SMOOTH_CHANNELS)).astype(np.float16),
            chance.normal(size=(frames, 80)).astype(np.float16),
            (3000 * chance.normal(size=HOP * frames)).astype(np.int16),
        )
        np.savez(path_of(work, number), **made._asdict())
    plain = {"smooth": SMOOTH_CHANNELS, "mel": 80}
    means = {f"{name}_mean": torch.zeros(width) for name, width in plain.items()}
    ones = {f"{name}_deviation": torch.ones(width) for name, width in plain.items()}
    return Batches(told, work, means | ones)


def batch(batches: Batches, *, disguised: bool = False, plain: bool = True) -> Batch:
    rng = np.random.default_rng(0)
    return batches.batch([0, 2, 3], rng, disguised=disguised, plain=plain)


def test_tokens_say_the_phonemes_that_were_dictated(told):
    for saying in told:
        said = np.array(SOUNDS.of_tokens)[saying.tokens]
        wanted = np.array(SOUNDS.of_phones)[saying.phones[saying.places]]
        assert (said[saying.places >= 0] == wanted[saying.places >= 0]).all()
        assert (said[saying.places < 0] == 0).all()


def test_a_rising_pitch_is_told_in_rising_heights(told):
    first, steps = sayings.heights_of(SOUNDS)
    for saying in told:
        heights = (saying.tokens - first[saying.sounds])[steps[saying.sounds] > 1]
        assert (np.diff(heights) >= 0).all()
    assert heights[-1] > heights[0]


def test_speakers_who_are_measured_are_not_learnt(told):
    learnt, held_out = sayings.apart(told)
    assert sorted(learnt + held_out) == list(range(len(told)))
    assert not {told[n].speaker for n in learnt} & {told[n].speaker for n in held_out}
    assert held_out


def test_a_batch_has_frames_where_tokens_are(batches, told):
    made = batch(batches)
    for place, number in enumerate([0, 2, 3]):
        frames = 2 * len(told[number].tokens)
        assert (
            made.sounds[place, :frames] == torch.from_numpy(told[number].sounds.repeat(2))
        ).all()
        assert (made.sounds[place, frames:] == -1).all()
        smooth = torch.from_numpy(read(batches.work, number + 1)[number].smooth.T)
        torch.testing.assert_close(made.smooth[place, :, :frames], smooth.float())


def test_a_microphone_colours_smooth_part_and_mel_alike(batches):
    plain = batch(batches)
    coloured = batch(batches, plain=False)
    apart = coloured.mel - plain.mel
    changed = apart.abs().amax(dim=(1, 2)) > 0
    assert changed.any()
    assert (changed == ((coloured.smooth - plain.smooth).abs().amax(dim=(1, 2)) > 0)).all()
    # The same for every frame of a row, and nothing behind its end.
    there = (plain.sounds >= 0)[:, None].float()
    first = apart[:, :, :1]
    assert ((apart - first) * there).abs().max() < 1e-4


def test_a_disguise_leaves_mels_to_the_plain(batches):
    disguised = batch(batches, disguised=True)
    assert (disguised.smooth - batch(batches).smooth).abs().max() > 0.1


def test_who_is_heard_alike_misses_nothing():
    torch.manual_seed(0)
    ear = Listener(80, COUNT).eval()
    frames, sounds = torch.randn(2, 80, 30), torch.randint(0, COUNT, (2, 30))
    alike, _ = missed(ear, frames, frames, sounds)
    apart, named = missed(ear, frames + 0.5 * torch.randn_like(frames), frames, sounds)
    assert alike < 1e-3 < apart
    assert named > 0


def test_a_listener_learns_what_it_hears(batches):
    torch.manual_seed(0)
    taught = listener.train(batches, "mel", COUNT, minutes=0.05)
    # Noise says nothing but that it is no pause: more is right than by chance.
    made = batch(batches)
    named = taught.eval()(made.mel)[0].argmax(1)
    assert (named == made.sounds).float().mean() > 2 / COUNT


def test_pauses_are_at_the_mark_between_their_neighbours(told):
    saying = next(each for each in told if each.language == "en")
    symbols = SymbolTable.of("v2").symbols
    places = semantic.filled(saying.places, saying.phones)
    for before, after in zip(saying.places.tolist(), places, strict=True):
        assert before in {-1, after}
    assert symbols[saying.phones[places[-1]]] == "."
    assert places[0] == 0


def test_training_moves_prior_and_flow_goes_on_where_it_stopped_and_leaves_timbres(
    batches, tmp_path
):
    before = load_sovits(STARTER / "acoustic.pth")
    ears = {kind: Listener(width, COUNT) for kind, (width, _) in listener.KINDS.items()}
    for ear in ears.values():
        ear.requires_grad_(False).eval()
    for steps in (1, 2):
        torch.manual_seed(0)
        plan = acoustic.AcousticPlan(steps=steps, seconds=1.0)
        acoustic.train(load_sovits(STARTER / "acoustic.pth"), batches, ears, plan, tmp_path)
        refined = load_sovits(STARTER / "acoustic.pth")
        assert acoustic.read(refined, tmp_path) == steps
    assert not torch.equal(refined.enc_p.proj.weight, before.enc_p.proj.weight)
    timbres = "spectral.0.fc.weight"
    assert torch.equal(refined.ref_enc.state_dict()[timbres], before.ref_enc.state_dict()[timbres])
    made = batch(batches)
    prior = refined.prior(made.codes[:1], made.phones[:1], refined.reference(made.reference[:1]))
    assert prior.mean.isfinite().all()


def test_training_moves_the_gpt(told, tmp_path):
    torch.manual_seed(0)
    gpt = semantic.begun(load_gpt(STARTER / "semantic.ckpt"))
    before = {name: each.clone() for name, each in gpt.named_parameters()}
    semantic.train(gpt, told, semantic.SemanticPlan(steps=2, positions=300), tmp_path)
    trained = load_gpt(STARTER / "semantic.ckpt")
    assert semantic.read(trained, tmp_path) == 2
    assert any(not torch.equal(each, before[name]) for name, each in trained.named_parameters())


def test_sayings_are_measured_at_the_pitch_that_was_told(told, tmp_path):
    pytest.importorskip("pyworld")
    from recipes.refinement.measuring import measure

    saying = told[0]
    measured = measure(saying)
    assert measured.smooth.shape == (2 * len(saying.tokens), SMOOTH_CHANNELS)
    assert measured.mel.shape == (2 * len(saying.tokens), 80)
    pitch = np.exp(measured.smooth[10:-10, 60].astype(float))
    wanted = np.linspace(150, 200, len(measured.smooth))[10:-10]
    np.testing.assert_allclose(pitch, wanted, rtol=0.05)


def test_processes_measure_every_saying_and_leave_what_is_there(told, tmp_path):
    pytest.importorskip("pyworld")
    from recipes.refinement.measuring import measure_all

    measure_all(told[:2], tmp_path, workers=2)
    first = path_of(tmp_path, 0).stat().st_mtime_ns
    measure_all(told[:3], tmp_path, workers=2)
    assert path_of(tmp_path, 0).stat().st_mtime_ns == first
    assert [len(each.mel) for each in read(tmp_path, 3)] == [2 * len(s.tokens) for s in told[:3]]
