"""`GET /v1/scripts`: texts to read aloud for a voice."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from mynah.server.http.admission import SpeakCaller, admitting_router
from mynah.text.languages.registry import LANGUAGES
from mynah.text.reading_scripts import reading_script

router = admitting_router(tags=["training"])


class ScriptQuery(BaseModel):
    """The language of a script."""

    model_config = ConfigDict(extra="forbid")
    language: Annotated[str, Field(json_schema_extra={"enum": [*LANGUAGES]})]


class ScriptBody(BaseModel):
    """About a minute of text with every phoneme of its language in it."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    object: str = "script"
    language: str
    sentences: list[str]
    """To be read in this order, with a short pause after each."""
    text: str
    """All of them: the `text` of a recording of the script."""


@router.get("/scripts")
def get_script(query: Annotated[ScriptQuery, Query()], _: SpeakCaller) -> ScriptBody:
    """Get a text to read aloud for the training of a voice."""
    found = reading_script(query.language)
    gap = " " if LANGUAGES[query.language].spaced else ""
    return ScriptBody(
        language=found.language,
        sentences=[*found.sentences],
        text=gap.join(found.sentences),
    )
