"""`python -m benchmarks.quality`: Mynah, real people and the training corpus side by side."""

import argparse
import sys
from pathlib import Path

from benchmarks.quality import speech
from benchmarks.quality.judges import Judges, different_speakers
from benchmarks.quality.report import report
from benchmarks.quality.voices import human_voices
from mynah.errors import MynahError


def main() -> None:
    """Judge what the options name and prints the table."""
    options = _options()
    judges = Judges.fetch(options.cache, options.threads)
    voices = human_voices(options.cache)
    timbres = {voice.name: judges.timbre(voice.reference) for voice in voices}
    if options.wavs:
        sets = speech.from_folder(options.wavs, judges)
    else:
        sets = speech.from_mynah(voices, timbres, options.cache, options.limit, options.seed)
    sets += speech.from_people(voices, timbres)
    if options.corpus:
        sets += speech.from_corpus(options.corpus, judges, options.limit, options.seed)
    people = list(timbres.values())
    rows = [judges.row(label, pairs, people) for label, pairs in sets]
    command = ["python -m benchmarks.quality", *sys.argv[1:]]
    page = report(rows, different_speakers(people), command)
    print(page)
    if options.out:
        options.out.write_text(page)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.quality", description=__doc__)
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder for what is fetched (850 MB)"
    )
    parser.add_argument(
        "--wavs", type=Path, help="judge this folder's recordings, listed in its wavs.json"
    )
    parser.add_argument(
        "--corpus", type=Path, help="also judge a sample of this corpus (metadata.jsonl)"
    )
    parser.add_argument(
        "--limit", type=int, default=50, help="sentences or clips a row (default: 50)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of synthesis and sampling")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the judges")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except MynahError as error:
        sys.exit(str(error))
