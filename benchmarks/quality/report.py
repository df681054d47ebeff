"""The figures as Markdown: what was run, where, and one table."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.quality.row import Errors, Row

_HEAD = """\
| speaker | language | clips | CER / WER | syllables | Whisper: CER / WER | Whisper: syllables \
| similarity | to others | DNSMOS |
|---|---|---|---|---|---|---|---|---|---|
"""

_LEGEND = """\
CER (Mandarin) and WER (English): errors of a recogniser after both texts are normalised;
lower is better. Syllables: errors in pinyin with tones, where homophones are alike. The first
two columns count: Vosk small for Mandarin and Moonshine tiny for English had no part in training.
Whisper small stands beside them: the starter's content encoder learnt from its encoder, so its
rates may flatter the starter. Similarity: mean cosine to the reference recording in a speaker
encoder that had no part in training; between references of different people of this table it is
{baseline:.2f}. To others: the same to the references of everybody else.
DNSMOS: predicted mean opinion of cleanness, 1 to 5.
"""


def report(rows: Iterable[Row], baseline: float, command: Sequence[str]) -> str:
    """Markdown of one run.

    Args:
        rows: The figures, in the order of the table.
        baseline: Mean similarity of different people.
        command: The command line that made them.
    """
    return "\n".join(
        [
            "# Quality of Mynah's speech",
            "",
            f"- date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            f"- machine: {_machine()}",
            f"- command: `{' '.join(command)}`",
            "",
            _HEAD + "\n".join(_line(row) for row in rows),
            "",
            _LEGEND.format(baseline=baseline),
        ]
    )


def _line(row: Row) -> str:
    cells = [
        row.label,
        row.language,
        str(row.clips),
        *_rates(row.errors),
        *_rates(row.teacher_errors),
        _cosine(row.similarity),
        _cosine(row.similarity_to_others),
        f"{row.dnsmos:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _rates(errors: Errors) -> list[str]:
    syllables = "–" if errors.syllable_rate is None else f"{errors.syllable_rate:.1%}"
    return [f"{errors.rate:.1%}", syllables]


def _cosine(similarity: float | None) -> str:
    return "–" if similarity is None else f"{similarity:.2f}"


def _machine() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} logical cores, {platform.system()}"
