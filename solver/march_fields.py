"""What a march has unknowns for: functions on nodes, and the rows of their equations."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem

from solver.model import Contact

Adder = Callable[[str, ufl.Form], None]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """One of the functions behind the unknowns.

    Attributes:
        name: phi_<label>, u, or z_<contact>.
        value: Nodal values.
        rate: Of their change in time.
        nodes: Owned nodes that have an unknown.
        unknowns: Local index of the unknown of each of them.
    """

    name: str
    value: fem.Function
    rate: fem.Function
    nodes: Ints
    unknowns: Ints


@dataclass(frozen=True)
class Side:
    """Current into one side of the interfaces that end on a contact: z of `solver.kinetics`.

    Attributes:
        contact: The contact.
        label: Of the copy of the potential that it goes into, see `solver.copies`.
        field: z.
    """

    contact: Contact
    label: int
    field: Field


@dataclass(frozen=True)
class Row:
    """Equations: a name of their form, the owned nodes that they are tested on, their unknowns."""

    name: str
    nodes: Ints
    unknowns: Ints
