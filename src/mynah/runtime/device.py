"""Device and precision of the computation, and CPU features that decide both."""

from typing import TYPE_CHECKING, Literal, Protocol, Self

if TYPE_CHECKING:
    import torch
from mynah.errors import OptionError

Device = Literal["auto", "cpu", "cuda"]
"""`auto` is a GPU if there is one, and the CPU otherwise."""
Precision = Literal["auto", "float32"]
"""`auto` is the fastest precision of this machine without an audible change; `float32` is exact."""


class Transferable(Protocol):
    """A value of tensors that can be copied to a device, opaque to those who pass it on."""

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors."""
        ...

    def to(self, device: "torch.device") -> Self:
        """The same on a device."""
        ...


def resolve_device(name: Device) -> "torch.device":
    """Return the device of a name.

    Raises:
        OptionError: a GPU is asked for, and there is none.
    """
    import torch  # noqa: PLC0415 - settings import this file

    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise OptionError("There is no GPU that torch can use; choose the device auto or cpu.")
    if not found or name == "cpu":
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())


def has_bfloat16(device: "torch.device") -> bool:
    """True if the device multiplies in bfloat16; otherwise that is slower than float32."""
    if device.type != "cpu":
        return True
    import torch  # noqa: PLC0415 - as above

    known = torch.cpu.get_capabilities()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def has_vnni() -> bool:
    """True if the CPU accumulates int8 products without overflow (VNNI).

    Without VNNI pairs of products are added in 16 bits, which hold products of 7 by 8 bits.
    """
    import torch  # noqa: PLC0415 - as above

    return bool(torch.cpu.get_capabilities().get("avx512_vnni"))
