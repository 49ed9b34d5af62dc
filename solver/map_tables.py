"""The table of a map: a quantity for several values of one or two values of the case."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from solver.values import Strict, as_tuple

Texts = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=2)]


class Against(Strict):
    """The second value of a map: with it there is one number for every pair."""

    parameter: str
    values: Texts


class Map(Strict):
    """A quantity for several values of the case: a stability map where it is a critical load."""

    parameter: str
    values: Texts
    quantity: str
    against: Against | None = None
