"""What is told of the contact of lithium at faces."""

from collections.abc import Iterator

from solver.carrier_system import System
from solver.face_contact import contacts, critical_stripping, voids_of
from solver.march import Marched
from solver.quantities import Quantity
from solver.units import in_unit

DENSITY = "mA/cm^2"


def contact_quantities(system: System, found: Marched) -> Iterator[Quantity]:
    """Share in contact, voids, critical stripping currents of the faces where contact changes."""
    laws = contacts(system.case)
    for name, voids in voids_of(system.case).items():
        if found.x is not None and name in system.voids:
            mean, least, _ = system.contact_of(found.x, name)
            text = "Mean share of the face in contact, at the end."
            yield Quantity(f"contact_fraction.{name}", mean, "1", meaning=text)
            text = "The least of any place of the face."
            yield Quantity(f"contact_fraction_min.{name}", least, "1", meaning=text)
            text = "Volume of the voids over the area of the face, at the end."
            volume = (1.0 - mean) * voids.depth
            yield Quantity(f"void_volume.{name}", volume, "um", meaning=text)
        text = "Above it an even face loses all contact, however long that takes."
        value = in_unit(critical_stripping(laws[name]), DENSITY)
        yield Quantity(f"critical_stripping_current_density.{name}", value, DENSITY, meaning=text)
    if found.ends[-1].reason == "contact":
        text = "Time at which a face has no more than its least_contact left."
        yield Quantity("contact_loss_time", found.moments[-1].time, "s", meaning=text)
