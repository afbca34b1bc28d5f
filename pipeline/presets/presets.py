"""The CRMs whose exports ``tamis init --preset`` understands."""

from collections.abc import Mapping

from pipeline.presets.dynamics import DYNAMICS
from pipeline.presets.hubspot import HUBSPOT
from pipeline.presets.layout import Preset
from pipeline.presets.odoo import ODOO
from pipeline.presets.salesforce import SALESFORCE

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (HUBSPOT, SALESFORCE, DYNAMICS, ODOO)}
