"""`/v1/voices/{voice}/versions`, and the routing of requests to them."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from mynah.engine.export import ReleasedFile
from mynah.server.errors import RequestError
from mynah.server.http.admission import SpeakCaller, TrainCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.fields import OwnVoiceInPath, VoiceInPath
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.plain_text import PlainText
from mynah.server.services import Services
from mynah.server.versions.outcomes import Tally
from mynah.server.versions.rollout import Kind, Rollout
from mynah.server.versions.store import Version
from mynah.server.voices.store import VoiceRecord

router = admitting_router(tags=["versions"])

Number = Annotated[int, Field(ge=1, lt=1 << 31)]
CHECKPOINT, PART = "application/octet-stream", 1 << 20
Weight = Annotated[float, Field(ge=0, le=1e6)]


class TallyBody(BaseModel):
    """Statistics of a version over the last month."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)
    answers: int
    failed: int
    ratings: int
    rating: float | None
    """Mean, of 1 to 5."""
    measured: int
    similarity: float | None
    """Mean, of those that were measured."""


class VersionBody(BaseModel):
    """A version of a voice."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    object: str = "voice.version"
    voice: str
    version: int
    trained: bool
    """True if it has weights of its own; version 1 has none."""
    default: bool
    """True if it speaks where the traffic is not split."""
    base_model: str
    parent: int | None
    job: str | None
    report: dict[str, Any]
    """On the training data."""
    metrics: dict[str, float]
    """Measured on held-out recordings."""
    tally: TallyBody
    created_at: int


class StepBody(BaseModel):
    """A change of a voice's routing."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)
    version: int
    kind: Kind
    reason: str | None
    """Of an automatic change."""
    created_at: int


class RolloutBody(BaseModel):
    """The routing of a voice's requests to its versions."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    object: str = "voice.rollout"
    voice: str
    default_version: int
    earlier: list[int]
    """Former defaults that `rollback` returns to, the last one first."""
    traffic: dict[int, float]
    """Weights of versions; empty if everyone gets the default."""
    steps: list[StepBody]
    """The latest changes, the last one first."""


class VersionList(BaseModel):
    """All versions of a voice, the oldest first."""

    object: str = "list"
    data: list[VersionBody]
    rollout: RolloutBody


class Traffic(BaseModel):
    """Traffic split among versions."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"weights": {"1": 90, "2": 10}}]},
    )
    weights: dict[Number, Weight] = Field(max_length=20)
    """Of versions, in any unit; empty routes everyone to the default."""


class RatingBody(BaseModel):
    """A rating of a speech result."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    rating: int | None = Field(default=None, ge=1, le=5)
    """From 1, bad, to 5, excellent."""
    similarity: float | None = Field(default=None, ge=-1, le=1)
    """To the speaker, as measured by the caller."""


class RatedBody(BaseModel):
    """A rated speech result."""

    model_config = ConfigDict(from_attributes=True)
    object: str = "audio.rating"
    id: str
    voice: str
    version: int
    rating: int | None
    similarity: float | None


@router.get("/voices/{voice}/versions")
def list_versions(voice: VoiceInPath, caller: SpeakCaller, services: ServicesOf) -> VersionList:
    """List a voice's versions, their statistics and the routing."""
    record = services.stores.voices.disclosed(caller, voice)
    rollout = _rollout(record, services)
    tallies = services.outcomes.tallies(record.id)
    bodies = [
        _version_body(version, rollout.default_version, tallies.get(version.number, Tally()))
        for version in services.stores.versions.of(record)
    ]
    return VersionList(data=bodies, rollout=rollout)


