"""The acoustic stage alone: seconds of work for a second of sound.

`python -m benchmarks.speed.acoustic` sets the generator as this CPU is fastest with it beside the
plain one, on random weights of released sizes.
"""

import argparse
import time
from dataclasses import dataclass
from statistics import median
from typing import Self

import torch
from torch import Tensor

from mynah.acoustic.backends.channels_last import ChannelsLastGenerator
from mynah.acoustic.backends.select import dtypes
from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.model import SoVITS
from mynah.acoustic.sovits.streaming import SoVITSStream, WaveDecoder, decode_next

RELEASED = {
    "v2": SoVITSConfig(version="v2", symbols=732),
    "v2ProPlus": SoVITSConfig(
        version="v2ProPlus",
        symbols=732,
        upsample_initial_channel=768,
        upsample_kernel_sizes=(20, 16, 8, 2, 2),
        gin_channels=1024,
    ),
}
TOKENS_PER_SECOND = 25


@dataclass(frozen=True, slots=True)
class Sentence:
    """Input of the decoder: codes (1, tokens), phones (1, 40), a timbre."""

    codes: Tensor
    phones: Tensor
    timbre: Tensor

    @classmethod
    def of(cls, sovits: SoVITS, tokens: int) -> Self:
        """A random one, the same every time."""
        generator = torch.Generator().manual_seed(0)
        return cls(
            torch.randint(1024, (1, tokens), generator=generator),
            torch.randint(300, (1, 40), generator=generator),
            torch.randn(1, sovits.config.gin_channels, 1, generator=generator),
        )

    @property
    def seconds(self) -> float:
        """Of its sound."""
        return self.codes.shape[1] / TOKENS_PER_SECOND


@torch.inference_mode()
def seconds_of(sovits: SoVITS, vocoder: WaveDecoder, sentence: Sentence, times: int) -> list[float]:
    """Seconds to decode a sentence at once, each time, after one warm-up."""
    seconds = []
    for _ in range(1 + times):
        began = time.perf_counter()
        prior = sovits.prior(sentence.codes, sentence.phones, sentence.timbre)
        z = sovits.render(prior.mean, prior.mask, sentence.timbre)
        vocoder(z, sentence.timbre, None)
        seconds.append(time.perf_counter() - began)
    return seconds[1:]


def real_time_factors(
    sovits: SoVITS, tokens: int = 100, vocoder: WaveDecoder | None = None
) -> dict[int, float]:
    """For a sentence of four seconds, after each of its chunks: by tokens that are sound."""
    sentence = Sentence.of(sovits, tokens)
    spoken = SoVITSStream(sentence.phones[0], sentence.timbre)
    spoken.tokens, spoken.ended = sentence.codes[0].tolist(), True
    factors, work = {}, 0.0
    while chunk := spoken.chunk:
        began = time.perf_counter()
        decode_next(sovits, [spoken], vocoder)
        work += time.perf_counter() - began
        factors[chunk.end] = work / (chunk.end / TOKENS_PER_SECOND)
    return factors


def main() -> None:
    """Measures and prints."""
    options = _options()
    print(f"random weights, torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in options.sizes:
        torch.manual_seed(0)
        sovits = SoVITS(RELEASED[name]).eval()
        sovits.fuse()
        sentence = Sentence.of(sovits, options.tokens)
        fast_one = ChannelsLastGenerator(sovits.dec, dtypes()[0])
        vocoders: tuple[WaveDecoder, ...] = (sovits.dec, fast_one)
        plain, fast = (
            median(seconds_of(sovits, each, sentence, options.times)) for each in vocoders
        )
        print(
            f"  {name}: real-time factor {plain / sentence.seconds:.3f} as plain float32, "
            f"{fast / sentence.seconds:.3f} channels last ({dtypes()[0]}), "
            f"{plain / fast:.2f} x as fast"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.speed.acoustic", description=__doc__)
    parser.add_argument("--sizes", nargs="+", choices=RELEASED, default=list(RELEASED))
    parser.add_argument("--tokens", type=int, default=100, help="of the sentence, 25 a second")
    parser.add_argument("--times", type=int, default=5, help="that each decodes it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
