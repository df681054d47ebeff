"""The table tells the recogniser that counts from the one that taught."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("whisper_normalizer", reason="needs the extra `quality`")

from benchmarks.quality.report import report
from benchmarks.quality.row import Errors, Row


def table(*rows):
    lines = report(rows, 0.1, ["python"]).splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|") and not line.startswith("|--")
    ]


def row(errors, teacher_errors, language="zh"):
    return Row("someone", language, 2, errors, teacher_errors, similarity=0.5, dnsmos=3.25)


def test_errors_that_count_stand_before_those_of_whisper():
    head, cells = table(row(Errors(0.25, 0.125), Errors(0.05, 0.025)))
    figures = dict(zip(head, cells, strict=True))
    assert figures["CER / WER"] == "25.0%"
    assert figures["syllables"] == "12.5%"
    assert figures["Whisper: CER / WER"] == "5.0%"
    assert figures["Whisper: syllables"] == "2.5%"
    assert figures["DNSMOS"] == "3.25"


def test_nobody_is_compared_with_others_where_there_are_none():
    head, cells = table(row(Errors(0.25, None), Errors(0.05, None)))
    figures = dict(zip(head, cells, strict=True))
    assert (figures["similarity"], figures["to others"]) == ("0.50", "–")


def test_english_has_no_syllable_figures():
    head, cells = table(row(Errors(0.25, None), Errors(0.05, None), language="en"))
    figures = dict(zip(head, cells, strict=True))
    assert figures["syllables"] == figures["Whisper: syllables"] == "–"


def test_only_mandarin_errors_are_counted_in_syllables_too():
    assert Errors.count([("沃森", "卧森")], "zh") == Errors(rate=0.5, syllable_rate=0.0)
    assert Errors.count([("one cat", "one hat")], "en") == Errors(rate=0.5, syllable_rate=None)


def test_each_language_is_heard_by_its_own_recogniser_and_by_whisper():
    for package in ("onnxruntime", "tokenizers", "kaldi_native_fbank", "vosk"):
        pytest.importorskip(package, reason="needs the extra `quality`")
    from benchmarks.quality.judges import Judges
    from benchmarks.quality.voices import Utterance

    def hears(text):
        return SimpleNamespace(transcribe=lambda samples, sample_rate, language: text)

    judges = Judges(
        {"zh": hears("你好"), "en": hears("good morning")},
        teacher=hears("你号"),
        speaker=SimpleNamespace(embed=lambda samples, rate: np.array([0.6, 0.8])),
        dnsmos=SimpleNamespace(rate=lambda samples, rate: SimpleNamespace(overall=3.0)),
    )
    said = Utterance(np.zeros(100, dtype=np.float32), 16_000, "你好", "zh")
    own, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    judged = judges.row("someone", [(said, None), (said, own)], [own, other])
    assert judged.errors.rate == 0
    assert judged.teacher_errors == Errors(rate=0.5, syllable_rate=0.5)
    assert judged.similarity == pytest.approx(0.6)
    assert judged.similarity_to_others == pytest.approx(0.8)
    assert (judged.language, judged.clips, judged.dnsmos) == ("zh", 2, 3.0)
