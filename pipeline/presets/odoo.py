"""Odoo: exports of crm.lead and of its messages, by labels or by technical names."""

from pipeline.presets.layout import Export, Part, Preset

_COMPANY = "md5(lower(trim({leads.company})))"
_OUT = "lower(trim({leads.active})) IN ('false', '0', 'non', 'no', 'faux')"
LEADS = Export(
    "leads",
    "CRM > Leads or Pipeline, list view, archived ones included > Export (with ID)",
    {
        "id": (".id", "ID", "id", "External ID", "Identifiant externe"),
        "created_at": ("Created on", "create_date", "Créé le"),
        "updated_at": ("Last Updated on", "write_date", "Mis à jour le"),
        "company": ("Company Name", "partner_name", "Nom de la société"),
        "source": ("Source", "source_id", "source_id/name"),
        "medium": ("Medium", "medium_id", "medium_id/name", "Moyen"),
        "job_title": ("Job Position", "function", "Poste"),
        "country": ("Country", "country_id", "country_id/code", "country_id/name", "Pays"),
        "owner": ("Salesperson", "user_id", "user_id/name", "Vendeur"),
        "name": ("Contact Name", "contact_name", "Nom du contact"),
        "email": ("Email", "email_from", "E-mail", "Courriel"),
        "subject": ("Opportunity", "name", "Opportunité"),
        "stage": ("Stage", "stage_id", "stage_id/name", "Étape"),
        "probability": ("Probability", "probability", "Probabilité"),
        "won_status": ("Is Won", "won_status", "Est gagné"),
        "active": ("Active", "active", "Actif"),
        "closed_at": ("Closed Date", "date_closed", "Date de clôture"),
        "amount": ("Expected Revenue", "expected_revenue", "Revenu espéré", "Revenus espérés"),
        "lost_reason": ("Lost Reason", "lost_reason_id", "lost_reason_id/name", "Motif de perte", "Raison de la perte"),
        "converted_at": ("Conversion Date", "date_conversion", "Date de conversion"),
    },
    told_by=("id", "created_at", "stage|probability|subject", "company|name|email|owner"),
    later=(
        r"\b(stage|etape|probab\w*|automated|won|gagne|active|actif|lost|perdu\w*|perte|closed?|closing|cloture|expected|"
        r"espere\w*|revenue|revenu\w*|recurring|prorated|mrr|days|jours|assign\w*|"
        r"date (open|last|deadline|automation)\w*|"
        r"last|deadline|echeance|conver\w*|activit\w*|next|message\w*|meeting\w*|quotation\w*|orders?|sale\w* (team|"
        r"order)?|equipe|priority|priorite|duplicate\w*|color|tags?|etiquettes|customer|client|partner|updated|write|"
        r"modifi\w*|mis a jour|score|phone state|email state|lead properties|created by|cree par|external|id)\b"
    ),
)
MESSAGES = Export(
    "messages",
    "Settings > Technical > Messages, Related Document Model is crm.lead > Export",
    {
        "id": (".id", "ID", "id", "External ID"),
        "lead_id": ("Related Document ID", "res_id", "ID du document associé"),
        "kind": ("Type", "message_type"),
        "occurred_at": ("Date", "date"),
    },
    told_by=("lead_id", "kind", "occurred_at"),
)
ODOO = Preset(
    "odoo",
    "Odoo",
    (LEADS, MESSAGES),
    (
        Part(
            "leads",
            "leads",
            {
                "lead_id": "{leads.id}",
                "created_at": "{leads.created_at}",
                "account_id": f"CASE WHEN trim({{leads.company}}) <> '' THEN {_COMPANY} END",
                "source": "{leads.source}",
                "job_title": "{leads.job_title}",
                "country": "{leads.country}",
                "owner": "{leads.owner}",
                "display_name": ("{leads.name}", "{leads.subject}"),
                "email": "{leads.email}",
                "direction": "CASE WHEN regexp_matches({leads.medium}, '(?i)phone|t[ée]l|outbound|prospection') "
                "THEN 'outbound' ELSE 'inbound' END",
            },
            attributes_of="leads",
        ),
        Part(
            "accounts",
            "leads",
            {
                "account_id": _COMPANY,
                "name": "min({leads.company})",
                "country": "min_by({leads.country}, {leads.created_at})",
            },
            where=("trim({leads.company}) <> ''",),
            rest="GROUP BY 1",
        ),
        Part(
            "outcomes",
            "leads",
            {
                "lead_id": "{leads.id}",
                "decided_at": ("coalesce({leads.closed_at}, {leads.updated_at})", "{leads.closed_at}"),
                "outcome": (
                    "CASE WHEN lower(trim({leads.won_status})) IN ('won', 'gagné') THEN 'won' "
                    "WHEN lower(trim({leads.won_status})) IN ('lost', 'perdu') THEN 'lost' END",
                    f"CASE WHEN lower(trim({{leads.stage}})) IN ({{won}}) THEN 'won' WHEN {_OUT} THEN 'lost' END",
                    "CASE WHEN lower(trim({leads.stage})) IN ({won}) THEN 'won' "
                    "WHEN lower(trim({leads.stage})) IN ({lost}) OR {leads.lost_reason} <> '' THEN 'lost' END",
                    "CASE WHEN lower(trim({leads.stage})) IN ({won}) THEN 'won' "
                    "WHEN lower(trim({leads.stage})) IN ({lost}) THEN 'lost' END",
                ),
                "amount": "{leads.amount}",
                "lost_reason": "{leads.lost_reason}",
            },
        ),
        Part(
            "stages",
            "leads",
            {"lead_id": "{leads.id}", "stage": "'opportunity'", "entered_at": "{leads.converted_at}"},
            where=("{leads.converted_at} <> ''",),
        ),
        Part(
            "events",
            "messages",
            {
                "event_id": "{messages.id}",
                "lead_id": "{messages.lead_id}",
                "occurred_at": "{messages.occurred_at}",
                "type": "CASE lower(trim({messages.kind})) WHEN 'email' THEN 'reply' "
                "WHEN 'incoming email' THEN 'reply' "
                "WHEN 'courriel entrant' THEN 'reply' ELSE 'email_sent' END",
                "channel": "'messages'",
            },
            # Notes of the system tell of the pipeline, not of the person.
            where=(
                "lower(trim({messages.kind})) IN ('email', 'incoming email', 'courriel entrant', 'email_outgoing', "
                "'outgoing email', 'courriel sortant')",
            ),
            needs=("messages",),
        ),
    ),
    won=("won", "gagné", "gagnée"),
    lost=("lost", "perdu", "perdue"),
)
