"""Reading of a call's fields, from a query or a body, by the API that they belong to."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Request
from pydantic import BeforeValidator, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from mynah.server.compat.gpt_sovits.calls import SpeechFields
from mynah.server.problems import validated

Apis = Sequence[type[SpeechFields]]
"""APIs that share a path; the first one's is a call that has no mark of any."""
Model = TypeVar("Model")


def _parsed(value: object) -> object:
    """Parse a body that is not declared to be JSON, as GPT-SoVITS does."""
    if not isinstance(value, bytes):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise PydanticCustomError(
            "json_invalid", "JSON decode error", {"error": str(error)}
        ) from None


JsonBody = Annotated[Model, BeforeValidator(_parsed)]
"""Type of a JSON body under any content type."""


def body_of(apis: Apis) -> WrapValidator:
    """Validator of the body of one of some APIs."""

    def validate(value: object, _: ValidatorFunctionWrapHandler) -> SpeechFields:
        parsed = _parsed(value)
        return _api_of(parsed if isinstance(parsed, dict) else {}, apis).model_validate(parsed)

    return WrapValidator(validate)


def query_of(apis: Apis) -> Callable[[Request], Awaitable[SpeechFields]]:
    """Dependency that reads the query of one of some APIs."""

    # Not a plain function: FastAPI would call that in a thread, for each request.
    async def read(request: Request) -> SpeechFields:
        query = request.query_params
        api = _api_of(query, apis)
        fields = {name: query.getlist(name) if name in api.lists else query[name] for name in query}
        return validated(api.model_validate, fields)

    return read


def described_query(apis: Apis) -> dict[str, Any]:
    """The query's part of an endpoint's description."""
    schemas = [api.model_json_schema() for api in apis]
    properties = {name: each for schema in schemas for name, each in schema["properties"].items()}
    required = set.intersection(*(set(schema["required"]) for schema in schemas))
    parameters = [
        {"in": "query", "name": name, "required": name in required, "schema": each}
        for name, each in properties.items()
    ]
    return {"parameters": parameters}


def _api_of(fields: Mapping[str, Any], apis: Apis) -> type[SpeechFields]:
    return next((api for api in apis if not api.marks.isdisjoint(fields)), apis[0])
