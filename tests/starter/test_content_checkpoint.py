"""Content encoders and what is known of their tokens, kept in a file."""

import dataclasses

import pytest
import torch

from mynah.checkpoints.file import read_checkpoint, write_checkpoint
from mynah.encoders.ctc_aligner import AlignerConfig
from mynah.errors import CheckpointError
from mynah.starter.checkpoint import Content, load_content, save_content
from mynah.starter.content_encoder import MelContentEncoder
from mynah.starter.token_classes import TokenClasses

SMALL = AlignerConfig(width=32, layers=1, heads=2, hidden=32)
CLASSES = TokenClasses(tuple(n % 9 for n in range(1024)), tuple(n % 5 for n in range(732)))


@pytest.mark.parametrize("classes", [None, CLASSES])
@pytest.mark.parametrize("prompts", [True, False])
def test_what_is_known_of_the_tokens_is_kept(tmp_path, classes, prompts):
    encoder = MelContentEncoder(SMALL)
    save_content(Content(encoder, classes, prompts), tmp_path / "content.pth", info="tiny")
    read = load_content(tmp_path / "content.pth")
    assert (read.token_classes, read.uses_prompts) == (classes, prompts)
    assert read.encoder.aligner.config == SMALL
    for name, tensor in encoder.state_dict().items():
        torch.testing.assert_close(read.encoder.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)


def test_the_names_in_the_file_are_those_of_its_first_version(tmp_path):
    path = tmp_path / "content.pth"
    save_content(Content(MelContentEncoder(SMALL), CLASSES), path, info="tiny")
    checkpoint = read_checkpoint(path)
    assert {name.split(".")[0] for name in checkpoint.weight} == {
        "convolutions",
        "blocks",
        "norm",
        "features",
        "phonemes",
    }
    assert checkpoint.config["content"]["prompts"] is True
    assert checkpoint.config["sounds"].keys() == {"of_tokens", "of_phones"}


@pytest.mark.parametrize(
    "changes",
    [
        {"of_tokens": [0] * 1023},
        {"of_phones": [0] * 733},
        {"of_tokens": [-1] * 1024},
        {"of_phones": [9] * 732},
        {"of_tokens": ["a"] * 1024},
        {"of_phones": None},
    ],
)
def test_classes_of_other_tokens_are_refused(tmp_path, changes):
    path = tmp_path / "content.pth"
    save_content(Content(MelContentEncoder(SMALL), CLASSES), path, info="tiny")
    checkpoint = read_checkpoint(path)
    sounds = checkpoint.config["sounds"] | changes
    config = checkpoint.config | {"sounds": sounds}
    write_checkpoint(path, dataclasses.replace(checkpoint, config=config))
    with pytest.raises(CheckpointError, match="not a content encoder"):
        load_content(path)
