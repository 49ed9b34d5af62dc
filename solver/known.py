"""Names of the quantities a run computes, and the unit each of them has."""

from collections.abc import Iterable

from solver import units

UNBOUNDED = "unbounded"
# Kinds of quantity; of two, the second holds in plane cells, where everything is per depth.
MARCH: dict[str, tuple[units.Kind, ...]] = {
    "voltage": ("potential",),
    "voltage_at_start": ("potential",),
    "limiting_current_density": ("current_density",),
    "current_density_at_start": ("current_density",),
    "depletion_time": ("time",),
    "contact_loss_time": ("time",),
    "flaw_length": ("length",),
    "flaw_growth_rate": ("velocity",),
    "flaw_growth_start_time": ("time",),
    "piercing_time": ("time",),
    "last_passed_current_density": ("current_density",),
    "capacity": ("areal_capacity",),
    "cracking_current_density": ("current_density",),
    "least_concentration": ("dimensionless",),
    "least_concentration_on_the_way": ("dimensionless",),
    "salt_balance": ("dimensionless",),
    "charge_balance": ("dimensionless",),
    "newton_steps": ("dimensionless",),
    "current_ratio": ("dimensionless",),
    "bruce_vincent_transference": ("dimensionless",),
    "stack_growth": ("length",),
    "growth_balance": ("dimensionless",),
    "filling_time": ("time",),
    "lithium_balance": ("dimensionless",),
}
# of a spectrum; those with a number have it behind a dot, from the highest frequency on
IMPEDANCE: dict[str, tuple[units.Kind, ...]] = {
    "high_frequency_intercept": ("area_specific_resistance",),
    "low_frequency_intercept": ("area_specific_resistance",),
    "steady_resistance": ("area_specific_resistance",),
    "ohmic_resistance": ("area_specific_resistance",),
    "arcs": ("dimensionless",),
    "circuit_misfit": ("dimensionless",),
    "circuit_measured_misfit": ("dimensionless",),
    "spectrum_distance": ("dimensionless",),
}
NUMBERED: dict[str, tuple[units.Kind, ...]] = {
    "arc_resistance": ("area_specific_resistance",),
    "peak_frequency": ("frequency",),
    "real_part": ("area_specific_resistance",),
    "imaginary_part": ("area_specific_resistance",),
}
DIGITS = range(10)
OF_ITS_ELEMENTS: dict[str, tuple[units.Kind, ...]] = {
    **{f"R{n}": ("area_specific_resistance",) for n in DIGITS},
    **{f"C{n}": ("areal_capacitance",) for n in DIGITS},
    **{f"Ws{n}_0": ("area_specific_resistance",) for n in DIGITS},
    **{f"Ws{n}_1": ("time",) for n in DIGITS},
    **{f"CPE{n}_1": ("dimensionless",) for n in DIGITS},
}
OF_A_CIRCUIT = {
    f"{head}.{name}": kinds
    for head in ("circuit", "circuit_measured")
    for name, kinds in OF_ITS_ELEMENTS.items()
}
QUANTITIES: dict[str, tuple[units.Kind, ...]] = {
    "resistance": ("resistance", "resistance_length"),
    "excess_resistance": ("resistance", "resistance_length"),
    "area_specific_resistance": ("area_specific_resistance",),
    "series_area_specific_resistance": ("area_specific_resistance",),
    "excess_area_specific_resistance": ("area_specific_resistance",),
    "interface_area_specific_resistance": ("area_specific_resistance",),
    "intact_area_specific_resistance": ("area_specific_resistance",),
    "psi": ("dimensionless",),
    "S": ("dimensionless",),
    "current": ("current", "current_per_length"),
    "potential_difference": ("potential",),
    "mean_current_density": ("current_density",),
    "current_balance": ("dimensionless",),
    "current_balance_floor": ("dimensionless",),
    "mean_amplification": ("dimensionless",),
    "rms_factor": ("dimensionless",),
    "peak_amplification": ("dimensionless",),
    "wagner_number": ("dimensionless",),
    "edge_exponent": ("dimensionless",),
    "edge_intensity": (),  # its unit depends on the exponent of the edge
    "percentile_50": ("dimensionless",),
    "percentile_90": ("dimensionless",),
    "percentile_99": ("dimensionless",),
    "current_centre": ("dimensionless",),
    "current_edge": ("dimensionless",),
    "force_balance": ("dimensionless",),
    "energy_release_rate": ("energy_release_rate",),
    "energy_release_rate_by_extension": ("energy_release_rate",),
    "energy_release_rate_slope": ("energy_release_rate_slope",),
    "steady_state_energy_release_rate": ("energy_release_rate",),
    "sequential_energy_release_rate": ("energy_release_rate",),
    "fracture_energy": ("energy_release_rate",),
    "least_energy_release_rate": ("energy_release_rate",),
    "mean_energy_release_rate": ("energy_release_rate",),
    "least_stress_intensity": ("fracture_toughness",),
    "front_angle": ("angle",),
    "contour_dependence": ("dimensionless",),
    "stress_intensity": ("fracture_toughness",),
    "stress_intensity_by_interaction": ("fracture_toughness",),
    "stress_intensity_shear": ("fracture_toughness",),
    "kink_angle": ("angle",),
    "kink_energy_release_rate": ("energy_release_rate",),
    "shape_factor": ("dimensionless",),
    "channelling_factor": ("dimensionless",),
    "sequential_channelling_factor": ("dimensionless",),
    "film_stress": ("stress",),
    "saturation_spacing": ("length",),
    "crack_overlap": ("length",),
    "margin": ("dimensionless",),
    "critical_pressure": ("stress",),
    "critical_load_factor": ("dimensionless",),
    "buckling_load_factor": ("dimensionless",),
    "critical_overpotential": ("potential",),
    "critical_stretch": ("dimensionless",),
    "critical_span": ("length",),
    "critical_thickness": ("length",),
    "critical_current_density": ("current_density",),
    "flaw_overpotential": ("potential",),
    "flaw_pressure": ("stress",),
    "acting_flaw_pressure": ("stress",),
    "wall_shift": ("potential",),
    "slit_width": ("length",),
    "coupling_rounds": ("dimensionless",),
    "coupling_change": ("dimensionless",),
    "map_exponent": ("dimensionless",),
    "map_exponent_against": ("dimensionless",),
    "arrest_length": ("length",),
    "crack_opening": ("length",),
    "crack_volume": ("volume", "area"),
    "largest_equivalent_stress": ("stress",),
    "largest_plastic_strain": ("dimensionless",),
    "stored_energy": ("energy", "energy_per_length"),
    "dissipated_energy": ("energy", "energy_per_length"),
    "external_work": ("energy", "energy_per_length"),
    "load_reached": ("dimensionless",),
    "time_reached": ("time",),
    "load_steps": ("dimensionless",),
    "cut_steps": ("dimensionless",),
    "curvature": ("curvature",),
    **MARCH,
    **IMPEDANCE,
    "damage_start": ("dimensionless",),
    "largest_damage": ("dimensionless",),
    "damage_energy": ("energy", "energy_per_length"),
    "energy_drop": ("energy", "energy_per_length"),
    "broken_cell_size": ("length",),
    "fracture_energy_factor": ("dimensionless",),
    "effective_fracture_energy": ("energy_release_rate",),
    "crack_length": ("length",),
    "crack_area": ("area",),
    "jumps": ("dimensionless",),
    "effective_conductivity": ("conductivity",),
    "series_conductivity": ("conductivity",),
    "parallel_conductivity": ("conductivity",),
    "hashin_shtrikman_lower": ("conductivity",),
    "hashin_shtrikman_upper": ("conductivity",),
    "anisotropy": ("dimensionless",),
    "three_point_lower": ("conductivity",),
    "three_point_upper": ("conductivity",),
    "three_point_parameter": ("dimensionless",),
    "effective_bulk_modulus": ("stress",),
    **{
        f"hashin_shtrikman_{name}_modulus_{end}": ("stress",)
        for name in ("bulk", "shear")
        for end in ("lower", "upper")
    },
    "first_jump": ("dimensionless",),
    "alternations": ("dimensionless",),
    "snap_back": ("dimensionless",),
}
ON_AN_INTERFACE: dict[str, tuple[units.Kind, ...]] = {
    "interface_opening": ("length",),
    "interface_slip": ("length",),
    "interface_overlap": ("length",),
    "open_length": ("length",),
    "touching_length": ("length",),
    "pressed_length": ("length",),
    "open_area": ("area",),
    "pressed_area": ("area",),
    "torn_length": ("length",),
    "interface_force": ("force", "force_per_length"),
    "interface_pressure": ("stress",),
    "spent_energy": ("energy", "energy_per_length"),
}
ON_A_FACE: dict[str, tuple[units.Kind, ...]] = {
    "fraction_at_face": ("dimensionless",),
    "growth": ("length",),
    "growth_max": ("length",),
    "growth_min": ("length",),
    "growth_over_feature": ("dimensionless",),
    "growth_over_mean": ("dimensionless",),
    "growth_rate": ("rate",),
    "contact_fraction": ("dimensionless",),
    "contact_fraction_min": ("dimensionless",),
    "void_volume": ("length",),
    "critical_stripping_current_density": ("current_density",),
    "vacancy_current_density": ("current_density",),
    "vacancy_excess": ("dimensionless",),
    "void_start_time": ("time",),
    "face_pressure": ("stress",),
    "face_pressure_max": ("stress",),
    "pressure_per_capacity": (),
    "tension": ("stress",),
    "peak_contact_pressure": ("stress",),
    "mean_contact_pressure": ("stress",),
    "flaw_opening": ("length",),
    "flaw_slip": ("length",),
    "flaw_overlap": ("length",),
    "closed_length": ("length",),
    "conducting_share": ("dimensionless",),
    "contact_reach": ("length",),
    "contact_area": ("area",),
    "contact_force": ("force", "force_per_length"),
    "stack_pressure": ("stress",),
    "lithium_pressure": ("stress",),
    "plate_displacement": ("length",),
    "peak_force": ("force", "force_per_length"),
    "radial_displacement": ("length",),
    "radial_displacement_rate": ("velocity",),
    "displacement": ("length",),
    "displacement_rate": ("velocity",),
    "normal_stress": ("stress",),
    "normal_stress_spread": ("stress",),
    "hoop_stress": ("stress",),
    "equivalent_stress": ("stress",),
    "mean_pressure": ("stress",),
    "tension_50": ("stress",),
    "tension_99": ("stress",),
    "mean_stress": ("stress",),
    "peak_stress": ("stress",),
    "peak_load": ("dimensionless",),
    "broken_extent": ("length",),
}
IN_A_REGION: dict[str, tuple[units.Kind, ...]] = {  # of flow, of alloys and mixed conductors
    "mean_plastic_strain": ("dimensionless",),
    "tension_at_right": ("stress",),
    "mean_fraction": ("dimensionless",),
    "least_fraction": ("dimensionless",),
    "largest_fraction": ("dimensionless",),
    "composition_strain": ("dimensionless",),
    "composition_stress": ("stress",),
    "least_hydrostatic_stress": ("stress",),
    "largest_hydrostatic_stress": ("stress",),
    "reaction_current_density": ("current_density",),
    "reaction_over_mean": ("dimensionless",),
    "least_reaction_over_mean": ("dimensionless",),
}
# of a periodic cell, with the components of a tensor
PAIRS = ("xx", "yy", "zz", "yz", "xz", "xy")
OF_A_CELL: dict[str, tuple[tuple[units.Kind, ...], tuple[str, ...]]] = {
    "effective_conductivity": (("conductivity",), PAIRS),
    "effective_stiffness": (
        ("stress",), tuple(f"{one}{other}" for one in PAIRS for other in PAIRS),
    ),
    "effective_youngs_modulus": (("stress",), ("x", "y", "z")),
    "effective_shear_modulus": (("stress",), ("yz", "xz", "xy")),
    "effective_poissons_ratio": (("dimensionless",), ("xy", "xz", "yz")),
    "affine_youngs_modulus": (("stress",), ("x", "y", "z")),
    "voigt_youngs_modulus": (("stress",), ("x", "y", "z")),
    "reuss_youngs_modulus": (("stress",), ("x", "y", "z")),
    "three_point_lower": (("conductivity",), PAIRS[:3]),
    "three_point_upper": (("conductivity",), PAIRS[:3]),
    "depolarising_factor": (("dimensionless",), ("x", "y", "z")),
    "traction_stiffness": (
        ("stress",), tuple(f"{one}{other}" for one in PAIRS for other in PAIRS),
    ),
    "traction_youngs_modulus": (("stress",), ("x", "y", "z")),
    "traction_shear_modulus": (("stress",), ("yz", "xz", "xy")),
}  # fmt: skip
OF_A_STRUCTURE = ("volume_fraction", "pieces", "percolates")  # with the name of a region
OF_FEATURES: dict[str, tuple[units.Kind, ...]] = {  # with the name of their region
    "features": ("dimensionless",),
    "mean_diameter": ("length",),
    "diameter_deviation": ("length",),
}
# of a flaw, with its name, and of a flaw inside of a body of its "start" and its "end"
OF_A_FLAW: dict[str, tuple[units.Kind, ...]] = {
    head: QUANTITIES[head]
    for head in (
        "energy_release_rate", "energy_release_rate_by_extension", "energy_release_rate_slope",
        "stress_intensity", "stress_intensity_shear", "kink_angle", "kink_energy_release_rate",
        "fracture_energy", "margin", "critical_pressure", "critical_overpotential",
        "critical_stretch", "critical_load_factor", "flaw_overpotential", "flaw_pressure",
        "acting_flaw_pressure",
    )
}  # fmt: skip
# of either end of a crack ("end"), or of a part of an interface that has come off ("NAME.end")
OF_AN_END: dict[str, tuple[units.Kind, ...]] = {
    head: QUANTITIES[head]
    for head in (
        "energy_release_rate", "energy_release_rate_by_extension", "energy_release_rate_slope",
        "contour_dependence", "stress_intensity", "stress_intensity_by_interaction",
        "shape_factor", "fracture_energy", "margin", "critical_pressure",
        "critical_overpotential", "critical_stretch", "critical_load_factor",
    )
}  # fmt: skip
# of the sharp crack that damage has found, with ".found_crack" behind
OF_A_FOUND_CRACK = (
    "crack_length", "energy_release_rate", "energy_release_rate_by_extension",
    "energy_release_rate_slope", "contour_dependence", "stress_intensity",
    "stress_intensity_by_interaction", "crack_opening", "arrest_length", "fracture_energy",
    "margin", "verdict", "first_to_grow",
)  # fmt: skip
OF_A_FOUND_FLAW: dict[str, tuple[units.Kind, ...]] = {  # where it begins, and its direction
    "crack_x": ("length",), "crack_y": ("length",), "crack_angle": ("angle",),
}  # fmt: skip
TEXTS = (
    "verdict",
    "first_to_grow",
    "outcome",
    "failed_by",
    "limited_by",
)  # quantities whose value is a word


