"""Calls made up from the server's own descriptions, right and wrong: none makes it fail.

    pytest tests/server/test_schemathesis.py --timeout 0 --examples 600 [--postgres]

makes more of them: so many of each operation in each mode.
"""

from contextlib import nullcontext, suppress

import loopback
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)


def refuses_or_answers(_, answer, __) -> None:
    """501 and 503 are refusals: this server is not made for it, or busy."""
    assert answer.status_code < 500 or answer.status_code in (501, 503)


CHECKS = [
    refuses_or_answers,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture(scope="module")
def described(serve_in, tmp_path_factory, request):
    """The server whose descriptions are read, on SQLite or PostgreSQL."""
    on_postgres = request.config.getoption("postgres")
    with loopback.postgres() if on_postgres else nullcontext() as url:
        database = {"database_url": url} if url else {}
        running = serve_in(tmp_path_factory.mktemp("described"), **database)
        running.model.gate.set()
        yield running
        running.stop()


def calls(examples: int):
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[*HealthCheck],
    )


def aim(case):
    """Names the voice that there is, so that a call gets as far as it can."""
    for fields in (case.path_parameters, case.body):
        for name in ("voice", "voice_id"):
            if isinstance(fields, dict) and name in fields:
                fields[name] = "ljspeech"


@pytest.mark.parametrize("mode", [*schemathesis.GenerationMode])
@pytest.mark.parametrize("api", ["", "/elevenlabs", "/gpt-sovits"])
def test_no_call_that_a_description_leads_to_makes_the_server_fail(
    described, api, mode, pytestconfig
):
    headers = {"authorization": f"Bearer {described.secret}", "xi-api-key": described.secret}
    schema = schemathesis.openapi.from_url(f"{described.url}{api}/openapi.json")
    for found in schema.get_all_operations():
        operation = found.ok()

        @calls(pytestconfig.getoption("examples"))
        @given(case=operation.as_strategy(generation_mode=mode))
        def call(case):
            if mode is schemathesis.GenerationMode.POSITIVE:
                aim(case)
            case.call_and_validate(headers=headers, checks=CHECKS, timeout=60)

        # What takes no parameters cannot be called wrongly.
        with suppress(*[Unsatisfiable] * (mode is schemathesis.GenerationMode.NEGATIVE)):
            call()
