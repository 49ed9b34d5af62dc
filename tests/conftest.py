"""Warnings of third parties that are no concern of ours, by name; all others are errors."""


def pytest_configure(config):
    for line in ("ignore:Could not import numba:ImportWarning",):  # dolfinx, which can do without
        config.addinivalue_line("filterwarnings", line)
