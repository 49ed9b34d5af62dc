"""Linear systems of a march, block by block: charge, salt, a mesh that moves, elastic bodies.

The matrix of Newton's method is one, but its fields are coupled far more weakly than each is in
itself. GMRES is preconditioned by one sweep over the fields, each solved for with what came before
it (block Gauss-Seidel):

    charge   potentials, rates on the faces, potentials of the terminals, growth, charge passed;
             electrons and reactions of mixed conductors, lithium in alloys
    salt     concentrations, what cells hold where the mesh moves, and the sources that fix the
             amounts in a steady state
    mesh     displacement of a mesh that moves
    bodies   displacements of elastic bodies and the pressure between them; displacement of the
             body, its stress in alloys, ways of plates

Rates and potentials stay together: without the face that it flows through a potential is known up
to a constant alone. Blocks are factorised (MUMPS), each by itself; how many iterations are needed
does not depend on the mesh. A case asks for it by `numerics.petsc_options`, pc_type = "fieldsplit".

Source: PETSc's PCFIELDSPLIT, multiplicative; Brown et al. 2012, Composable linear solvers for
multiphysics.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc

from solver.carrier_system import System
from solver.solve import DIRECT_UNSYMMETRIC

Ints = npt.NDArray[np.int32]
BODIES = ("s_", "w_", "p_", "q_", "t_")
SWEEP: dict[str, str] = {
    "ksp_type": "gmres",
    "ksp_pc_side": "right",  # what is measured is what is left of the equations
    "ksp_gmres_restart": "100",
    "ksp_rtol": "1e-9",
    "ksp_max_it": "300",
    "pc_type": "fieldsplit",
    "pc_fieldsplit_type": "multiplicative",
}


def fields_of(system: System) -> dict[str, Ints]:
    """Local unknowns of this rank by block; blocks without any on all ranks are left out."""
    first = system.first_scalar + len(system.applied) + 1
    plates = np.arange(first + len(system.groups), system.local, dtype=np.int32)
    sources = np.arange(first, min(first + len(system.groups), system.local), dtype=np.int32)
    salt = np.union1d(system.salt.unknowns, system.amount.unknowns)
    found = {"salt": np.concatenate([salt, sources]).astype(np.int32)}
    for block, heads in (("mesh", ("d_",)), ("bodies", BODIES)):
        parts = [f.unknowns for name, f in system.further.items() if name.startswith(heads)]
        found[block] = np.concatenate([np.zeros(0, dtype=np.int32), *parts])
    found["bodies"] = np.concatenate([found["bodies"], plates])
    others = np.concatenate(list(found.values()))
    rest = np.setdiff1d(np.arange(system.local, dtype=np.int32), others)
    named = {"charge": rest.astype(np.int32), **{n: np.sort(x) for n, x in found.items()}}
    return {n: x for n, x in named.items() if system.comm.allreduce(len(x)) > 0}


def linear_options(system: System, overrides: Mapping[str, str]) -> dict[str, str]:
    """Of KSP: block by block where the case has `pc_type = "fieldsplit"`, else direct."""
    if overrides.get("pc_type") != "fieldsplit":
        return dict(DIRECT_UNSYMMETRIC)
    within = {
        f"fieldsplit_{name}_{key}": value
        for name in fields_of(system)
        for key, value in DIRECT_UNSYMMETRIC.items()
    }
    return {**SWEEP, **within}


@contextmanager
def diagonal(snes: PETSc.SNES) -> Iterator[None]:
    """A solver of blocks, before it knows them, for diagonal matrices meanwhile."""
    pc = snes.getKSP().getPC()
    usual = pc.getType()
    if usual == "fieldsplit":
        pc.setType("jacobi")
    yield
    if usual == "fieldsplit":
        pc.setType(usual)
        pc.setFromOptions()


def split(snes: PETSc.SNES, system: System) -> None:
    """Tell a solver its blocks, if it is one of blocks.

    Call it once its options are set and while they stand in the database: those of the blocks are
    read here.
    """
    ksp = snes.getKSP()
    pc = ksp.getPC()
    if pc.getType() != "fieldsplit":
        return
    for name, local in fields_of(system).items():
        places = (system.offset + local).astype(PETSc.IntType)
        pc.setFieldSplitIS((name, PETSc.IS().createGeneral(places, comm=system.comm)))
    matrix = system.empty_matrix()
    ones = system.vector()
    ones.set(1.0)
    matrix.setDiagonal(ones)
    matrix.assemble()
    ksp.setOperators(matrix)
    pc.setUp()  # makes the solvers of the blocks
