"""Content encoders and what is known of their tokens, kept in a file."""

import dataclasses

import pytest

from mynah.checkpoints.content import load_content, save_content
from mynah.checkpoints.file import read_checkpoint, write_checkpoint
from mynah.encoders.ctc_aligner import AlignerConfig, CTCAligner
from mynah.errors import CheckpointError
from mynah.voice.sounds import Sounds

SMALL = AlignerConfig(width=32, layers=1, heads=2, hidden=32)
SOUNDS = Sounds(tuple(n % 9 for n in range(1024)), tuple(n % 5 for n in range(732)))


@pytest.mark.parametrize("sounds", [None, SOUNDS])
@pytest.mark.parametrize("prompts", [True, False])
def test_what_is_known_of_the_tokens_is_kept(tmp_path, sounds, prompts):
    config = dataclasses.replace(SMALL, prompts=prompts)
    save_content(CTCAligner(config, sounds), tmp_path / "content.pth", info="tiny")
    encoder = load_content(tmp_path / "content.pth")
    assert (encoder.config, encoder.sounds) == (config, sounds)


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
def test_sounds_of_other_tokens_are_refused(tmp_path, changes):
    path = tmp_path / "content.pth"
    save_content(CTCAligner(SMALL, SOUNDS), path, info="tiny")
    checkpoint = read_checkpoint(path)
    sounds = checkpoint.config["sounds"] | changes
    config = checkpoint.config | {"sounds": sounds}
    write_checkpoint(path, dataclasses.replace(checkpoint, config=config))
    with pytest.raises(CheckpointError, match="not a content encoder"):
        load_content(path)
