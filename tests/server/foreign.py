"""Calls made from the descriptions of a server's APIs, each with something foreign in one place."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from string import Formatter
from typing import Any
from urllib.parse import quote

Schema = Mapping[str, Any]
Values = Mapping[str, bytes]

_PLACE = "@place@"
_FORM = b"multipart/form-data; boundary=boundary"
_FILES = ("recordings", "files")
_KEPT = {"path": "place", "query": "query", "header": "headers"}
_USUAL = (
    "response_format", "media_type", "language", "labels", "own_recordings", "output_format",
    "text_lang", "ref_audio_path", "prompt_lang", "refer_wav_path", "prompt_language",
)  # fmt: skip
"""Fields that need not be there, and make a call quick or get it further."""

TEXTS = {
    "lone surrogate": rb'"\ud800"',
    "lone surrogate as bytes": b'"\xed\xa0\x80"',
    "zero": rb'"a\u0000b"',
    "last character": rb'"\udbff\udfff"',
}
"""Strings as JSON has them."""
NUMBERS = {
    "integer too large": b"1" + b"0" * 30,
    "integer too long": b"1" * 5000,
    "float too large": b"1e400",
    "no number": b"NaN",
    "truth": b"true",
}
SHAPES = {"null": b"null", "list": b"[]", "object": b"{}", "not UTF-8": b'"\xff"'}
WHOLES = SHAPES | NUMBERS | TEXTS | {"nested": b"[" * 100_000}

PLAIN_TEXTS = {"zero": b"a\0b", "not UTF-8": b"\xff", "lone surrogate": b"\xed\xa0\x80"}
PLAIN_NUMBERS = {name: NUMBERS[name] for name in ("integer too large", "integer too long")}
URLS = {
    "broken IDNA": b"http://xn--a/",
    "broken address": b"http://[::1",
    "port too large": b"http://localhost:99999/",
    "port below zero": b"http://localhost:-1/",
    "zero in it": b"http://localhost/\0",
}
CHARSETS = (b"idna", b"unicode_escape", b"undefined", b"utf-16", b"\xff")


@dataclass(frozen=True)
class Call:
    """A call.

    Attributes:
        what: names it, equal for equal calls of any server.
        url: path and query, percent-encoded.
    """

    what: str
    method: str
    url: str
    headers: Mapping[str, bytes] = field(default_factory=dict)
    content: bytes = b""


class Description:
    """An API by its OpenAPI description.

    Args:
        api: the description.
        base: path under which it is served.
        known: values of fields by name, with which calls succeed.
        recording: a file that is a recording.
    """

    def __init__(self, api: Schema, base: str, known: Mapping[str, Any], recording: bytes) -> None:
        self._api = api
        self._base = base
        self._known = known
        self._recording = recording

    def calls(self) -> Iterator[Call]:
        """All of them; a body that several operations take is tried with the first one."""
        tried = []
        for path, operations in self._api["paths"].items():
            for method, operation in operations.items():
                body = operation.get("requestBody")
                yield from self._of_operation(method.upper(), path, operation, body in tried)
                tried += [body] if body else []

    def _of_operation(
        self, method: str, path: str, operation: Schema, is_tried: bool
    ) -> Iterator[Call]:
        given = operation.get("parameters", ())
        place = {name: str(self._known[name]) for _, name, *_ in Formatter().parse(path) if name}
        query = {
            each["name"]: str(self._known[each["name"]])
            for each in given
            if each["in"] == "query" and (each.get("required") or each["name"] in _USUAL)
        }
        body = operation.get("requestBody", {}).get("content", {})
        kind, schema = next(iter(body.items()), ("", {}))
        whole = self._usual(schema) if schema else {}
        content = self._form(whole) if "form" in kind else _json(whole) if kind else b""
        headers = {"content-type": _FORM if "form" in kind else kind.encode()} if kind else {}

        def call(what: str, **changes: Any) -> Call:
            where = path.format_map(
                {
                    name: quote(text, safe="")
                    for name, text in (place | changes.get("place", {})).items()
                }
            )
            asked = query | changes.get("query", {})
            tail = "&".join(f"{quote(name)}={quote(text)}" for name, text in asked.items())
            return Call(
                f"{method} {self._base}{path} {what}",
                method,
                f"{self._base}{where}?{tail}" if tail else f"{self._base}{where}",
                headers | changes.get("headers", {}),
                changes.get("content", content),
            )

        for each in given:
            name, kept = (
                each["name"],
                {"path": "place", "header": "headers"}.get(each["in"], "query"),
            )
            for what, text in _plain_values(name, each["schema"]).items():
                if kept != "headers" or b"\0" not in text:  # which no client sends
                    yield call(f"{kept} {name}: {what}", **{kept: {name: text}})
        yield call("query name: zero", query={b"\0\xff": "x"})
        if is_tried:
            return
        if "form" in kind:
            yield from self._of_form(call, schema, whole)
        elif kind:
            yield from self._of_json(call, schema, whole)

    def _of_json(self, call: Callable[..., Call], body: Schema, usual: Schema) -> Iterator[Call]:
        for each in self._alternatives(body):
            for where, values, placed in self._places(each, self._usual_of(each), "body"):
                for what, value in values.items():
                    content = _json(placed).replace(f'"{_PLACE}"'.encode(), value)
                    yield call(f"{where}: {what}", content=content)
        for what, value in WHOLES.items():
            yield call(f"whole: {what}", content=value)
        yield call("every field twice", content=_json(usual)[:-1] + b"," + _json(usual)[1:])
        for encoding in ("utf-16", "cp037"):
            yield call(f"in {encoding}", content=json.dumps(usual).encode(encoding))
        for told in (b"application/json; charset=idna", b"\xff", b"a/b/c;;=", b"text/plain", _FORM):
            yield call(f"type {told!r}", headers={"content-type": told})

    def _of_form(self, call: Callable[..., Call], body: Schema, usual: Schema) -> Iterator[Call]:
        for name, each in self._resolved(body["schema"])["properties"].items():
            values = _plain_values(name, each)
            for what, text in values.items():
                yield call(f"form {name}: {what}", content=self._form(usual | {name: text}))
            filed = self._form({**usual, name: None}, {name: b"\0"})
            yield call(f"form {name} as a file", content=filed)
        for form in (b'{"a": %b}', b'{%b: "a"}', b"%b"):
            for what, text in (WHOLES if form == b"%b" else TEXTS).items():
                told = self._form(usual | {"labels": form % text})
                yield call(f"form labels {form!r}: {what}", content=told)
        for what, text in PLAIN_TEXTS.items():
            yield call(f"form name: {what}", content=self._form({**usual, text: b"x"}))
            named = self._form(usual, file_name=text)
            yield call(f"form file name: {what}", content=named)
        for charset in CHARSETS:
            content = self._form(usual | {"language": rb"\ud800"})
            told = _FORM + b"; charset=" + charset
            yield call(f"charset {charset!r}", headers={"content-type": told}, content=content)
        for told in (b"multipart/form-data", b"multipart/form-data; boundary=", b"\xff"):
            yield call(f"type {told!r}", headers={"content-type": told})
        whole = self._form(usual)
        for share in (0.1, 0.99):
            yield call(f"cut at {share}", content=whole[: int(share * len(whole))])
        yield call("a part without a name", content=whole.replace(b'name="language"', b""))

    def _alternatives(self, body: Schema) -> list[Schema]:
        """The schemas that a body may have."""
        schema = self._resolved(body["schema"])
        return [self._resolved(each) for each in schema.get("anyOf", (schema,))]

    def _usual(self, body: Schema) -> dict[Any, Any]:
        return self._usual_of(self._alternatives(body)[0])

    def _usual_of(self, schema: Schema) -> dict[Any, Any]:
        wanted = {*schema.get("required", ()), *_USUAL}
        return {
            name: self._recording if name in _FILES else self._known[name]
            for name in schema["properties"]
            if name in _FILES or (name in wanted and name in self._known)
        }

    def _form(
        self, fields: Mapping[Any, Any], files: Values | None = None, file_name: bytes = b"a.wav"
    ) -> bytes:
        parts = []
        for name, value in chain(fields.items(), (files or {}).items()):
            if value is None:
                continue
            filed = name in _FILES or name in (files or {})
            told = b'; filename="%b"' % file_name if filed else b""
            data = value if isinstance(value, bytes) else str(value).encode()
            named = name if isinstance(name, bytes) else name.encode()
            head = b'content-disposition: form-data; name="%b"%b' % (named, told)
            parts.append(b"--boundary\r\n%b\r\n\r\n%b\r\n" % (head, data))
        return b"".join(parts) + b"--boundary--\r\n"

    def _places(
        self, schema: Schema, usual: object, where: str
    ) -> Iterator[tuple[str, Values, object]]:
        """Each place in a body: its name, values for it, and the body with a mark there."""
        inner = [self._resolved(each) for each in schema.get("anyOf", ())]
        yield where, _json_values([schema, *inner]), _PLACE
        for each in inner:
            inside = self._places(each, usual, where)
            yield from (found for found in inside if found[2] != _PLACE)
        if "items" in schema:
            for name, values, placed in self._places(
                self._resolved(schema["items"]), None, f"{where}[]"
            ):
                yield name, values, [placed]
        if isinstance(schema.get("additionalProperties"), Mapping):
            yield f"{where} key", TEXTS, {_PLACE: "1"}
            yield f"{where} value", TEXTS | NUMBERS, {"1": _PLACE}
        whole = usual if isinstance(usual, dict) else {}
        for name, each in schema.get("properties", {}).items():
            deep = self._places(self._resolved(each), whole.get(name), f"{where}.{name}")
            yield from ((place, values, whole | {name: inside}) for place, values, inside in deep)
        if "properties" in schema:
            yield f"{where} unknown", TEXTS, whole | {_PLACE: "x"}

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._api["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


def _types(schemas: list[Schema]) -> set[str]:
    return {each.get("type", "") for each in schemas}


def _json_values(schemas: list[Schema]) -> Values:
    if _types(schemas) & {"number", "integer", "boolean"}:
        return NUMBERS | {"lone surrogate": TEXTS["lone surrogate"]}
    return TEXTS | {
        "not UTF-8": SHAPES["not UTF-8"],
        "integer too long": NUMBERS["integer too long"],
    }


def _plain_values(name: str, schema: Schema) -> Values:
    if _types([schema, *schema.get("anyOf", ())]) & {"number", "integer", "boolean"}:
        return PLAIN_NUMBERS | {"zero": b"\0"}
    return PLAIN_TEXTS | (URLS if "url" in name else {})


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
