"""The series of a dataset as a list."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from timevis.service.schemas.common import Id, Number, Page, PageQuery, SearchText


class SeriesListQuery(PageQuery):
    model: Id | None = Field(None, description="Also list the errors of this model.")
    sort: Literal["position", "channel", "missing", "outliers", "mean", "mae", "wql", "skill"] = Field(
        "position", description="The order of the file, or a number; series without a value come last."
    )
    order: Literal["asc", "desc"] = "asc"
    search: SearchText | None = Field(None, description="Words that the name contains.")
    points: Annotated[int, Field(ge=10, le=200)] = Field(60, description="Largest number of points of a line.")


class SeriesItem(BaseModel):
    """A series with its defects, and with the errors of the model if one was named."""

    position: int = Field(description="In the order of the file, from 0 on.")
    channel: str
    unit: str = Field(description="Empty if it is not known.")
    observed: int
    missing: int
    outliers: int
    mean: Number
    min: Number
    max: Number
    mae: Number = Field(description="Mean absolute error in the unit of the series; null without a model.")
    naive_mae: Number = Field(description="MAE of seasonal naive on the same windows.")
    wql: Number
    skill: Number = Field(description="1 minus the WQL divided by the WQL of seasonal naive.")
    line: list[Number] = Field(
        description="Means of equally long stretches from the first to the last value; null where values are missing."
    )


class SeriesPage(Page):
    items: list[SeriesItem]
