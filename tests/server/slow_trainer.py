"""A trainer that writes files slowly, in steps with checkpoints, as real training does.

It counts from a file of its folder, so that a step that is done twice or left out shows in the
weights. What it does is said in the recording's words, such as `steps is 20 pause is 0.1` or
`failing is 7 how is disk` or `weights is none`, and what it measures: `similarity is 0.6 misheard
is 0.4 chance is 0.1`, where 0.7 and 0.2 was before, or `evaluation is none`.
"""

import errno
import json
import os
import re
import time

from mynah.errors import RecordingError
from mynah.runtime.files import write_atomic
from mynah.training.evaluation import Evaluation, Measure
from mynah.training.trainer import Stopped, TrainedPrompt, VersionFiles


class SlowTrainer:
    def train(self, folder, request, report, should_stop):
        words = " ".join(recording.text or "" for recording in request.recordings)
        plan = dict(re.findall(r"(\w+) is ([\w.]+)", words))
        steps, pause = int(plan.get("steps", 10)), float(plan.get("pause", 0.05))
        done = read_steps(folder)
        report.message(f"begins at step {len(done)}")
        for step in range(len(done), steps):
            if should_stop():
                raise Stopped
            fail(plan, step)
            time.sleep(pause)
            (folder / "half.tmp").write_bytes(os.urandom(1000))
            done.append(step)
            write_atomic(folder / "steps.json", json.dumps(done).encode())
            if step % 3 == 2:
                report.checkpoint()
            report.progress("acoustic", 100 * (step + 1) / steps, {"loss": 1 / (step + 1)})
        weights = folder / "weights.bin"
        weights.write_bytes(b"w" * 200_000)
        prompts = [TrainedPrompt(request.recordings[0].path, "Trained words.", 4.0)]
        seconds = sum(recording.seconds for recording in request.recordings)
        files = {"acoustic.pth": weights, "steps.json": folder / "steps.json"}
        return VersionFiles(
            {} if plan.get("weights") == "none" else files,
            {"seconds": seconds, "epochs": request.epochs, "parent": str(request.parent)},
            {"acoustic_loss": 0.5},
            prompts,
            evaluation(plan),
        )


def evaluation(plan):
    if plan.get("evaluation") == "none":
        return None
    chance = float(plan.get("chance", 0.0))
    similarity = Measure(0.7, float(plan.get("similarity", 0.9)), chance)
    misheard = Measure(0.2, float(plan.get("misheard", 0.2)), chance)
    doubts = ["The recordings are doubtful."] if plan.get("recordings") == "doubtful" else []
    return Evaluation(
        similarity, None if plan.get("recogniser") == "none" else misheard, "word", doubts
    )


def read_steps(folder):
    path = folder / "steps.json"
    return json.loads(path.read_text()) if path.exists() else []


def fail(plan, step):
    if str(step) != plan.get("failing"):
        return
    kind = plan["how"]
    if kind == "disk":
        raise OSError(errno.ENOSPC, "No space left on device")
    if kind == "recording":
        raise RecordingError("The recording has two speakers; send one of one person.")
    if kind == "died":
        os.kill(os.getpid(), 9)
    raise RuntimeError("secret words")