@router.get(
    "/voices/{voice}/versions/{version}/{file}",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": {CHECKPOINT: {}}}},
)
def download_version(
    voice: OwnVoiceInPath,
    version: Number,
    file: ReleasedFile,
    caller: TrainCaller,
    services: ServicesOf,
) -> StreamingResponse:
    """Download a trained version as one of the two files that GPT-SoVITS's own tools open."""
    record = services.stores.voices.managed(caller, voice)
    with TemporaryDirectory(prefix="mynah-") as folder:
        path = Path(folder) / file
        services.exports.write(record, version, file, path)
        size, whole = path.stat().st_size, path.open("rb")
    # The file is unlinked, so nothing of it stays, however the response ends.
    headers = {
        "content-length": str(size),
        "content-disposition": f'attachment; filename="{record.id}-{version}-{file}"',
    }
    parts = iter(partial(whole.read, PART), b"")
    return StreamingResponse(parts, media_type=CHECKPOINT, headers=headers)


@router.post("/voices/{voice}/versions/{version}/promote", dependencies=[DESCRIBED])
def promote_version(
    voice: OwnVoiceInPath, version: Number, caller: TrainCaller, services: ServicesOf
) -> RolloutBody:
    """Make a version the default, from the next request on."""
    record = services.stores.voices.managed(caller, voice)
    services.stores.versions.get(record, version)
    return _body(record, services.rollouts.promote(record.id, version), services)


@router.post("/voices/{voice}/rollback", dependencies=[DESCRIBED])
def roll_voice_back(
    voice: OwnVoiceInPath, caller: TrainCaller, services: ServicesOf
) -> RolloutBody:
    """Restore the routing before the last promotion, from the next request on."""
    record = services.stores.voices.managed(caller, voice)
    return _body(record, services.rollouts.roll_back(record.id), services)


@router.put("/voices/{voice}/traffic", dependencies=[DESCRIBED])
def split_traffic(
    voice: OwnVoiceInPath, traffic: Traffic, caller: TrainCaller, services: ServicesOf
) -> RolloutBody:
    """Split callers among versions; each caller stays with one version."""
    record = services.stores.voices.managed(caller, voice)
    for version in traffic.weights:
        services.stores.versions.get(record, version)
    if traffic.weights and not any(traffic.weights.values()):
        raise RequestError("All weights are 0; give one that is not.", "weights")
    return _body(record, services.rollouts.split(record.id, traffic.weights), services)


@router.post("/audio/{audio_id}/rating", dependencies=[DESCRIBED])
def rate_audio(
    audio_id: PlainText, body: RatingBody, caller: SpeakCaller, services: ServicesOf
) -> RatedBody:
    """Rate a speech result by its `X-Audio-Id`; the rating counts for the version that spoke."""
    if body.rating is None and body.similarity is None:
        raise RequestError("There is nothing in the rating; send rating or similarity.", "rating")
    if body.similarity is not None:
        caller.require("train")
    answer = services.outcomes.rate(caller, audio_id, body.rating, body.similarity)
    if body.similarity is not None:
        services.auto_rollback.judge(answer.voice_id, answer.version)
    return RatedBody(
        id=answer.id,
        voice=answer.voice_id,
        version=answer.version,
        rating=answer.rating,
        similarity=answer.similarity,
    )


def _rollout(record: VoiceRecord, services: Services) -> RolloutBody:
    found = None if record.built_in else services.rollouts.of(record.id)
    return _body(record, found or Rollout(int(record.default_version)), services)


def _body(record: VoiceRecord, rollout: Rollout, services: Services) -> RolloutBody:
    steps = services.rollouts.steps(record.id)
    return RolloutBody(
        voice=record.id,
        default_version=rollout.default,
        earlier=[*reversed(rollout.earlier)],
        traffic=dict(rollout.traffic),
        steps=[StepBody.model_validate(step) for step in steps],
    )


def _version_body(version: Version, default: int, tally: Tally) -> VersionBody:
    return VersionBody(
        voice=version.voice_id,
        version=version.number,
        trained=bool(version.weights),
        default=version.number == default,
        base_model=version.base_model,
        parent=version.parent,
        job=version.job_id,
        report=dict(version.report),
        metrics=dict(version.metrics),
        tally=TallyBody.model_validate(tally),
        created_at=version.created_at,
    )
