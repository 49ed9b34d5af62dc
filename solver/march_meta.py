"""Files of a march and what the report has to know about it."""

from dataclasses import replace
from pathlib import Path

from solver import fields, output
from solver.carrier_system import System
from solver.domain import facet_entities, facets_of, number_of_cells
from solver.filled_flaw import acting_on_lithium
from solver.impedance_quantities import table_of_measured, table_of_spectrum
from solver.march_quantities import table_of_moments, table_of_remeshings
from solver.march_run import Fields, Marching, fields_of
from solver.march_schema import FilledFlaw
from solver.schema import Case
from solver.stall_notes import SOFT

OF_FLAW = (
    "But for those of the flaw and of the critical current: their error bars are the change with "
    "cells of half the size (rounding for flat layers without salt). They do not cover the inputs."
)

CONFINED = (
    "The lithium in the flaw is taken to be confined: none flows out, so that it keeps all the "
    "pressure of its stall. The walls of a flaw of the width w hold 2 tau_y/w per length (0.7 MPa "
    "in 10 nm: 81 MPa/um, in 1 um: 0.81 MPa/um); where that is less, the flaw bears more current "
    "than is told here. [mechanics] has flaws that drain."
)


def _of_stack(case: Case, flaw: FilledFlaw) -> tuple[str, ...]:
    """Where the stack pulls at the lithium of a face, or presses harder than it bears."""
    acts, limit = acting_on_lithium(case, flaw), flaw.contact_limit
    where = f"act on the lithium where it touches {flaw.face}"
    if acts < 0.0:
        return (
            f"Warning: {-acts:.4g} MPa of tension {where}: it comes off before it bears that, and "
            "adds nothing to the pressure in the flaw. That no current passes there is left out.",
        )
    if limit is not None and acts > limit:
        text = f"more than its contact_limit: {limit:.4g} MPa of it count in the flaw."
        return (f"Warning: {acts:.4g} MPa {where}, {text}",)
    if limit is None and acts > SOFT:
        return (
            f"Warning: {acts:.4g} MPa {where}, more than the yield stress of bulk lithium "
            f"({SOFT:g} MPa): all of it counts in the flaw, less what is stripped; "
            "contact_limit says what it bears.",
        )
    return ()


def write_march(case: Case, marching: Marching, folder: Path) -> None:
    """Moments as a table; potential, current density and concentration at the end. Collective."""
    system = marching.system
    found = marching.found
    table = table_of_moments(system, found) if system.programme.steps else ""
    if table and system.comm.rank == 0:
        output.write_atomic(folder / output.STEPS, table)
    if marching.analysed is not None and system.comm.rank == 0:
        output.write_atomic(folder / output.SPECTRUM, table_of_spectrum(marching.analysed))
        if marching.analysed.measured:
            measured = table_of_measured(marching.analysed)
            output.write_atomic(folder / output.MEASURED_SPECTRUM, measured)
    if found.remeshings and system.comm.rank == 0:
        output.write_atomic(folder / output.REMESHINGS, table_of_remeshings(system, found))
    for number, earlier in enumerate(marching.earlier):
        _write_fields(case, system, earlier, folder, f"{output.FIELDS}_mesh_{number + 1}")
    _write_fields(case, system, fields_of(system), folder, output.FIELDS)
    for name, field in system.growing.items():
        facets = facets_of(system.domain, facet_entities(system.domain, name))
        mesh = system.domain.mesh
        fields.write_face(folder, name, mesh, facets, field.value, output.GROWN)


def _write_fields(case: Case, system: System, known: Fields, folder: Path, name: str) -> None:
    """Fields on one mesh; collective."""
    functions, region, grown = known.functions, known.region, known.grown
    points = {
        output.POTENTIAL: functions["potential"],
        output.CURRENT: functions["current"],
        output.CONCENTRATION: functions["concentration"],
    }
    if system.alloys:
        points[output.FRACTION] = functions["fraction"]
    if "growth" in grown:
        points[output.GROWN] = grown["growth"]
    if "displacement" in grown:
        label = output.in_components(output.DISPLACEMENT, "um", system.domain.axisymmetric)
        points[label] = grown["displacement"]
    if "stress" in functions:
        for key, unit in (
            ("displacement", output.DISPLACEMENT_UNIT),
            ("stress", output.STRESS_UNIT),
        ):
            points[output.in_components(key, unit, system.domain.axisymmetric)] = functions[key]
    if not system.binary:
        del points[output.CONCENTRATION]
    mesh = region.function_space.mesh
    if "vtu" in case.output.fields or case.output.pictures:
        fields.write_vtu(folder, name, mesh, points, {output.REGION: region})
    if "vtx" in case.output.fields and name == output.FIELDS:
        fields.write_vtx(folder, mesh, points)


def with_march(meta: output.RunMeta, marching: Marching) -> output.RunMeta:
    """The numbers of mesh and solver, and what has no error bar."""
    system, found = marching.system, marching.found
    last = found.moments[-1]
    of_flaw = (OF_FLAW,) if system.programme.flaw and not system.programme.steps else ()
    if system.programme.any_flaw is not None:
        of_flaw = (*of_flaw, CONFINED, *_of_stack(system.case, system.programme.any_flaw))
    return replace(
        meta,
        mesh={
            **meta.mesh,
            "cells": number_of_cells(system.domain),
            "unknowns of charge and salt": int(system.matrix.getSize()[0]),
            "cells of the first mesh": marching.built.report.cells,
        },
        solver={
            **meta.solver,
            "moments in time": len(found.moments),
            "rejected steps in time": found.rejected,
            "steps of Newton's method": last.iterations,
        },
        notes=(
            *meta.notes,
            *marching.warnings,
            "Numbers of charge and salt in time come from one mesh and steps of chosen error; they "
            "have no error bars. Compare with a smaller numerics.edge_size, numerics.maximum_size "
            "and programme.step_error.",
            *of_flaw,
        ),
    )
