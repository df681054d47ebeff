"""`python -m benchmarks.clone`: a minute of a real person, trained through the API as a user would.

The same sentences are spoken by the voice before and after: by its first recording alone, then by
the trained version. Needs the extra `quality`: `pip install -e '.[quality]'`.
"""

import argparse
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import soundfile

import mynah.client
from benchmarks.clone.minute import Minute, read_minute
from benchmarks.load.server import serving
from benchmarks.quality.judges import Judges, different_speakers
from benchmarks.quality.report import report
from benchmarks.quality.row import Row
from benchmarks.quality.voices import Utterance, human_voices
from mynah.errors import MynahError

VOICE = "person"


def main() -> None:
    """Train, judge and print."""
    options = _options()
    minute, judges = read_minute(options.cache), Judges.fetch(options.cache, options.threads)
    with (
        serving(options.model, options.port) as server,
        mynah.client.Client(server.url, server.secret) as client,
    ):
        first, words = minute.recordings[0], minute.texts[0]
        client.create_voice(VOICE, first, texts=[words], language=minute.language)
        rows = list(_judged("zero-shot", client, judges, minute, options))
        seconds = _train(client, minute)
        rows += _judged("trained", client, judges, minute, options)
    timbres = [judges.timbre(each.reference) for each in human_voices(options.cache)]
    command = ["python -m benchmarks.clone", *sys.argv[1:]]
    print(f"{minute.person}: the job took {seconds / 60:.1f} minutes.\n")
    print(report(rows, different_speakers(timbres), command))


def _train(client: mynah.client.Client, minute: Minute) -> float:
    """Seconds that the job took; its version is promoted."""
    began = time.monotonic()
    order = client.train(
        VOICE,
        *minute.recordings[1:],
        texts=minute.texts[1:],
        language=minute.language,
        promote=True,
    )
    job = client.wait(order.id)
    for message in job.messages:
        print(message, file=sys.stderr)
    if job.error:
        raise MynahError(f"The training failed: {job.error.message}")
    return time.monotonic() - began


def _judged(
    label: str,
    client: mynah.client.Client,
    judges: Judges,
    minute: Minute,
    options: argparse.Namespace,
) -> Iterator[Row]:
    """A row for each language."""
    timbre = minute.timbre(judges)
    path = Path(__file__).parent.parent / "quality" / "sentences.json"
    for language, sentences in json.loads(path.read_text("utf-8")).items():
        spoken = _spoken(client, sentences[: options.limit], language)
        yield judges.row(label, ((utterance, timbre) for utterance in spoken))


def _spoken(
    client: mynah.client.Client, sentences: Sequence[str], language: str
) -> Iterator[Utterance]:
    for sentence in sentences:
        options = {"response_format": "wav", "language": language, "seed": 0}
        samples, rate = soundfile.read(
            io.BytesIO(client.speak(sentence, VOICE, **options)), dtype="float32"
        )
        yield Utterance(samples, rate, sentence, language)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.clone", description=__doc__)
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder for what is fetched (850 MB)"
    )
    parser.add_argument("--model", type=Path, help="folder of a model; the starter without")
    parser.add_argument("--port", type=int, default=8799, help="of the server (default: 8799)")
    parser.add_argument(
        "--limit", type=int, default=8, help="sentences of each language (default: 8)"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the judges")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except MynahError as error:
        sys.exit(str(error))
