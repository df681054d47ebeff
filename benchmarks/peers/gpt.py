"""`python -m benchmarks.peers.gpt`: Mynah's GPT of released size beside those of peers."""

import argparse
from statistics import median

import torch

from benchmarks.peers.peer import GENIE, GSV
from benchmarks.speed.reference import reference_tokens_per_second
from benchmarks.speed.semantic import random_request, tokens_per_second
from benchmarks.speed.stage import stage_of
from mynah.runtime.threads import run_in_temporary_thread
from mynah.semantic.backends.select import quantize
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT


def main() -> None:
    """Measures and prints."""
    options = _options()
    torch.manual_seed(0)
    gpt, request = GPT(SemanticConfig()).eval(), random_request()
    with torch.no_grad():
        gpt.ar_predict_layer.weight[gpt.config.eos] = 0  # it never ends by itself
    read = {
        "phones": request.phones[None].numpy(),
        "x": torch.randn(1, len(request.phones), gpt.config.hidden).numpy(),
        "prompts": request.prompt[None].numpy(),
    }
    scripts = {GENIE: "genie_gpt.py", GSV: "gsv_gpt.py"}
    peers = {
        peer.name: 1 / median(peer.seconds(script, gpt, read, options.tokens))
        for peer, script in scripts.items()
    }
    reference = run_in_temporary_thread(reference_tokens_per_second, gpt, options.tokens)
    packed = quantize(gpt)
    ours = {
        "Mynah, float32, batch 1": (gpt, 1),
        "Mynah, 8 bits, batch 1": (packed, 1),
        "Mynah, 8 bits, batch 16": (packed, 16),
    }
    print(f"GPT of released size, random weights, {torch.get_num_threads()} threads, tokens/s:")
    others = peers | {"plain reference loop": reference}
    for name, speed in others.items():
        print(f"  {name:25} {speed:7.1f}")
    for name, (network, rows) in ours.items():
        with stage_of(network.step_threads) as stage:
            stage.submit(tokens_per_second, network, rows, 3).result()
            speed, _ = stage.submit(tokens_per_second, network, rows, options.tokens).result()
        times = (f"{speed / other:.2f} x {name}" for name, other in others.items())
        print(f"  {name:25} {speed:7.1f}, {', '.join(times)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.peers.gpt", description=__doc__)
    parser.add_argument("--tokens", type=int, default=50, help="that each draws")
    return parser.parse_args()


if __name__ == "__main__":
    main()
