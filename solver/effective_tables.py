"""The tables [effective] and [study]: what is asked of a periodic cell, and of many of them."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from solver.values import Fraction, Strict, as_tuple, fault, one_of


class Effective(Strict):
    """Effective properties of a cell that is periodic along all of its axes.

    `three_point` asks for the bounds of two conductors by what their geometry says beyond volume
    shares; `uniform_tractions` for the stiffness with these on the sides.
    """

    conductivity: bool = False
    stiffness: bool = False
    three_point: bool = False
    uniform_tractions: bool = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.conductivity or self.stiffness):
            raise fault("conductivity = true, stiffness = true or both")
        return self


Factor = Annotated[float, Field(gt=0.0, le=1000.0)]


class Study(Strict):
    """A representative volume: cells of growing size, each with several seeds.

    `keys` are the lengths of the case that take each of the `sizes`, or that are multiplied by
    each of the `factors`; `seed` is the key of the random numbers, which counts from its value in
    the case.
    """

    quantity: str
    keys: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    sizes: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=2)] | None = None
    factors: (
        Annotated[tuple[Factor, ...], BeforeValidator(as_tuple), Field(min_length=2)] | None
    ) = None
    seed: str = "geometry.seed"
    seeds: int = Field(5, ge=2, le=1000)
    accuracy: Fraction = Fraction(value="1 %")
    confidence: Fraction = Fraction(value="95 %")

    @model_validator(mode="after")
    def _one_sort(self) -> Self:
        return one_of(self, "sizes", "factors")
