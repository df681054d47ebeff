"""`python -m benchmarks.speed.gpu`: the same on a GPU, on random weights of released sizes.

It begins with phonemes, so that it runs wherever torch, Triton and numpy are. What cannot be done
as it is meant to be is done as nearly so as works, and it says how.
"""

import argparse
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Protocol, TypeVar

import torch

from benchmarks.speed.acoustic import TOKENS_PER_SECOND
from benchmarks.speed.semantic import random_request
from benchmarks.speed.streams import answered
from benchmarks.speed.subject import PROMPT_PHONES, PROMPT_TOKENS, SIZES, RandomModels
from mynah.acoustic.acoustic_model import AcousticPrompt
from mynah.acoustic.backends.cuda import TOGETHER, CudaSoVITS
from mynah.acoustic.sovits.model import SoVITS
from mynah.acoustic.sovits.streaming import SoVITSStream, decode_next
from mynah.encoders.roberta import NoTextFeatures
from mynah.engine.models import Models
from mynah.semantic.backends.select import first_logits, first_logits_on_gpu, logits_error
from mynah.semantic.batch import Batch, TorchBatch
from mynah.semantic.gpt import GPT
from mynah.text.sentence import Sentence, Word
from mynah.voice.prompt import PreparedVoice
from mynah.voice.voice import Voice

if TYPE_CHECKING:
    from mynah.semantic.backends.cuda_batch import CudaDecoder

BATCHES = (1, 4, 16, 64)
CALLERS = (1, 8, 32)
WARM_UP = 2
"""Rounds that are not counted, in which shapes are recorded."""
PHONES = 42
"""Of the sentence that callers say: one of 21 characters of Mandarin has as many."""


class PhonemeModels(RandomModels):
    """Untrained networks and a random voice."""

    def read(self, voice: Voice) -> PreparedVoice:
        """Any voice as one of five seconds whose words are known."""
        generator = torch.Generator().manual_seed(0)
        vector = torch.randn(1, self.sovits.config.gin_channels, 1, generator=generator)
        return PreparedVoice(
            torch.randint(1024, (PROMPT_TOKENS,), generator=generator),
            torch.randint(700, (PROMPT_PHONES,), generator=generator),
            None,
            self.acoustic.prepare(AcousticPrompt(vector)),
        )


@dataclass(frozen=True, slots=True)
class SamplingSpeed:
    """Speed of sampling tokens.

    Attributes:
        speed: tokens a second of all rows together.
        reading: seconds until all prompts are read.
    """

    speed: float
    reading: float


Made = TypeVar("Made")


def first_that_works(ways: Sequence[tuple[str, Callable[[], Made]]]) -> tuple[str, Made]:
    """The first way that raises nothing, and its name.

    Raises:
        RuntimeError: none works.
    """
    for name, make in ways:
        try:
            return name, make()
        except Exception:  # the next way is for whatever this one cannot do
            print(f"  {name} does not work:")
            traceback.print_exc(limit=-4)
    raise RuntimeError("nothing works on this GPU")


def released() -> tuple[GPT, SoVITS]:
    """Random networks of released sizes, on the CPU, of which the GPT never ends by itself."""
    semantic, acoustic = SIZES["released"]
    torch.manual_seed(0)
    gpt, sovits = GPT(semantic).eval(), SoVITS(acoustic).eval()
    with torch.no_grad():
        gpt.ar_predict_layer.weight[semantic.eos] = 0
    sovits.fuse()
    return gpt, sovits


def sampling_speed(batch: Batch, rows: int, tokens: int = 200) -> SamplingSpeed:
    """Speed of a batch that is sampled together, prompts not included."""
    began = time.perf_counter()
    joined = batch.join([replace(random_request(), seed=seed) for seed in range(rows)])
    read = time.perf_counter()

    def count() -> int:
        return sum(len(row.tokens) for row in joined)

    while batch.sequences and count() < 20 * rows:  # graphs are recorded, and windows under way
        batch.step()
    began_drawing, first = time.perf_counter(), count()
    while batch.sequences and count() < first + tokens * rows:
        batch.step()
    seconds, number = time.perf_counter() - began_drawing, count() - first
    for row in joined:
        batch.leave(row)
    return SamplingSpeed(number / seconds, read - began)


class Decodes(Protocol):
    """Decode function for streams, as `AcousticModel.decode`."""

    def __call__(self, streams: Sequence[SoVITSStream]) -> object:
        """Decode the next chunk of each."""


def real_time_factor(
    decode: Decodes, channels: int, device: torch.device, rows: int, tokens: int = 100
) -> float:
    """Seconds of work for a second of the sound of sentences that are decoded together."""
    generator = torch.Generator().manual_seed(0)
    streams = [
        SoVITSStream(
            torch.randint(700, (PHONES,), generator=generator),
            torch.randn(1, channels, 1, generator=generator).to(device),
            tokens=torch.randint(1024, (tokens,), generator=generator).tolist(),
            ended=True,
        )
        for _ in range(rows)
    ]
    began = time.perf_counter()
    while streams[0].chunk:
        decode(streams)
    return (time.perf_counter() - began) / (rows * tokens / TOKENS_PER_SECOND)


def sentence(models: Models) -> Sentence:
    """A sentence of which only the phonemes are known."""
    symbols = models.symbols.symbols
    phones = tuple(symbols[7 * number % 300 + 10] for number in range(PHONES))
    return Sentence.of("sentence", [("zh", Word("sentence", phones))])


