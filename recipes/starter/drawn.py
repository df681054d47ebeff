"""The tokens that the GPT draws where a recording has its own: the mistakes the prior will meet.

Each is drawn after the true tokens before it, so that it lies at the right place in time; a prior
that has met such slips beside the right phonemes learns to hear past them.
"""

from pathlib import Path

import numpy as np
import torch

from mynah.semantic.gpt import GPT
from recipes.starter.corpus import Track
from recipes.starter.labels import read_phones
from recipes.starter.semantic import EOS, batches, collate
from recipes.starter.sizes import SEMANTIC
from recipes.starter.splices import Example

POSITIONS = 6_000


@torch.no_grad()
def write_drawn(work: Path, device: str = "cpu") -> None:
    """Writes `drawn.npy`, laid out as `tokens.npy`; recordings without words keep their own."""
    torch.manual_seed(0)
    gpt = GPT(SEMANTIC)
    state = torch.load(work / "semantic.pt", weights_only=True, map_location="cpu")
    gpt.load_state_dict(state["parts"][0])
    gpt.eval().to(device)
    clips, phones, tokens = Track(work).clips, read_phones(work), np.load(work / "tokens.npy")
    rows = {}
    for number, clip in enumerate(clips):
        first = clip.start // 1280
        if phones[number]:
            own = tokens[first : first + clip.frames // 2].tolist()
            rows[first] = Example(phones[number], own, [])
    starts = {id(row): first for first, row in rows.items()}
    for group in batches(list(rows.values()), POSITIONS, np.random.default_rng(0)):
        drawn = _draw(gpt, group, torch.device(device))
        for row, line in zip(group, drawn, strict=True):
            first = starts[id(row)]
            tokens[first : first + len(row.tokens)] = line[: len(row.tokens)]
    np.save(work / "drawn.npy", tokens)


def _draw(gpt: GPT, rows: list[Example], device: torch.device) -> list[list[int]]:
    phones, phone_lengths, tokens, token_lengths = (part.to(device) for part in collate(rows))
    with torch.autocast(device.type, torch.bfloat16):
        logits = gpt(phones, phone_lengths, None, tokens, token_lengths)[:, :-1, :EOS]
    chances = logits.float().softmax(-1)
    drawn: list[list[int]] = torch.multinomial(chances.flatten(0, 1), 1).view_as(tokens).tolist()
    return drawn
