"""Post-filter of latents: the step between the flow and the decoder that some models add."""

from collections.abc import Callable, Sequence

from torch import Tensor

from mynah.runtime.device import Transferable

Postfilter = Callable[[Tensor, Tensor, Sequence[Transferable | None]], Tensor]
"""From latents (rows, channels, frames), a mask (rows, 1, frames) and the speaker state of each row
to latents of the same shape."""
