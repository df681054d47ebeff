"""The packaged model and its trained versions, through the engine's seam."""

import shutil

import pytest
import torch

from language_extras import needs
from mynah.checkpoints.adapter import ACOUSTIC_ADAPTER, Adapter, fingerprint, save_adapter
from mynah.checkpoints.file import read_checkpoint
from mynah.engine.export import export
from mynah.engine.loading import load_models
from mynah.errors import LanguageError
from mynah.starter.packaged import WEIGHTS, packaged_model
from mynah.text.frontend import analyse
from mynah.training.acoustic_task import adapted_parameters
from mynah.training.adapters import fresh_changes
from mynah.training.synthesis import SegmentSynthesis


@pytest.fixture(scope="module")
def stored():
    """The packaged acoustic file."""
    with packaged_model() as folder:
        assert all((folder / name).is_file() for name in WEIGHTS)
        return read_checkpoint(folder / "acoustic.pth")


@pytest.fixture
def version(starter, stored, tmp_path):
    """A version whose adapter was made by the whole file, as all that were ever trained."""
    base = starter.origin.sovits
    network = SegmentSynthesis.of(starter.sovits.config, base.state)
    changes = fresh_changes(network, adapted_parameters(network, 2), seed=0)
    for change in changes.values():
        for part in change.__slots__:
            getattr(change, part).add_(0.02)
    save_adapter(Adapter(fingerprint(stored.weight), changes), tmp_path / ACOUSTIC_ADAPTER)
    return tmp_path


@needs("ja")
def test_the_starter_speaks_mandarin_and_english_only(starter):
    sentences = analyse("はい、そうです。", "ja")
    with pytest.raises(LanguageError, match=r"^this model speaks Mandarin and English only"):
        starter.symbols.encode_sentences(sentences)


def test_versions_are_bound_to_all_weights_of_the_file(starter, version):
    trained = starter.trained(version)
    assert trained.sovits is not starter.sovits
    assert trained.extension is starter.extension


def test_an_exported_version_has_all_weights_of_the_file(stored, version, tmp_path):
    export(None, version, "sovits.pth", tmp_path / "sovits.pth")
    made = read_checkpoint(tmp_path / "sovits.pth")
    assert made.weight.keys() == stored.weight.keys()
    assert made.config == stored.config
    kept = [name for name in stored.weight if name.startswith("colouring.")]
    assert kept and all(made.weight[name].equal(stored.weight[name]) for name in kept)


def test_released_weights_have_no_extension(tiny, tmp_path):
    for name in ("semantic.ckpt", "acoustic.pth"):
        shutil.copy(tiny / name, tmp_path)
    assert load_models(tmp_path, "float32", "cpu").extension is None


def test_training_filters_without_residuals(starter):
    generator = torch.Generator().manual_seed(0)
    spectrograms = torch.rand(2, 1025, 40, generator=generator)
    mask = torch.arange(40) < torch.tensor([40, 30])[:, None, None]
    one, other = starter.extension.batch_states(spectrograms, mask)
    assert one.bank is None and other.bank is None
    alone = starter.extension.mel_postfilter.transform([spectrograms[1:, :, :30]])
    torch.testing.assert_close(other.transform, alone)
