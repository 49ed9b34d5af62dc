"""What the numbers of currents are, and are not: sentences for the report and the log."""

from meshes.geometry import MeshFile
from meshes.micro import Micro
from solver import schema
from solver.coupling import stalls
from solver.march_run import walled
from solver.simulate import Solution

INSULATED = (
    "Sides are periodic in the geometry only: a current at faces that move with their growth, or "
    "one that the pressure of stalled lithium changes, meets insulating walls there, and its "
    "numbers are those of the cell between such walls; pieces and percolation are counted across "
    "the sides all the same. Other currents go round."
)


def insulated_sides(case: schema.Case) -> tuple[str, ...]:
    """That a current does not go through periodic sides, if there are any and such a one flows."""
    match case.geometry:
        case MeshFile(periodic=axes):
            around = bool(axes)
        case geometry:
            around = isinstance(geometry, Micro) and geometry.body.periodic != "none"
    return (INSULATED,) if around and bool(case.regions) and (walled(case) or stalls(case)) else ()


def notes(solution: Solution) -> tuple[str, ...]:
    """What the bounds cover and what not, for the report."""
    certificate, built = solution.certificate, solution.built
    if certificate is None or built is None:
        return ()
    said = [
        "Guaranteed bounds cover the discretisation, the solver tolerance (any admissible field "
        "gives a bound; what divergence is left in the current is added), the unmeshed end of the "
        "stack and, for round openings and walls, the polygons that stand for them. For rounding "
        "in floating-point arithmetic they are wider by 1e-12 of the resistance on both sides."
    ]
    if isinstance(solution.case.geometry, MeshFile | Micro):
        said.append(
            "The bounds hold for the meshed body of straight cells: round things are polygons."
        )
    if certificate.driven < 0:
        said.append(
            "With more than two electrodes, or lithium whose pressure drives currents, there is no "
            "one resistance: the accuracy is that of the power."
        )
    if certificate.domain.mesh.topology.dim == 3 and "edge_exponent" in {
        q.name for q in solution.quantities
    }:
        said.append("In three dimensions the factor of a singular edge is a mean along the rim.")
    if certificate.domain.axisymmetric:
        said.append(
            "Axisymmetric: the weight 1/(2 s) of the dual problem is integrated from above "
            "(convexity), so that quadrature is covered as well."
        )
    if solution.model is not None and solution.model.far is not None:
        said.append(
            "Half space: outside of the mesh the potential is continued as w(e)/|x| and the "
            "current radially, both admissible; the first one's smooth integrals use quadrature of "
            "degree 12."
        )
    said += certificate.caveats
    if certificate.caveats:
        said.append("Therefore the bounds count as estimated.")
    if not certificate.reached:
        said.append(
            f"The asked accuracy was not reached ({certificate.stopped}); the bounds are valid, "
            "but wider."
        )
    return tuple(said)
