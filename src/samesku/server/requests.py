"""What requests hold, with examples for the OpenAPI page, and how one is refused."""

from typing import Annotated, Any, Literal

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

POSTING: dict[str, Any] = {"posting_id": "shop1-77", "title": "BEBELO susu 0,4kg", "price": 62000}
MOST_AT_ONCE = 1_000
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Id = Field(min_length=1, max_length=200)


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


def body_of(media_type: str) -> dict[str, Any]:
    """The description of a request whose body is a file."""
    file = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": {media_type: file}}}


class One(BaseModel):
    """A posting: `posting_id`, `title` and any other columns."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [POSTING]})


class Many(BaseModel):
    """Postings; those that are malformed are refused with their place and the reason."""

    model_config = _example(postings=[POSTING])
    postings: list[Any] = Field(max_length=MOST_AT_ONCE)


class Search(BaseModel):
    """A posting to look for; its id may be left out."""

    model_config = _example(posting={"title": "susu bebelo 400 gr"}, limit=5)
    posting: dict[str, Any]
    limit: int = Field(20, ge=1, le=100)


class Merge(BaseModel):
    """Clusters to make one, and postings to leave out."""

    model_config = _example(clusters=["c5f0c3a8e1b2d4f60", "c0a1b2c3d4e5f6071"], without=[])
    clusters: list[str] = Field(min_length=2, max_length=100)
    without: list[str] = Field(default=[], max_length=1_000)


class Accept(BaseModel):
    """A cluster that is one product, but for the postings to leave out."""

    model_config = _example(cluster="c5f0c3a8e1b2d4f60", without=["shop1-77"])
    cluster: str = Id
    without: list[str] = Field(default=[], max_length=1_000)


class Split(BaseModel):
    """Postings to part from the rest of a cluster."""

    model_config = _example(cluster="c5f0c3a8e1b2d4f60", postings=["shop1-77"])
    cluster: str = Id
    postings: list[str] = Field(min_length=1, max_length=1_000)


class Decision(BaseModel):
    """The verdict of a person on two postings."""

    model_config = _example(left_id="shop1-77", right_id="shop2-12", verdict="same")
    left_id: str = Id
    right_id: str = Id
    verdict: Literal["same", "different", "unsure"]


class Load(BaseModel):
    """A folder that `samesku match` wrote, by its name in the service's folder."""

    model_config = _example(run="run-monday")
    run: str = Id


class Rescore(BaseModel):
    """By what everything is scored from now on.

    A model by its name in the service's folder, null the one that ships; kinds of attributes that
    may differ within one product; a threshold, null that of the model, as `match` would take it.
    """

    model_config = _example(model="my-model", same=["colour"])
    model: str | None = Field(None, max_length=200)
    same: list[str] = Field([], max_length=20)
    threshold: float | None = Field(None, gt=0, le=1)


class Snapshot(BaseModel):
    """The name of a copy, a file that is not there yet."""

    model_config = _example(name="monday.db")
    name: str = Id


class Undo(BaseModel):
    """The number of an event to take back."""

    model_config = _example(event=12)
    event: int = Field(ge=1, le=2**31 - 1)


class Fault(BaseModel):
    """What is wrong with one part of a request."""

    where: list[str]
    what: str


class Refusal(BaseModel):
    """Why a request is refused."""

    detail: str | list[Fault]


_REFUSAL = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
# FastAPI compiles the model anew for each route and status, so it is given for one status only.
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": why, **({"model": Refusal} if status == 422 else {"content": _REFUSAL})}
    for status, why in {
        400: "The body cannot be read.",
        401: "A token is missing or unknown.",
        403: "The role of the token may not do this, or nobody may from there.",
        404: "There is no such posting, cluster, pair, event or file.",
        408: "The body took too long to come.",
        409: "It conflicts with what the store holds; or the key was used for another request.",
        413: "The body is too large.",
        422: "The request is malformed.",
        429: "Too many requests.",
        503: "The store cannot be used now.",
        507: "The disk is full.",
    }.items()
}
