"""Where a crack comes to rest that grows under a falling driving force: lengths until G = Gc."""

from dataclasses import replace

from mpi4py import MPI

from meshes.layers import Block, face_length
from solver import schema
from solver.equilibrium import Equilibrium
from solver.fracture import energy_release_rates
from solver.mechanics import Mechanical
from solver.problem import Mesher, make_problem
from solver.stability import FURTHEST, arrest_length


def with_arrest(
    case: schema.Case,
    found: Mechanical,
    growing: int,
    limits: tuple[float, ...],
    mesher: Mesher,
    comm: MPI.Intracomm,
) -> Mechanical:
    """Follows a tip that grows under a falling driving force until G = Gc; collective.

    Args:
        case: With a crack in a plane of symmetry.
        found: Its answer.
        growing: Index of the tip.
        limits: What drives the tips at most, J/m^2. Where the growing one comes to rest another one
            that is driven further makes it no arrest.
        mesher: Makes meshes.
        comm: The ranks.
    """
    block = case.geometry
    if not isinstance(block, Block) or block.crack is None or not found.tips:
        return found
    crack, tip = block.crack, found.tips[growing][0]
    forwards = sum(tip.direction) > 0.0
    whole = face_length(block, crack.face)
    length = crack.end - crack.start
    longest = FURTHEST * (whole - crack.start if forwards else crack.end)

    def rates_at(a: float) -> list[float]:
        end = crack.start + a if forwards else crack.end
        start = crack.start if forwards else crack.end - a
        problem = make_problem(case, replace(block, crack=replace(crack, start=start, end=end)))
        body = problem.body_on(problem.mesh(mesher, comm, 1))
        state = Equilibrium(body, problem.supports, problem.overrides).solve()
        there = [t for t in problem.tips() if t.reach > 0.0]
        return [energy_release_rates(body, state.displacement, t)[-2] for t in there]

    limit = limits[growing]
    arrest = arrest_length(lambda a: rates_at(a)[growing], limit, length, longest)
    if arrest is not None and len(limits) > 1:
        rates = rates_at(arrest)
        others = [index for index in range(len(limits)) if index != growing]
        arrest = arrest if all(rates[index] < limits[index] for index in others) else None
    return replace(found, arrest=arrest)
