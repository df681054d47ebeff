"""Scope and message size of each method of `mynah.v1.Speech`."""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor

from mynah.config import MEBIBYTE, Settings
from mynah.v1 import speech_pb2

LARGEST_UPLOAD = 10 * MEBIBYTE
"""Of the recordings of a message; larger ones are sent by HTTP, which keeps them on disk."""
SERVICE = speech_pb2.DESCRIPTOR.services_by_name["Speech"]


@dataclass(frozen=True, slots=True)
class MethodRule:
    """Requirements of a method.

    Attributes:
        scope: that the caller must have.
        message_bytes: largest message.
        kind: of its messages, whose fields are counted; None for those of other services.
    """

    scope: str
    message_bytes: int
    kind: Descriptor | None


def method_rules(settings: Settings) -> Mapping[str, MethodRule]:
    """The rule of each method, by its full path."""
    plain, upload = settings.body_bytes, largest_message(settings)
    rules = {
        "Synthesize": ("speak", plain),
        "SynthesizeStream": ("speak", plain),
        "Converse": ("speak", plain),
        "CreateVoice": ("train", upload),
        "GetVoice": ("speak", plain),
        "ListVoices": ("speak", plain),
        "UpdateVoice": ("train", plain),
        "DeleteVoice": ("train", plain),
    }
    return {
        f"/{SERVICE.full_name}/{method.name}": MethodRule(*rules[method.name], method.input_type)
        for method in SERVICE.methods
    }


def largest_message(settings: Settings) -> int:
    """Largest message of any method: one recording, or several smaller ones.

    gRPC has one such limit for all methods, those without a key among them, and holds a message in
    memory.
    """
    return max(min(settings.upload_bytes, LARGEST_UPLOAD), settings.body_bytes) + MEBIBYTE
