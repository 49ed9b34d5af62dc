"""The lock on compiled forms; warnings of third parties that are no concern of ours, by name.

All other warnings are errors.
"""


def pytest_configure(config):
    from solver.compiled import compiled_forms

    forms = compiled_forms()
    forms.__enter__()
    config.add_cleanup(lambda: forms.__exit__(None, None, None))
    for line in ("ignore:Could not import numba:ImportWarning",):  # dolfinx, which can do without
        config.addinivalue_line("filterwarnings", line)
