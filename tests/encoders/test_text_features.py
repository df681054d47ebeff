"""Mandarin phonemes get a BERT's features, others zeros."""

import sys

import pytest
import torch

from mynah.encoders.roberta import NoTextFeatures, RobertaTextFeatures
from mynah.errors import CheckpointError, TextError
from mynah.text.sentence import Sentence, Word

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "你", "好", ",", "，", "吗"]


def sentence(*words):
    """A sentence of words (text, language, how many phonemes)."""
    text = "".join(text for text, _, _ in words)
    return Sentence.of(
        text, [(language, Word(text, ("a",) * count)) for text, language, count in words]
    )


GREETING = sentence(("你", "zh", 2), ("好", "zh", 2), ("，", "zh", 1))
MIXED = sentence(("你", "zh", 2), ("hello", "en", 4), ("好", "zh", 2), ("吗", "zh", 2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A BERT of the right width with one head and random weights."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("roberta")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=1024,
        num_hidden_layers=3,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=32,
    )
    torch.manual_seed(0)
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def features(folder):
    return RobertaTextFeatures(folder)


def hidden_states(folder, text):
    """The output of the BERT itself for a text, without [CLS] and [SEP]."""
    transformers = pytest.importorskip("transformers")
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        return model(**tokens, output_hidden_states=True).hidden_states[-3][0, 1:-1]


def test_zeros_without_a_bert():
    assert NoTextFeatures()(GREETING) is None


def test_each_phoneme_gets_its_characters_feature(features, folder):
    expected = hidden_states(folder, "你好，")[[0, 0, 1, 1, 2]].T
    torch.testing.assert_close(features(GREETING), expected)


def test_runs_of_mandarin_are_read_apart(features, folder):
    got = features(MIXED)
    assert got.shape == (1024, 10)
    torch.testing.assert_close(got[:, [0, 1]], hidden_states(folder, "你")[[0, 0]].T)
    torch.testing.assert_close(got[:, 6:], hidden_states(folder, "好吗")[[0, 0, 1, 1]].T)
    assert not got[:, 2:6].any()


def test_unknown_characters_have_a_feature(features):
    assert features(sentence(("龘", "zh", 2))).any()


def test_too_many_characters_at_once(features):
    """The BERT in these tests has 32 places, two of which are its own."""
    assert features(sentence(*[("你", "zh", 1)] * 30)).shape == (1024, 30)
    with pytest.raises(TextError, match="30"):
        features(sentence(*[("你", "zh", 1)] * 31))


def test_other_languages_are_zeros(features):
    assert not features(sentence(("hello", "en", 4))).any()


def test_a_folder_without_a_model(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(CheckpointError, match="chinese-roberta-wwm-ext-large"):
        RobertaTextFeatures(tmp_path)


def test_without_transformers(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(CheckpointError, match=r"mynah\[released\]"):
        RobertaTextFeatures(tmp_path)
