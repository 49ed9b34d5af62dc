"""K_I and K_II of the tips of a body, where they are defined, also between faces that touch."""

from collections.abc import Mapping, Sequence

from meshes.block import layer_at
from solver.broken_state import Jump
from solver.elasticity import Body
from solver.equilibrium import State
from solver.flaw_contact import face_traction
from solver.fracture import Tip
from solver.graded import factor_at
from solver.hooke import is_isotropic, is_isotropic_in_plane
from solver.mixed_mode import Intensities, intensities
from solver.problem import Problem


def both_modes(
    problem: Problem,
    body: Body,
    state: State,
    tips: Sequence[Tip],
    jumps: Mapping[str, Jump] | None = None,
) -> tuple[Intensities, ...]:
    """The intensities of some tips; collective.

    Args:
        problem: The block with its laws.
        body: The same on a mesh.
        state: In equilibrium.
        tips: Not on an interface.
        jumps: Of the flaws whose faces touch, by name.

    Returns:
        Nothing unless all layers with a tip are isotropic and strains small.
    """
    block = problem.block
    laws = [problem.solids[layer_at(block, tip.level).name] for tip in tips]
    plane = block.shape == "block"
    alike = is_isotropic_in_plane if plane else is_isotropic
    if body.rotates is not None or not all(alike(law.stiffness) for law in laws):
        return ()
    touching = {broken.name: broken for broken in problem.breaks if broken.flaw is not None}
    found = []
    for tip, law in zip(tips, laws, strict=True):
        pressed = None
        if jumps is not None and tip.crack in touching:
            broken, jump = touching[tip.crack], jumps[tip.crack]
            pressed = face_traction(body.domain, broken, jump, tip)
        here = factor_at(law.graded, tip.place[0], tip.level)
        found.append(intensities(body, state.displacement, tip, law.stiffness, pressed, here))
    return tuple(found)
