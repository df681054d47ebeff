from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.sovits import load_sovits


@pytest.fixture(scope="session", params=["v1", "v2", "v2Pro", "v2ProPlus"])
def version(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def model(version, parity) -> SoVITS:
    """The tiny checkpoint of one version, read from a file in the released format."""
    return load_sovits(parity(f"s2_{version}_tiny.pth"))


@pytest.fixture(scope="session")
def golden(version, golden_of) -> dict[str, torch.Tensor]:
    """Inputs and outputs of upstream's SoVITS by name, such as `one_reference`."""
    tensors = golden_of(f"s2/{version}/")
    return {n: t.float() if t.is_floating_point() else t for n, t in tensors.items()}


@pytest.fixture
def small() -> Callable[..., SoVITS]:
    """Makes a small untrained model whose flow is no longer the identity."""

    def make(*, posterior=False, **sizes) -> SoVITS:
        torch.manual_seed(0)
        config = SoVITSConfig(
            version="v2",
            symbols=20,
            inter_channels=16,
            hidden_channels=16,
            filter_channels=32,
            n_layers=2,
            upsample_initial_channel=64,
            gin_channels=32,
            posterior_layers=2,
        )
        model = SoVITS(replace(config, **sizes), posterior=posterior).eval()
        for name, parameter in model.flow.named_parameters():
            if ".post." in name:
                torch.nn.init.normal_(parameter, std=0.3)
        return model

    return make
