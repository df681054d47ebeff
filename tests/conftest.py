"""Tiny models of released layout: upstream's for parity, and one that speaks in a moment."""

import importlib.util
import json
import math
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import hypothesis
import numpy as np
import pytest
import torch

import released
from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.model import SoVITS
from mynah.api import Synthesizer
from mynah.audio.recording import Recording
from mynah.checkpoints.adapter import (
    ACOUSTIC_ADAPTER,
    SEMANTIC_ADAPTER,
    Adapter,
    Change,
    FullDelta,
    LowRank,
    fingerprint,
    save_adapter,
)
from mynah.checkpoints.gpt import save_gpt
from mynah.checkpoints.sovits import load_sovits, save_sovits
from mynah.encoders.ctc_aligner import AlignerConfig
from mynah.engine.loading import load_models
from mynah.engine.models import Models
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT
from mynah.starter.checkpoint import Content, save_content
from mynah.starter.content_encoder import MelContentEncoder
from mynah.voice.voice import Voice

# No test is about time: a busy machine may take a hundred times as long for an example.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

PARITY = Path(__file__).parent / "data" / "parity"


def pytest_addoption(parser):
    group = parser.getgroup("schemathesis")
    group.addoption("--examples", type=int, default=12, help="of each operation in each mode")
    group.addoption("--postgres", action="store_true", help="on PostgreSQL, not SQLite")


@pytest.fixture(scope="session")
def parity(tmp_path_factory) -> Callable[[str], Path]:
    """Writes a checkpoint of `tiny.json` by its name, such as `s2_v2_tiny.pth`, once."""
    builder = _module(PARITY / "checkpoints.py")
    manifests = json.loads((PARITY / "tiny.json").read_text())
    folder = tmp_path_factory.mktemp("parity")
    return cache(lambda name: builder.write(name, manifests[name], folder))


@pytest.fixture(scope="session")
def parity_v3(tmp_path_factory) -> Callable[[str], Path]:
    """Writes a file that `checkpoints_v3.py` builds, such as `eres2netv2.ckpt`, once."""
    builder = _module(PARITY / "checkpoints_v3.py")
    manifests = {
        name: entry
        for file in ("speaker.json", "v3.json", "v4.json")
        for name, entry in json.loads((PARITY / file).read_text()).items()
    }
    folder = tmp_path_factory.mktemp("parity_v3")
    return cache(lambda name: builder.write(name, manifests[name], folder))


