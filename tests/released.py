"""Folders in the layout in which GPT-SoVITS releases its models, with random weights.

The configs are as released: they state float16, which `transformers` 5 obeys and 4 does not, and
the weights are float16 in `pytorch_model.bin`, under the names that the releases give them.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import torch

from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.gpt import save_gpt
from mynah.checkpoints.sovits import save_sovits
from mynah.encoders.eres2net import ERes2NetV2
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT

HUBERT, BERT = "chinese-hubert-base", "chinese-roberta-wwm-ext-large"

HUBERT_CONFIG = {
    "activation_dropout": 0.1,
    "apply_spec_augment": True,
    "architectures": ["HubertModel"],
    "attention_dropout": 0.1,
    "bos_token_id": 1,
    "classifier_proj_size": 256,
    "conv_bias": False,
    "conv_dim": [512] * 7,
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "ctc_loss_reduction": "sum",
    "ctc_zero_infinity": False,
    "do_stable_layer_norm": False,
    "eos_token_id": 2,
    "feat_extract_activation": "gelu",
    "feat_extract_dropout": 0.0,
    "feat_extract_norm": "group",
    "feat_proj_dropout": 0.0,
    "feat_proj_layer_norm": True,
    "final_dropout": 0.1,
    "gradient_checkpointing": False,
    "hidden_act": "gelu",
    "hidden_dropout": 0.1,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "layer_norm_eps": 1e-05,
    "layerdrop": 0.1,
    "mask_feature_length": 10,
    "mask_feature_min_masks": 0,
    "mask_feature_prob": 0.0,
    "mask_time_length": 10,
    "mask_time_min_masks": 2,
    "mask_time_prob": 0.05,
    "model_type": "hubert",
    "num_attention_heads": 12,
    "num_conv_pos_embedding_groups": 16,
    "num_conv_pos_embeddings": 128,
    "num_feat_extract_layers": 7,
    "num_hidden_layers": 12,
    "pad_token_id": 0,
    "tokenizer_class": "Wav2Vec2CTCTokenizer",
    "torch_dtype": "float16",
    "transformers_version": "4.30.2",
    "use_weighted_layer_sum": False,
    "vocab_size": 32,
}
PREPROCESSOR_CONFIG = {
    "do_normalize": True,
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "feature_size": 1,
    "padding_side": "right",
    "padding_value": 0,
    "return_attention_mask": False,
    "sampling_rate": 16000,
}
BERT_CONFIG = {
    "architectures": ["BertForMaskedLM"],
    "attention_probs_dropout_prob": 0.1,
    "bos_token_id": 0,
    "classifier_dropout": None,
    "directionality": "bidi",
    "eos_token_id": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 1024,
    "initializer_range": 0.02,
    "intermediate_size": 4096,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "model_type": "bert",
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "output_past": True,
    "pad_token_id": 0,
    "pooler_fc_size": 768,
    "pooler_num_attention_heads": 12,
    "pooler_num_fc_layers": 3,
    "pooler_size_per_head": 128,
    "pooler_type": "first_token_transform",
    "position_embedding_type": "absolute",
    "torch_dtype": "float16",
    "transformers_version": "4.30.2",
    "type_vocab_size": 2,
    "use_cache": True,
    "vocab_size": 21128,
}
SMALL_HUBERT = {"conv_dim": [8] * 7, "num_hidden_layers": 1, "intermediate_size": 8}
SMALL_BERT = {"num_hidden_layers": 3, "intermediate_size": 8, "vocab_size": 128}
"""Shrink layers that a test need not wait for; the widths of the features stay."""

_WEIGHT_NORM = {"weight.original0": "weight_g", "weight.original1": "weight_v"}
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def write_hubert(folder: Path, **sizes: object) -> Path:
    """`chinese-hubert-base`, with some sizes of its config changed."""
    from transformers import HubertConfig, HubertModel

    config = HUBERT_CONFIG | sizes
    torch.manual_seed(0)
    model = HubertModel(HubertConfig.from_dict({**config, "torch_dtype": "float32"}))
    _write(folder, config, model.state_dict())
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR_CONFIG))
    return folder


def write_bert(folder: Path, **sizes: object) -> Path:
    """`chinese-roberta-wwm-ext-large`, with some sizes of its config changed."""
    from transformers import BertConfig, BertForMaskedLM

    config = BERT_CONFIG | sizes
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig.from_dict({**config, "torch_dtype": "float32"}))
    _write(folder, config, model.state_dict())
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(config["vocab_size"])), "utf-8")
    return folder


def write_model(folder: Path, version: str) -> Path:
    """The GPT and the SoVITS of a version, at released sizes."""
    symbols, phonemes = {"v1": (322, 512), "v2": (732, 732)}[version]
    torch.manual_seed(0)
    gpt = GPT(replace(SemanticConfig(), phoneme_vocabulary=phonemes))
    with torch.no_grad():  # it ends soon, as one that was trained does
        last, predict = gpt.h.layers[-1].norm2, gpt.ar_predict_layer
        last.weight[0], last.bias[0] = 0.0, 1.0
        predict.weight[:, 0] = 0.0
        predict.weight[gpt.config.eos] = 0.0
        predict.weight[gpt.config.eos, 0] = 2.0
    sovits = SoVITS(SoVITSConfig(version=version, symbols=symbols))
    for name, value in sovits.quantizer.named_buffers():
        if name.endswith("embed"):
            value.normal_()
    save_gpt(gpt, folder / "s1.ckpt", info="GPT-e15")
    save_sovits(sovits, folder / "s2.pth", info="200epoch")
    return folder


def write_speaker_encoder(folder: Path) -> Path:
    """`sv/pretrained_eres2netv2w24s4ep4.ckpt`; a small file, whose tensors repeat one column."""
    generator = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in ERes2NetV2().state_dict().items()}
    state = {
        name: _column(name, shape, generator)
        for name, shape in {**shapes, "seg_1.weight": (192, 40_960), "seg_1.bias": (192,)}.items()
    }
    path = folder / "sv" / "pretrained_eres2netv2w24s4ep4.ckpt"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path)
    return path


def write_all(folder: Path, version: str) -> Path:
    """A whole model of a version, at released sizes."""
    folder.mkdir()
    write_hubert(folder / HUBERT)
    write_bert(folder / BERT)
    return write_model(folder, version)


def _column(name: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Weights that keep the level of what passes, as large as their first axis in a file."""
    if name.endswith("num_batches_tracked"):
        return torch.zeros((), dtype=torch.long)
    if len(shape) == 1:
        value = 1.0 if name.endswith((".weight", "running_var", "bn1.weight")) else 0.0
        return torch.tensor(value).expand(shape)
    column = torch.randn(shape[0], *[1] * (len(shape) - 1), generator=generator)
    return (column * 2.5 / math.prod(shape[1:])).expand(shape)


def _write(folder: Path, config: dict, state: dict) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    stored = {}
    for name, value in state.items():
        module, _, last = name.partition(".parametrizations.")
        released = f"{module}.{_WEIGHT_NORM[last]}" if last else name
        stored[released] = value.half() if value.is_floating_point() else value
    torch.save(stored, folder / "pytorch_model.bin")


def _tokenizer(size: int) -> dict:
    characters = [*_SPECIAL, *(chr(0x4E00 + number) for number in range(size - len(_SPECIAL)))]
    characters[5:7] = "你好"
    added = [
        {"id": number, "content": token, "special": True, "single_word": False}
        | {"lstrip": False, "rstrip": False, "normalized": False}
        for number, token in enumerate(_SPECIAL)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "BertProcessing",
            "sep": ["[SEP]", 3],
            "cls": ["[CLS]", 2],
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: number for number, token in enumerate(characters)},
        },
    }
