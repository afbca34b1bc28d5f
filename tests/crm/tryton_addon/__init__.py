"""A test-only add-on of Tryton: the fields that `tamis push` writes, as a customer's own module would add them.

SPDX-License-Identifier: GPL-3.0-or-later

Copyright (C) The Tamis authors. This folder, and nothing else of this repository, is free software under the GNU
General Public License, version 3 or (at your option) any later version, because it imports Tryton, which is. It comes
without any warranty. Tamis itself never imports it: it talks to a running Tryton over HTTP.
"""

from trytond.model import fields
from trytond.pool import Pool, PoolMeta


class Opportunity(metaclass=PoolMeta):
    """An opportunity with a score, its reasons, and a switch that keeps the job's hands off."""

    __name__ = "sale.opportunity"

    external_id = fields.Char("External ID")
    lead_score = fields.Float(
        "Score",
        digits=(1, 4),
        domain=["OR", ("lead_score", "=", None), [("lead_score", ">=", 0), ("lead_score", "<=", 1)]],
    )
    lead_band = fields.Selection([(None, ""), ("A", "A"), ("B", "B"), ("C", "C"), ("D", "D")], "Band")
    lead_stage = fields.Char("Stage")
    lead_decision = fields.Text("Decision")
    lead_reasons = fields.Text("Reasons")
    lead_scored_at = fields.DateTime("Scored at")
    lead_run = fields.Char("Run")
    lead_override = fields.Boolean("Keep as it is")
    no_contact = fields.Boolean("Must not be contacted")


def register() -> None:
    """Tell Tryton's pool what this module adds."""
    Pool.register(Opportunity, module="tamis_fields", type_="model")
