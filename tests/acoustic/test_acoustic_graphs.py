"""Sound that a GPU makes: that of the CPU, whoever is decoded together."""

import pytest
import torch

from mynah.acoustic.backends.cuda import CudaSoVITS
from mynah.acoustic.backends.select import select_cuda
from mynah.acoustic.sovits.streaming import SoVITSStream, decode_next


@pytest.fixture
def sovits(small):
    network = small()
    network.fuse()
    return network


def streams(device) -> list[SoVITSStream]:
    """Three sentences of different lengths and speeds."""
    generator = torch.Generator().manual_seed(1)
    return [
        SoVITSStream(
            torch.randint(20, (5 + number,), generator=generator),
            torch.randn(1, 32, 1, generator=generator).to(device),
            speed=(1.0, 1.3, 1.0)[number],
            seed=number,
            tokens=torch.randint(1024, (30 + 20 * number,), generator=generator).tolist(),
            ended=True,
        )
        for number in range(3)
    ]


def spoken(network, *, together=True) -> list[torch.Tensor]:
    said = streams(network.device)
    waves = [[] for _ in said]
    while going := [number for number, each in enumerate(said) if each.chunk]:
        for group in [going] if together else [[number] for number in going]:
            chunks = decode_next(network, [said[number] for number in group])
            for number, chunk in zip(group, chunks, strict=True):
                waves[number].append(chunk)
    return [torch.cat(each) for each in waves]


def decibels(exact, wave) -> float:
    return float(10 * torch.log10(exact.var() / (wave - exact).square().mean()))


def test_what_it_is_filled_up_with_is_not_heard(sovits):
    """On the CPU no graph is captured, and nothing is rounded."""
    exact = spoken(sovits)
    graphs = CudaSoVITS(sovits, torch.device("cpu"), torch.float32, recorded=False)
    for together in (True, False):
        waves = spoken(graphs, together=together)
        assert [wave.shape for wave in waves] == [wave.shape for wave in exact]
        assert min(map(decibels, exact, waves)) > 80


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize(("dtype", "least"), [(torch.float32, 45.0), (torch.float16, 35.0)])
def test_it_sounds_as_on_the_cpu(cuda, sovits, dtype, least, recorded):
    """Convolutions of float32 have ten bits behind the point on a GPU's tensor cores, too."""
    exact = spoken(sovits)
    graphs = CudaSoVITS(sovits, cuda, dtype, recorded=recorded)
    for together in (True, False, True):
        waves = spoken(graphs, together=together)
        assert [wave.shape for wave in waves] == [wave.shape for wave in exact]
        assert min(map(decibels, exact, waves)) > least


def test_what_is_asked_for_is_recorded(cuda, sovits):
    graphs = CudaSoVITS(sovits, cuda, torch.float16)
    spoken(graphs)
    assert graphs.recorded


def test_it_is_chosen_where_it_sounds_the_same(cuda, sovits):
    chosen = select_cuda(sovits, cuda)
    assert chosen is not None
    assert chosen.device == cuda
