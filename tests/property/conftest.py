"""The random CRMs of tests/features, for the properties too."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location("random_crms", Path(__file__).parents[1] / "features" / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)
crm = _module.crm
snapshots = _module.snapshots
