"""What the report has to know about a periodic cell, and its fields."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from solver import fields, mechanics_fields, output
from solver.effective import (
    NEGLIGIBLE,
    Conductivity,
    Effective,
    Level,
    Stiffness,
    current_of,
    fluctuation_of,
    no_path,
)
from solver.schema import Case
from solver.units import in_unit

UNIT = "mS/cm"


def write_effective(case: Case, found: Effective, folder: Path) -> None:
    """Current density, or else the fluctuation under a strain along x. Collective."""
    if not (case.output.pictures or "vtu" in case.output.fields):
        return
    if found.conductivity is not None:
        domain = found.conductivity.cell.domain
        points = {output.CURRENT_OVER_MEAN: current_of(found.conductivity)}
    elif found.stiffness is not None:
        domain = found.stiffness.cell.domain
        points = {output.FLUCTUATION: fluctuation_of(found.stiffness)}
    else:
        return
    cells = {output.REGION: mechanics_fields.region_function(domain)}
    fields.write_vtu(folder, output.EFFECTIVE, domain.mesh, points, cells)


def shortfalls(case: Case, found: Effective) -> tuple[str, ...]:
    """Why the asked accuracy was not reached, where it was not."""
    accuracy = case.numerics.accuracy
    said = []
    if found.conductivity is not None and not found.conductivity.reached:
        apart = f"the bounds are further apart than numerics.accuracy = {accuracy:g}"
        said.append(f"{apart}; {found.conductivity.stopped}")
    if found.stiffness is not None and not found.stiffness.reached and not one_mesh(case, found):
        error = found.stiffness.error
        changed = "there is one mesh" if error == float("inf") else f"it changed by {error:.1e}"
        said.append(f"the stiffness is not known to numerics.accuracy = {accuracy:g}; {changed}")
    return tuple(said)


def one_mesh(case: Case, found: Effective) -> bool:
    """Whether one mesh was asked for, so that no change of the stiffness is known."""
    return case.numerics.refinement == "none" and (
        found.stiffness is not None and found.stiffness.error == float("inf")
    )


def with_effective(meta: output.RunMeta, case: Case, found: Effective) -> output.RunMeta:
    """The numbers of meshes and solvers, and what the bounds cover."""
    if found.conductivity is not None:
        meta = _with_conductivity(meta, found.conductivity)
    if found.stiffness is not None:
        meta = _with_stiffness(meta, found.stiffness)
    notes = list(found.left_out)
    if one_mesh(case, found):
        notes.append(
            'One mesh was asked for (numerics.refinement = "none"): by how much finer ones change '
            "the stiffness is not known."
        )
    if found.three_point is not None:
        better = ", ".join(found.three_point.regions)
        notes.append(
            "Three-point bounds follow from volume shares and two moments of the geometry alone; "
            "the lower one by currents without divergence, the upper one by continuous potentials, "
            f"so that both are proved. Phase 2 is {better}."
        )
    if found.tractions is not None:
        notes.append(
            "Uniform tractions on the sides give the least stiff cell, affine displacements the "
            "stiffest. Both are computed with displacements: the first is an estimated lower bound."
        )
    return replace(meta, notes=(*meta.notes, *notes))


def _with_conductivity(meta: output.RunMeta, found: Conductivity) -> output.RunMeta:
    last, report = found.history[-1], found.cell.domain.built.report
    shut = no_path(found.tensor)
    covered = "The bounds hold for the body that the straight cells of the mesh make."
    if np.trace(found.meant.upper - found.meant.lower) > np.trace(
        found.tensor.upper - found.tensor.lower
    ):
        covered = "Those reported hold for round particles, wider than those of the mesh by facets."
    return replace(
        meta,
        mesh={
            **meta.mesh,
            "cells": last.cells,
            "unknowns of the potential": last.dofs,
            "order of the potential": found.cell.order,
            "worst quality of the first mesh": report.min_quality,
        },
        history=tuple(_level(level, UNIT) for level in found.history),
        history_of=f"effective conductivity [{UNIT}]",
        solver={**meta.solver, "Krylov iterations of the potential": last.iterations},
        notes=(
            *meta.notes,
            "Effective conductivities lie between two tensors on every mesh: the upper one from "
            f"continuous potentials of order {found.cell.order}, the lower one from currents "
            f"without divergence. {covered} They cover rounding.",
            *((f"{shut.capitalize()}.",) if shut else ()),
        ),
    )


def _with_stiffness(meta: output.RunMeta, found: Stiffness) -> output.RunMeta:
    last = found.history[-1]
    below = "its proved lower bound is that of Reuss"
    if found.proved is not None:
        below = "its proved lower bound is that of linear stresses in equilibrium"
        if found.unproved > NEGLIGIBLE:
            below = "its lower end, that of linear stresses in equilibrium, is estimated"
    return replace(
        meta,
        mesh={
            **meta.mesh,
            "cells of the mechanics": last.cells,
            "unknowns of the displacement": last.dofs,
            "order of the displacement": found.cell.order,
        },
        mechanics_history=tuple(_level(level, "MPa") for level in found.history),
        mechanics_history_of="mean of the diagonal of the stiffness [MPa]",
        solver={**meta.solver, "Krylov iterations of the displacement": last.iterations},
        notes=(
            *meta.notes,
            "The stiffness is that of periodic displacements of order "
            f"{found.cell.order}, from above on every mesh; {below}. "
            "The accuracy is its change from mesh to mesh.",
        ),
    )


def _level(level: Level, unit: str) -> output.Level:
    lower, upper = in_unit(level.lower, unit), in_unit(level.upper, unit)
    return output.Level(
        cells=level.cells,
        dofs=level.dofs,
        value=0.5 * (lower + upper),
        lower=lower,
        upper=upper,
        order=None,
        iterations=level.iterations,
        seconds=level.seconds,
    )
