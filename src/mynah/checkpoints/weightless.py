"""Networks that are about to get their weights from a file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_FILLING = frozenset({"normal_", "uniform_", "fill_", "zero_"})


class Weightless(TorchFunctionMode):
    """Modules that are made within it have no meaningful weights until they are assigned some.

    Random ones take a second. PyTorch's meta device would leave them out as well, but goes through
    its compiler for it, whose import takes a second and a hundred megabytes.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Calls what PyTorch is asked for, unless it is for random numbers."""
        known = dict(kwargs or {})
        if getattr(func, "__name__", "") in _FILLING:
            # A tensor's method, or the function of `torch.nn.init` around it.
            return args[0] if args else known["tensor"]
        return (torch.empty if func is torch.randn else func)(*args, **known)