def known_quantities(
    boundaries: Iterable[str], interfaces: Iterable[str], regions: Iterable[str],
    specimens: Iterable[str],
) -> set[str]:  # fmt: skip
    """All names of quantities that a case with these names has."""
    faces, between, inside = list(boundaries), list(interfaces), list(regions)
    names = set(QUANTITIES) | set(TEXTS) | {f"current.{name}" for name in faces}
    names |= {f"potential.{name}" for name in faces}
    names |= {f"share.{name}" for name in (*faces, *between, *inside)}
    names |= {f"{head}.{name}" for head in (*OF_A_STRUCTURE, *OF_FEATURES) for name in inside}
    names |= {f"interface_area.{name}" for name in between}
    names |= {f"{head}.{name}" for head in ON_A_FACE for name in faces}
    ends = [f"{name}{end}" for name in faces for end in ("", ".start", ".end")]
    names |= {f"{head}.{end}" for head in (*OF_A_FLAW, "verdict") for end in ends}
    names |= {f"{head}.{name}" for head in ON_AN_INTERFACE for name in between}
    loose = [f"{name}.{end}" for name in ("", *between) for end in ("start", "end")]
    names |= {f"{head}.{end.lstrip('.')}" for head in (*OF_AN_END, "verdict") for end in loose}
    names |= {f"{head}.found_crack" for head in (*OF_A_FOUND_CRACK, *OF_A_FOUND_FLAW)}
    ends = [f"found_crack{end}" for end in ("", ".start", ".end")]
    names |= {f"{head}.{end}" for head in (*OF_A_FLAW, "verdict") for end in ends}
    names |= {f"normal_stress.{name}" for name in between}
    names |= {f"radial_displacement{rate}.{name}" for rate in ("", "_rate") for name in between}
    heads = ("mean_stress", "tension_50", "tension_99", *IN_A_REGION)
    names |= {f"{head}.{name}" for head in heads for name in inside}
    names |= {f"{head}.{end}" for head, (_, ends) in OF_A_CELL.items() for end in ends}
    names |= {f"{head}.{n}" for head in NUMBERED for n in DIGITS[1:]} | set(OF_A_CIRCUIT)
    samples = list(specimens)
    names |= {f"specimen.{name}" for name in samples}
    return names | {f"specimen.{name}.{part}" for name in samples for part in ("bulk", "interface")}


