"""A block that may break: laws without and with all of the load, and how its damage is followed."""

from dataclasses import dataclass, replace

from meshes.layers import Block
from solver import mechanics_schema, schema
from solver.equilibrium import Support
from solver.mechanics_model import solid_law
from solver.phase_field import Brittle, brittle
from solver.problem import Problem, make_problem


@dataclass(frozen=True)
class Fragile:
    """What may break, and how it is followed.

    Attributes:
        problem: Block, supports and tractions.
        solids: Laws by region.
        damage: Length, split, steps.
        plane_stress: Whether there is no stress across the section.
        proportional: Whether all that strains the body grows with the load.
        most_dofs: Of the displacement.
        refinement: Of the mesh: `adaptive`, `uniform` or `none`.
    """

    problem: Problem
    solids: dict[str, Brittle]
    damage: mechanics_schema.Damage
    plane_stress: bool
    proportional: bool
    most_dofs: int
    refinement: str


def make_fragile(case: schema.Case, block: Block) -> Fragile:
    """The block of a case with damage.

    Stress and strain that the solids have by themselves act from the start, the rest grows with the
    load; where there is nothing else they are the load.
    """
    mechanics = case.mechanics
    if mechanics is None or mechanics.damage is None:
        raise ValueError("a case without damage")
    problem = make_problem(case, block)
    plane = block.shape == "block"
    whole = replace(mechanics, plane="strain")  # the solids themselves, also in plane stress
    before = replace(whole, stretch=None, temperature_change=0.0)
    driven = is_driven(problem, mechanics)
    strained = any(s.strained for s in mechanics.solids.values())
    solids = {}
    for name, region in mechanics.solids.items():
        still = replace(region, residual_stress=0.0, misfit_strain=0.0, misfit_strains=())
        first = region if driven else still
        start, loaded = solid_law(first, before, plane), solid_law(region, whole, plane)
        solids[name] = brittle(start, loaded, region.fracture_energy or 0.0)
    return Fragile(
        problem=problem,
        solids=solids,
        damage=mechanics.damage,
        plane_stress=plane and mechanics.plane == "stress",
        proportional=not (driven and strained),
        most_dofs=case.numerics.max_dofs,
        refinement=case.numerics.refinement,
    )


def is_driven(problem: Problem, mechanics: mechanics_schema.Mechanics) -> bool:
    """Whether something else than their own stress and misfit strains the solids."""
    pushed = any(t.pressure or t.shear for t in problem.tractions.values())
    moved = any(s != Support(s.kind) for s in problem.supports.values())
    warm = mechanics.temperature_change != 0.0
    return pushed or moved or (warm and any(s.thermal_expansion for s in mechanics.solids.values()))
