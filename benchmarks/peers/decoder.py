"""`python -m benchmarks.peers.decoder`: Mynah's v2ProPlus decoder beside Genie-TTS's."""

import argparse
from statistics import median

import torch

from benchmarks.peers.peer import GENIE
from benchmarks.speed.acoustic import RELEASED, Sentence, seconds_of
from mynah.acoustic.backends.channels_last import ChannelsLastGenerator
from mynah.acoustic.backends.select import dtypes
from mynah.acoustic.sovits.model import SoVITS


def main() -> None:
    """Measures and prints."""
    options = _options()
    torch.manual_seed(0)
    sovits = SoVITS(RELEASED["v2ProPlus"]).eval()
    sentence = Sentence.of(sovits, options.tokens)
    genie = median(_seconds_of_genie(sovits, sentence, options.times))
    sovits.fuse()
    plain = median(seconds_of(sovits, sovits.dec, sentence, options.times))
    fast = ChannelsLastGenerator(sovits.dec, dtypes()[0])
    ours = median(seconds_of(sovits, fast, sentence, options.times))
    print(
        f"v2ProPlus, random weights, {sentence.seconds:.1f} s of sound, "
        f"{torch.get_num_threads()} threads, {dtypes()[0]}, real-time factors:"
    )
    print(f"  {GENIE.name:15}  {genie / sentence.seconds:.3f}")
    for name, seconds in (("Mynah, plain", plain), ("Mynah", ours)):
        factor = seconds / sentence.seconds
        print(f"  {name:15}  {factor:.3f}, {genie / seconds:.2f} x as fast as Genie-TTS")


def _seconds_of_genie(sovits: SoVITS, sentence: Sentence, times: int) -> list[float]:
    """Time of the same weights, not fused, in Mynah for the same sentence."""
    inputs = {
        "text_seq": sentence.phones.numpy(),
        "pred_semantic": sentence.codes[None].numpy(),
        "ge": sentence.timbre.numpy(),
        "ge_advanced": sovits.ge_to512(sentence.timbre.mT).mT.detach().numpy(),
    }
    return GENIE.seconds("genie_decoder.py", sovits, inputs, times)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.peers.decoder", description=__doc__)
    parser.add_argument("--tokens", type=int, default=100, help="of the sentence, 25 a second")
    parser.add_argument("--times", type=int, default=5, help="that each decodes it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
