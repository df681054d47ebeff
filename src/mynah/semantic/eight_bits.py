"""The GPT in eight bits, for a CPU: the same network with faster layers.

A step reads every weight once and does little else, so it is as fast as its weights are small.
Embeddings and the prediction of the next token, which are a small part, stay as they are.
"""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mynah.semantic.gpt import GPT, Attention
from mynah.semantic.places import Places


class EightBitGPT(GPT):
    """A GPT for speaking, not for training: nobody's tokens depend on whom they are drawn with.

    Args:
        gpt: in fp32 on the CPU, in eval mode; it shares all but its layers with this one.
    """

    def __init__(self, gpt: GPT) -> None:
        nn.Module.__init__(self)  # a GPT's own makes random weights
        self.config, self.sampling = gpt.config, gpt.sampling
        for name, module in gpt.named_children():
            if module is not gpt.h:
                self.add_module(name, module)

    @property
    @abstractmethod
    def size(self) -> int:
        """Bytes beside those of the GPT."""

    def prefill(
        self,
        phones: Sequence[Tensor],
        bert: Sequence[Tensor | None],
        prompts: Sequence[Tensor],
        cache: Places,
        first: int = 0,
    ) -> Tensor:
        """See `GPT.prefill`; each request is read by itself, because padding changes roundings."""
        read = super().prefill
        logits = [
            read(phones[at : at + 1], bert[at : at + 1], prompts[at : at + 1], cache, first + at)
            for at in range(len(phones))
        ]
        return torch.cat(logits)


def with_scaled_queries(attention: Attention) -> tuple[Tensor, Tensor]:
    """Weight and bias of a projection whose queries are divided by their root already."""
    hidden = attention.out_proj.in_features
    weight, bias = attention.in_proj_weight.detach(), attention.in_proj_bias.detach()
    scale = torch.ones(len(bias))
    scale[:hidden] = (hidden // attention.heads) ** -0.5
    return weight * scale[:, None], bias * scale
