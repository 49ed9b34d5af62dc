"""Resistances that a microstructure is compared with: what is left if its features are not there.

Layers of thickness h and conductivity kappa resist h/kappa; a rough conductor of the volume V over
the area A is compared with a flat layer of the thickness V/A.
"""

from meshes.micro import Micro, flats
from solver.bounds import Certificate
from solver.domain import cell_volumes, region_of_cells
from solver.model import Model


def plain_layers(micro: Micro, model: Model) -> float:
    """Resistance of the layers of a microstructure that have no features, V um^2/pA."""
    return sum(
        (part.high - part.low) / model.conductivity[part.name]
        for part in flats(micro)
        if not part.filled and part.name in model.conductivity
    )


def flattened(model: Model, certificate: Certificate) -> float:
    """Resistance of flat layers that have the volume of the conducting regions, V um^2/pA."""
    domain = certificate.domain
    area = domain.built.cell_area / domain.built.multiplicity
    volumes, regions = cell_volumes(domain), region_of_cells(domain)
    mine = {name: volumes[regions == domain.built.regions[name]] for name in model.conductivity}
    return sum(
        float(domain.comm.allreduce(float(mine[name].sum()))) / (area * kappa)
        for name, kappa in model.conductivity.items()
    )
