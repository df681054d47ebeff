import pytest
import torch

from mynah.checkpoints.gpt import load_gpt
from mynah.semantic.gpt import GPT


@pytest.fixture
def gpt(parity) -> GPT:
    """The tiny GPT in fp32, in eval mode, anew for each test."""
    return load_gpt(parity("s1_tiny.ckpt"))


@pytest.fixture(scope="session")
def golden(golden_of) -> dict[str, torch.Tensor]:
    """Inputs and outputs of upstream's GPT by name, such as `plain/phones`."""
    return {name: value[0] for name, value in golden_of("s1/").items()}
