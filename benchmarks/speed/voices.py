"""`python -m benchmarks.speed.voices`: many trained voices on one model, in time and memory."""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.speed.streams import TEXT
from benchmarks.speed.subject import hum
from mynah.checkpoints.adapter import (
    ACOUSTIC_ADAPTER,
    SEMANTIC_ADAPTER,
    Adapter,
    fingerprint,
    save_adapter,
)
from mynah.checkpoints.sovits import load_sovits
from mynah.engine.loading import load_sovits_models
from mynah.engine.local.local_engine import LocalEngine
from mynah.engine.local.scheduler import VERSION_BYTES
from mynah.engine.models import Models
from mynah.engine.request import SynthesisRequest, VoiceRef
from mynah.engine.voice_source import HeldVoices
from mynah.options import SpeechOptions
from mynah.starter.packaged import packaged_model
from mynah.text.frontend import analyse
from mynah.training import acoustic_task, semantic_task
from mynah.training.adapters import fresh_changes
from mynah.training.synthesis import SegmentSynthesis

RANK = 8
TOGETHER = 8
PLAIN = "plain"
"""The voice for which nothing is trained."""
MIB = 1 << 20


def main() -> None:
    """Measures and prints."""
    options = _options()
    with tempfile.TemporaryDirectory() as place, packaged_model() as starter:
        folder = options.model or starter
        models, version = load_sovits_models(folder), Path(place) / "0"
        version.mkdir()
        (file,) = set(folder.glob("*.pth")) - {folder / "content.pth"}
        stored = write_version(models, file, version)
        voices = _voices(version, options.voices)
        _print_switches(models, version, stored)
        _print_speech(models, voices)


def write_version(models: Models, file: Path, folder: Path) -> int:
    """Write adapters of the shape that training gives them, which change nothing.

    Args:
        models: what they are for.
        file: of its SoVITS.
        folder: where they go.

    Returns:
        Their bytes.
    """
    gpt, sovits = models.gpt, load_sovits(file)
    synthesis = SegmentSynthesis.of(sovits.config, sovits.state_dict())
    for name, network, ranks in (
        (SEMANTIC_ADAPTER, gpt, semantic_task.adapted_parameters(gpt, RANK)),
        (ACOUSTIC_ADAPTER, synthesis, acoustic_task.adapted_parameters(synthesis, RANK)),
    ):
        base = fingerprint(network.state_dict())
        save_adapter(Adapter(base, fresh_changes(network, ranks, seed=0)), folder / name)
    return sum(path.stat().st_size for path in folder.iterdir())


def switches(models: Models, folder: Path, times: int = 10) -> tuple[float, list[float]]:
    """Seconds until the first version is loaded, and each of some further ones."""
    seconds = []
    for _ in range(1 + times):
        began = time.perf_counter()
        models.trained(folder)
        seconds.append(time.perf_counter() - began)
    return seconds[0], seconds[1:]


def answered(engine: LocalEngine, speakers: Sequence[VoiceRef]) -> tuple[list[float], float]:
    """Synthesise the same text in all voices at the same time.

    Returns:
        Seconds until the first sound of each, and until the last of all.
    """

    async def scene() -> list[float]:
        return await asyncio.gather(*(_say(engine, speaker) for speaker in speakers))

    began = time.perf_counter()
    firsts = asyncio.run(scene())
    return firsts, time.perf_counter() - began


async def _say(engine: LocalEngine, speaker: VoiceRef) -> float:
    began, first = time.perf_counter(), 0.0
    sentences = tuple(analyse(TEXT, "auto", split="cut0"))
    async for _ in engine.submit(SynthesisRequest("", sentences, speaker, SpeechOptions())):
        first = first or time.perf_counter() - began
    return first


def _voices(version: Path, voices: int) -> HeldVoices:
    """Voices of one sound, of which each but `PLAIN` has files of its own."""
    keys = [str(number) for number in range(1, voices + 1)]
    folders = {key: shutil.copytree(version, version.with_name(key)) for key in keys}
    return HeldVoices(dict.fromkeys([PLAIN, *keys], hum()), folders)


def _print_switches(models: Models, version: Path, stored: int) -> None:
    first, later = switches(models, version)
    own = models.trained(version).size
    print(f"a voice of rank {RANK}: {stored / MIB:.1f} MiB of files, {own / MIB:.1f} MiB in memory")
    print(f"a switch: {median(later):.3f} s (at most {max(later):.3f} s), the first {first:.3f} s")


def _print_speech(models: Models, held: HeldVoices) -> None:
    engine, plain = LocalEngine(models, held), VoiceRef(PLAIN)
    speakers = [VoiceRef(key, weights=key) for key in held.folders]
    answered(engine, [plain])
    before = _resident()
    cold = [answered(engine, [speaker])[0][0] for speaker in speakers]
    print(
        f"{len(speakers)} voices in turn within {VERSION_BYTES / MIB:.0f} MiB: resident memory "
        f"{before / MIB:.0f} MiB before, {_resident() / MIB:.0f} MiB after"
    )
    warm = [answered(engine, [speakers[-1]])[0][0] for _ in range(10)]
    own = [answered(engine, [plain])[0][0] for _ in range(10)]
    print(
        f"first sound: {median(own):.3f} s untrained, {median(warm):.3f} s of a voice at hand, "
        f"{median(cold):.3f} s of one to be loaded and read"
    )
    for number in (1, TOGETHER):
        voices = [speakers[-1 - caller % number] for caller in range(TOGETHER)]
        answered(engine, voices)
        firsts, last = answered(engine, voices)
        print(
            f"{TOGETHER} callers with {number} voices among them: first sound "
            f"{median(firsts):.3f} s, all of it {last:.3f} s"
        )
    engine.close()


def _resident() -> int:
    """Bytes of this process in memory; Linux tells."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.speed.voices", description=__doc__)
    parser.add_argument("--model", type=Path, help="folder of a model; the starter without")
    parser.add_argument("--voices", type=int, default=200, help="trained voices")
    return parser.parse_args()


if __name__ == "__main__":
    main()
