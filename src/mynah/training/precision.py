"""In which precision a machine learns fastest without learning worse."""

import torch

from mynah.runtime.device import has_bfloat16


def mixed_precision(device: torch.device) -> torch.autocast:
    """Has layers compute in bfloat16 where the machine does so by itself, weights in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))