def kinds_of(quantity: str) -> tuple[units.Kind, ...]:
    """The kinds that a quantity may have; empty: any."""
    head = quantity.split(".", 1)[0]
    if head in OF_A_FOUND_FLAW:
        return OF_A_FOUND_FLAW[head]
    if quantity in QUANTITIES or quantity.endswith(".found_crack"):
        return QUANTITIES.get(head, ())
    if head in ON_A_FACE:
        return ON_A_FACE[head]
    if head in IN_A_REGION:
        return IN_A_REGION[head]
    if head in OF_A_FLAW:
        return OF_A_FLAW[head]
    if head in OF_AN_END:
        return OF_AN_END[head]
    if head in ON_AN_INTERFACE:
        return ON_AN_INTERFACE[head]
    if head in OF_A_CELL:
        return OF_A_CELL[head][0]
    if head in NUMBERED:
        return NUMBERED[head]
    if head in OF_FEATURES:
        return OF_FEATURES[head]
    if quantity in OF_A_CIRCUIT:
        return OF_A_CIRCUIT[quantity]
    if head == "interface_area":
        return ("area", "length")
    if head == "share" or head in OF_A_STRUCTURE:
        return ("dimensionless",)
    if head == "current":
        return QUANTITIES["current"]
    if head == "potential":
        return ("potential",)
    if head == "specimen":
        return ("resistance",)
    return ()


def read_quantity(quantity: str, value: str | float, plane: bool) -> tuple[float | str, str]:
    """Reads the number a quantity is compared with.

    Returns:
        The value in the working system (or "unbounded") and the text of its unit.

    Raises:
        UnitError: Not a quantity, or not of the kind that this quantity is.
    """
    if value == UNBOUNDED:
        return UNBOUNDED, ""
    if quantity.partition(".")[0] in TEXTS:
        return str(value), ""
    text = value if isinstance(value, str) else repr(value)
    number, unit_text, dimension = units.parse_any(text)
    kinds = kinds_of(quantity)
    if not kinds:
        return number, unit_text
    kind = kinds[-1] if plane else kinds[0]
    return units.parse(text, kind), unit_text if dimension else ""
