"""Number of fields of a protobuf message, counted on the wire before it is parsed.

A field takes two bytes there and a hundred in memory, and parsing blocks the event loop. Format:
https://protobuf.dev/programming-guides/encoding.
"""

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from mynah.server.errors import RequestError
from mynah.server.http.value_count import check_values

_VARINT, _EIGHT_BYTES, _LENGTH, _GROUP, _GROUP_END, _FOUR_BYTES = range(6)
_FIXED = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4, _GROUP: 0, _GROUP_END: 0}
_MOST_VARINT_BYTES = 10


def check_fields(kind: Descriptor, data: bytes) -> None:
    """Refuse a message of too many fields, those of messages within it included.

    Raises:
        RequestError: it has too many, or cannot be read.
    """
    number = 0
    waiting = [(kind, 0, len(data))]
    while waiting:
        kind, at, end = waiting.pop()
        while at < end:
            number += 1
            check_values(number)
            tag, at = _varint(data, at)
            wire_type = tag & 7
            if wire_type == _LENGTH:
                length, at = _varint(data, at)
                inner = _message_type(kind, tag >> 3)
                if inner is not None:
                    waiting.append((inner, at, min(at + length, end)))
                at += length
            elif wire_type == _VARINT:
                _, at = _varint(data, at)
            else:
                at += _FIXED.get(wire_type, len(data))


def _message_type(kind: Descriptor, number: int) -> Descriptor | None:
    field: FieldDescriptor | None = kind.fields_by_number.get(number)
    return field.message_type if field is not None else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode a varint; return it with the position after it."""
    value = 0
    for shift, byte in enumerate(data[at : at + _MOST_VARINT_BYTES]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, at + shift + 1
    raise RequestError("The message cannot be read; send one as the proto has it.")
