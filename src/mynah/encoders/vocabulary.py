"""Token ids of characters, from the files of a BERT's tokenizer.

Every Chinese character is a token of its own, so that looking it up is all that tokenizing is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mynah.encoders.pretrained import read_json
from mynah.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Ids of tokens.

    Attributes:
        ids: by token.
    """

    ids: Mapping[str, int]

    @classmethod
    def read(cls, folder: Path, size: int) -> Self:
        """The vocabulary in `tokenizer.json`, or else in `vocab.txt`.

        Args:
            folder: of the BERT.
            size: number of tokens that the BERT has embeddings for.

        Raises:
            CheckpointError: there is none, or it does not belong to the BERT.
        """
        ids = _ids(folder)
        if not {"[UNK]", "[CLS]", "[SEP]"} <= ids.keys() or not all(
            isinstance(each, int) and 0 <= each < size for each in ids.values()
        ):
            raise CheckpointError(
                f"The vocabulary in {folder.name} does not belong to its BERT of {size} tokens; "
                "copy or download the folder again, as GPT-SoVITS releases it."
            )
        return cls(ids)

    def encode(self, characters: list[str]) -> list[int]:
        """Ids of characters, between those of [CLS] and [SEP]."""
        unknown = self.ids["[UNK]"]
        inner = [self.ids.get(character, unknown) for character in characters]
        return [self.ids["[CLS]"], *inner, self.ids["[SEP]"]]


def _ids(folder: Path) -> dict[str, int]:
    if (folder / "vocab.txt").is_file() and not (folder / "tokenizer.json").is_file():
        lines = (folder / "vocab.txt").read_text("utf-8", errors="replace").split("\n")
        return {token.strip("\r"): number for number, token in enumerate(lines) if token}
    content = read_json(folder, "tokenizer.json", folder.name)
    model = content.get("model")
    ids = model.get("vocab") if isinstance(model, dict) else None
    return ids if isinstance(ids, dict) else {}
