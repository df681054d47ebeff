"""In which precision a machine learns fastest without learning worse."""

import torch


def mixed_precision(device: torch.device) -> torch.autocast:
    """Has layers compute in bfloat16 where the machine does so by itself, weights in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=_has_bfloat16(device))


def _has_bfloat16(device: torch.device) -> bool:
    if device.type != "cpu":
        return True
    known = torch.cpu.get_capabilities()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))