def main() -> None:
    """Measures and prints."""
    options = _options()
    began = time.perf_counter()
    if not torch.cuda.is_available():
        raise SystemExit("There is no GPU that torch can use.")
    device = torch.device("cuda", torch.cuda.current_device())
    print(f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}, released sizes")
    gpt, sovits = released()
    graphs = _semantic(gpt, device) if options.stage in ("semantic", "all") else None
    print(f"  [{time.perf_counter() - began:.1f} s]", flush=True)
    sovits_graphs = _acoustic(sovits, device) if options.stage in ("acoustic", "all") else None
    print(f"  [{time.perf_counter() - began:.1f} s]", flush=True)
    if graphs and sovits_graphs:
        models = PhonemeModels(
            gpt, sovits, None, NoTextFeatures(), gpt_graphs=graphs, sovits_graphs=sovits_graphs
        )
        _engine(models, options.rounds)
    for stage in (graphs, sovits_graphs):
        if stage and not stage.recorded:
            print(f"{type(stage).__name__}: not all of it could be recorded")
    if graphs and options.profile:
        _print_profile(graphs)
    print(f"  [{time.perf_counter() - began:.1f} s]", flush=True)


def _semantic(gpt: GPT, device: torch.device) -> "CudaDecoder | None":
    ways: list[tuple[str, Callable[[], CudaDecoder | None]]] = [
        (name, partial(_tried_gpt, gpt, device, recorded))
        for name, recorded in (("windows as graphs", True), ("kernels one by one", False))
    ]
    ways.append(("the plain path in half precision", lambda: None))
    name, graphs = first_that_works(ways)
    print(f"semantic stage: {name}")
    if graphs:
        error = logits_error(first_logits(gpt)[0], first_logits_on_gpu(graphs))
        print(f"  first logits are off by {error:.5f} of their spread; {graphs.rows} rows fit")
    for rows in BATCHES:
        batch: Batch = graphs.batch() if graphs else TorchBatch(gpt.half().to(device), rows)
        if batch.free < rows:
            continue
        what = sampling_speed(batch, rows, 400 if rows == 1 else 200)
        print(
            f"  batch {rows:2}: {what.speed:9.1f} tokens/s, {1e3 * rows / what.speed:.3f} ms a "
            f"step; prompts read in {what.reading:.3f} s",
            flush=True,
        )
    return graphs


def _tried_gpt(gpt: GPT, device: torch.device, recorded: bool) -> "CudaDecoder":
    # Triton, which it needs, is not everywhere.
    from mynah.semantic.backends.cuda_batch import CudaDecoder  # noqa: PLC0415

    graphs = CudaDecoder.on(device, gpt, torch.float16, recorded=recorded)
    sampling_speed(graphs.batch(), 1, 10)
    return graphs


def _acoustic(sovits: SoVITS, device: torch.device) -> CudaSoVITS | None:
    ways = [
        (
            f"{'graphs' if recorded else 'kernels one by one'}, {dtype}",
            partial(_tried_sovits, sovits, device, dtype, recorded),
        )
        for dtype, recorded in (
            (torch.float16, True),
            (torch.float16, False),
            (torch.float32, True),
            (torch.float32, False),
        )
    ]
    name, graphs = first_that_works(ways)
    print(f"acoustic stage: {name}, sentences of 4 seconds, chunk by chunk")
    for rows in (1, 4, TOGETHER):
        factors = [_factor(graphs, rows) for _ in range(4)]
        print(
            f"  {rows:2} together: real-time factor {median(factors[1:]):.5f}, "
            f"{1 / median(factors[1:]):.0f} x real time; {factors[0]:.5f} while it is recorded",
            flush=True,
        )
    return graphs


def _tried_sovits(
    sovits: SoVITS, device: torch.device, dtype: torch.dtype, recorded: bool
) -> CudaSoVITS:
    graphs = CudaSoVITS(sovits, device, dtype, recorded=recorded)
    _factor(graphs, 1)
    return graphs


def _factor(graphs: CudaSoVITS, rows: int) -> float:
    channels = graphs.config.gin_channels
    return real_time_factor(partial(decode_next, graphs), channels, graphs.device, rows)


def _engine(models: Models, rounds: int) -> None:
    print(f"both stages, a sentence of {PHONES} phonemes for each caller")
    for callers in CALLERS:
        for _ in range(WARM_UP):
            answered(models, callers, [sentence(models)])
        heard = [answered(models, callers, [sentence(models)]) for _ in range(rounds)]
        first = median(each.first for each in heard)
        slowest = median(each.slowest for each in heard)
        factor = median(each.factor for each in heard)
        print(
            f"  {callers:2} callers: first sound after {1e3 * first:.1f} ms (slowest "
            f"{1e3 * slowest:.1f} ms), {1 / factor:.0f} x real time in total",
            flush=True,
        )


def _print_profile(graphs: "CudaDecoder") -> None:
    """Time of four windows by kernel."""
    batch = graphs.batch()
    (row,) = batch.join([random_request()])
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        for _ in range(4):
            batch.step()
        torch.cuda.synchronize()
    batch.leave(row)
    print("kernels of four windows of one row")
    for each in sorted(profile.key_averages(), key=lambda each: -each.self_device_time_total)[:10]:
        mean = each.self_device_time_total / each.count
        print(f"  {each.count:5} x {mean:7.2f} us  {each.key[:70]}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.speed.gpu", description=__doc__)
    parser.add_argument("--stage", choices=["semantic", "acoustic", "all"], default="all")
    parser.add_argument("--rounds", type=int, default=5, help="that callers are answered in")
    parser.add_argument("--profile", action="store_true", help="the kernels of a step")
    return parser.parse_args()


if __name__ == "__main__":
    main()