@pytest.fixture(scope="session")
def golden_speaker() -> dict[str, torch.Tensor]:
    """Inputs and outputs of upstream's speaker encoder by name."""
    with np.load(PARITY / "speaker.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


@pytest.fixture(scope="session")
def golden_flow() -> Callable[[str], dict[str, torch.Tensor]]:
    """Upstream's inputs and outputs of v3 or v4 by name, in float32."""

    def read(version: str) -> dict[str, torch.Tensor]:
        with np.load(PARITY / "flow_matching.npz") as file:
            own = {key: file[key] for key in file.files if key.startswith(f"{version}/")}
        tensors = {key.removeprefix(f"{version}/"): torch.from_numpy(own[key]) for key in own}
        return {n: t.float() if t.is_floating_point() else t for n, t in tensors.items()}

    return read


@pytest.fixture(scope="session")
def flow_folder(parity_v3, tiny, tmp_path_factory) -> Callable[[str], Path]:
    """Writes the folder of a small v3 or v4 with its vocoder, once."""

    @cache
    def write(version: str) -> Path:
        folder = tmp_path_factory.mktemp(version)
        shutil.copy(tiny / "semantic.ckpt", folder / "s1v3.ckpt")
        shutil.copy(tiny / "content.pth", folder)
        shutil.copy(parity_v3(f"s2_{version}_tiny.pth"), folder)
        if version == "v3":
            bigvgan = parity_v3("bigvgan_tiny/bigvgan_generator.pt").parent
            shutil.copytree(bigvgan, folder / "models--nvidia--bigvgan_v2_24khz_100band_256x")
        else:
            shutil.copy(parity_v3("vocoder_tiny.pth"), folder / "vocoder.pth")
        return folder

    return write


@pytest.fixture(scope="session")
def golden_of() -> Callable[[str], dict[str, torch.Tensor]]:
    """Upstream's inputs and outputs whose names begin with a prefix, under the rest of it."""

    def read(prefix: str) -> dict[str, torch.Tensor]:
        tensors = {}
        for name in ("golden.npz", "speed.npz"):
            with np.load(PARITY / name) as file:
                tensors |= {
                    key.removeprefix(prefix): torch.from_numpy(file[key])
                    for key in file.files
                    if key.startswith(prefix)
                }
        return tensors

    return read


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """Folder of a small random model in the starter's layout."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny")
    save_gpt(_tiny_gpt(), folder / "semantic.ckpt", info="GPT-e1")
    save_sovits(_tiny_sovits(), folder / "acoustic.pth", info="1epoch")
    encoder = MelContentEncoder(AlignerConfig(width=32, layers=1, heads=2, hidden=32))
    save_content(Content(encoder), folder / "content.pth", info="tiny")
    return folder


@pytest.fixture(scope="session")
def pro(parity, tmp_path_factory) -> Callable[[str], Path]:
    """Writes a small v2Pro or v2ProPlus as released, with its speaker encoder, once."""

    @cache
    def write(version: str) -> Path:
        folder = tmp_path_factory.mktemp(version)
        torch.manual_seed(0)
        save_gpt(_tiny_gpt(), folder / "s1v3.ckpt", info="GPT-e1")
        shutil.copy(parity(f"s2_{version}_tiny.pth"), folder)
        released.write_speaker_encoder(folder)
        return folder

    return write


@pytest.fixture(scope="session")
def pro_models(pro) -> Models:
    return load_models(pro("v2Pro"), "float32", "cpu")


@pytest.fixture(scope="session")
def models(tiny) -> Models:
    return load_models(tiny, "float32", "cpu")


@pytest.fixture(scope="session")
def adapt(tiny, models, tmp_path_factory) -> Callable[..., Path]:
    """Makes the folder of a trained version of `tiny`; each number has weights of its own."""
    gpt, sovits = models.gpt.state_dict(), load_sovits(tiny / "acoustic.pth").state_dict()
    of_gpt, of_sovits = fingerprint(gpt), fingerprint(sovits)

    def make(number: int, *, semantic: bool = True, acoustic: bool = True) -> Path:
        folder, generator = tmp_path_factory.mktemp("version"), torch.Generator()
        generator.manual_seed(number)
        if semantic:
            changes = _low_rank(gpt, "h.layers.0.linear1.weight", generator)
            save_adapter(Adapter(of_gpt, changes), folder / SEMANTIC_ADAPTER)
        if acoustic:
            pitch = torch.randn(sovits["dec.ups.0.weight_g"].shape, generator=generator)
            changes = _low_rank(sovits, "flow.flows.0.enc.in_layers.0.weight_v", generator)
            changes["dec.ups.0.weight_g"] = FullDelta(pitch)
            save_adapter(Adapter(of_sovits, changes), folder / ACOUSTIC_ADAPTER)
        return folder

    return make


@pytest.fixture(scope="session")
def cuda() -> torch.device:
    """A GPU, where there is one; its tests run wherever it is found."""
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU that torch can use")
    pytest.importorskip("triton", reason="a GPU's kernels are Triton's")
    return torch.device("cuda", torch.cuda.current_device())


@pytest.fixture(scope="session")
def synthesizer(models) -> Synthesizer:
    return Synthesizer(models)


@pytest.fixture(scope="session")
def hum() -> Callable[[float], Recording]:
    """Makes three seconds of a pitch that swell and fade as syllables do."""

    def make(pitch: float) -> Recording:
        time = np.arange(3 * 16_000) / 16_000
        wave = np.sin(2 * np.pi * pitch * time) * np.abs(np.sin(4 * np.pi * time))
        return Recording((0.3 * wave).astype(np.float32), 16_000)

    return make


@pytest.fixture
def voice(hum) -> Voice:
    """A voice of one recording whose words are known."""
    return Voice("hum", (hum(180),), ("Hello, my dear friend.",))


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"parity_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _low_rank(state, name: str, generator: torch.Generator) -> dict[str, Change]:
    out, *inputs = state[name].shape
    down, up = torch.Size([2, math.prod(inputs)]), torch.Size([out, 2])
    return {name: LowRank(*(torch.randn(size, generator=generator) for size in (down, up)))}


def _tiny_gpt() -> GPT:
    """A GPT that says about a second: EOS is always likely, and never the likeliest for sure."""
    gpt = GPT(SemanticConfig(hidden=64, heads=4, layers=2))
    with torch.no_grad():
        last, predict = gpt.h.layers[-1].norm2, gpt.ar_predict_layer
        last.weight[0], last.bias[0] = 0.0, 1.0
        predict.weight[:, 0] = 0.0
        predict.weight[gpt.config.eos] = 0.0
        predict.weight[gpt.config.eos, 0] = 1.5
    return gpt


def _tiny_sovits() -> SoVITS:
    sovits = SoVITS(
        SoVITSConfig(
            version="v2",
            symbols=732,
            inter_channels=16,
            hidden_channels=16,
            filter_channels=32,
            n_layers=1,
            resblock_kernel_sizes=(3,),
            resblock_dilation_sizes=((1,),),
            upsample_initial_channel=64,
            gin_channels=32,
        )
    )
    # A new codebook is all zeros, and gives every recording the same tokens.
    for name, value in sovits.quantizer.named_buffers():
        if name.endswith("embed"):
            value.normal_()
    return sovits
