"""HubSpot: the exports of contacts, companies, deals, calls, meetings, e-mails, forms and events."""

from pipeline.presets.layout import Export, Part, Preset

_COUNTED = (
    r"\b(number of|days|last|latest|recent|next|became|date (entered|exited)|time (in|of last|between)|cumulative|"
    r"total|average|sum of|associated|owner assigned|assigned date|updated|modified|close date|first deal|"
    r"(lead|hubspot|contact|deal) ?(status|score)|score|likelihood|priority|lifecycle|marketing contact|customer|"
    r"engag\w+|email(s)? (delivered|opened|clicked|bounced|sent|replied)|opened|clicked|delivered|bounced?|"
    r"sends? since|sales activit\w+|currently in|membership|merged|record source|"
    r"hs (?!analytics (source|first)|seniority|object)|"
    r"num|notes|recurring revenue|forecast|is (closed|open|won)|team|user id|ip |unsubscribed|opted)\b"
)
_ACTIVITY = {
    "id": ("Record ID", "hs_object_id"),
    "occurred_at": ("Activity date", "hs_timestamp"),
    "contact_ids": ("Associated Contact IDs", "Associated Contact IDs (all)"),
}
_CONTACTS_OF = "unnest(string_split({%s.contact_ids}, ';')) AS person(contact_id)"


def _activity(name: str, type_: str) -> Part:
    return Part(
        "events",
        f"{name}, " + _CONTACTS_OF % name,
        {
            "event_id": f"concat('{name}-', {{{name}.id}}, '-', trim(contact_id))",
            "lead_id": "trim(contact_id)",
            "occurred_at": f"{{{name}.occurred_at}}",
            "type": type_,
            "channel": f"'{name}'",
        },
        where=("trim(contact_id) <> ''",),
        needs=(name,),
    )


CONTACTS = Export(
    "contacts",
    "CRM > Contacts > Export, all properties and associations",
    {
        "id": ("Record ID", "Record ID - Contact", "Contact ID", "hs_object_id", "vid"),
        "created_at": ("Create Date", "createdate"),
        "company_id": (
            *("Primary Associated Company ID", "Associated Company IDs (Primary)", "Associated Company IDs"),
            *("Associated Company ID", "associatedcompanyid"),
        ),
        "source": ("Original Traffic Source", "Original Source", "Original Source Type", "hs_analytics_source"),
        "job_title": ("Job Title", "jobtitle"),
        "seniority": ("Seniority", "Employment Seniority", "hs_seniority"),
        "country": ("Country/Region", "Country", "country"),
        "owner": ("Contact owner", "hubspot_owner_id"),
        "first_name": ("First Name", "firstname"),
        "last_name": ("Last Name", "lastname"),
        "email": ("Email", "E-mail"),
        "opted_out": ("Unsubscribed from all email", "Opted out of all email", "hs_email_optout"),
        "lifecycle": ("Lifecycle Stage", "lifecyclestage"),
        "mql_at": ("Became a Marketing Qualified Lead Date", "hs_lifecyclestage_marketingqualifiedlead_date"),
        "sql_at": ("Became a Sales Qualified Lead Date", "hs_lifecyclestage_salesqualifiedlead_date"),
        "opportunity_at": ("Became an Opportunity Date", "hs_lifecyclestage_opportunity_date"),
        "customer_at": ("Became a Customer Date", "hs_lifecyclestage_customer_date"),
    },
    told_by=("id", "created_at", "email|last_name|job_title|lifecycle"),
    later=_COUNTED,
)
COMPANIES = Export(
    "companies",
    "CRM > Companies > Export",
    {
        "id": ("Record ID", "Record ID - Company", "Company ID", "hs_object_id"),
        "name": ("Company name", "name"),
        "domain": ("Company Domain Name", "domain"),
        "industry": ("Industry", "industry"),
        "employees": ("Number of Employees", "numberofemployees"),
        "revenue": ("Annual Revenue", "annualrevenue"),
        "country": ("Country/Region", "Country", "country"),
        "owner": ("Company owner", "hubspot_owner_id"),
        "created_at": ("Create Date", "createdate"),
    },
    told_by=("id", "name", "domain|industry|employees|owner"),
    later=_COUNTED,
)
DEALS = Export(
    "deals",
    "CRM > Deals > Export, associations included",
    {
        "id": ("Record ID", "Record ID - Deal", "Deal ID", "hs_object_id"),
        "stage": ("Deal Stage", "dealstage"),
        "closed_at": ("Close Date", "closedate"),
        "is_won": ("Is Closed Won", "hs_is_closed_won"),
        "is_lost": ("Is closed lost", "hs_is_closed_lost"),
        "amount": ("Amount", "amount"),
        "lost_reason": ("Closed Lost Reason", "closed_lost_reason"),
        "contact_ids": _ACTIVITY["contact_ids"],
    },
    told_by=("id", "stage", "closed_at"),
)
CALLS = Export(
    "calls",
    "CRM > Calls > Export",
    {**_ACTIVITY, "what": ("Call Title", "Call outcome", "Call direction", "hs_call_title")},
    told_by=("id", "occurred_at", "what"),
)
MEETINGS = Export(
    "meetings",
    "CRM > Meetings > Export",
    {**_ACTIVITY, "what": ("Meeting name", "Meeting outcome", "Meeting Title", "hs_meeting_title")},
    told_by=("id", "occurred_at", "what"),
)
EMAILS = Export(
    "emails",
    "CRM > Emails (one-to-one) > Export",
    {
        **_ACTIVITY,
        "what": ("Email subject", "Email send status", "hs_email_subject"),
        "direction": ("Email direction", "hs_email_direction"),
    },
    told_by=("id", "occurred_at", "what|direction"),
)
FORMS = Export(
    "forms",
    "Marketing > Forms > Submissions > Export; one file",
    {
        "email": ("Email", "E-mail"),
        "occurred_at": ("Conversion Date", "Submission Date", "Date submitted"),
        "title": ("Conversion Title", "Form Name", "Form", "Conversion Page"),
    },
    told_by=("email", "occurred_at"),
)
EVENTS = Export(
    "events",
    "Events API or Reports > Data exports: one row per occurrence",
    {
        "id": ("id", "Event ID"),
        "contact_id": ("objectId", "Contact ID", "Record ID"),
        "type": ("eventType", "Event name", "Event type"),
        "occurred_at": ("occurredAt", "Occurred at", "Occurrence date"),
        "url": ("properties.hs_url", "hs_url", "URL", "Page URL"),
    },
    told_by=("contact_id", "type", "occurred_at"),
)
_FORM = """CASE WHEN regexp_matches({forms.title}, '(?i)d[eé]mo') THEN 'demo_request'
    WHEN regexp_matches({forms.title}, '(?i)quote|devis|pricing|tarif') THEN 'quote_request'
    WHEN regexp_matches({forms.title}, '(?i)webinar|webinaire') THEN 'webinar_signup'
    WHEN regexp_matches({forms.title}, '(?i)download|ebook|guide|white|livre|t[eé]l[eé]ch') THEN 'download'
    ELSE 'form_submission' END"""
# Events of HubSpot's own begin with e_, those of the customer with pe and the number of the account.
_NAME = "regexp_replace(lower({events.type}), '^(e_(v2_)?|pe[0-9]+_)', '')"
_EVENT = f"""CASE WHEN {_NAME} NOT LIKE '%visited_page%' THEN NULL
    WHEN regexp_matches({{events.url}}, '(?i)pricing|tarif') THEN 'pricing_view'
    WHEN regexp_matches({{events.url}}, '(?i)case|cas-client|customer') THEN 'case_study_view'
    WHEN regexp_matches({{events.url}}, '(?i)compar') THEN 'comparison_view' END"""
_EVENT_NAME = f"""CASE WHEN {_NAME} LIKE '%visited_page%' THEN 'page_view'
    WHEN {_NAME} LIKE '%open%email%' OR {_NAME} LIKE '%email%open%' THEN 'email_open'
    WHEN {_NAME} LIKE '%click%email%' OR {_NAME} LIKE '%email%click%' THEN 'email_click'
    WHEN {_NAME} LIKE '%unsubscribe%' THEN 'unsubscribe'
    WHEN {_NAME} LIKE '%submitted_form%' OR {_NAME} LIKE '%form_submi%' THEN 'form_submission'
    ELSE {_NAME} END"""


def _stage(stage: str) -> Part:
    at = f"{{contacts.{stage}_at}}"
    return Part(
        "stages",
        "contacts",
        {"lead_id": "{contacts.id}", "stage": f"'{stage}'", "entered_at": at},
        where=(f"{at} <> ''",),
        needs=("contacts",),
    )


HUBSPOT = Preset(
    "hubspot",
    "HubSpot",
    (CONTACTS, COMPANIES, DEALS, CALLS, MEETINGS, EMAILS, FORMS, EVENTS),
    (
        Part(
            "leads",
            "contacts",
            {
                "lead_id": "{contacts.id}",
                "created_at": "{contacts.created_at}",
                "account_id": "trim(string_split({contacts.company_id}, ';')[1])",
                "source": "{contacts.source}",
                "job_title": "{contacts.job_title}",
                "seniority": "{contacts.seniority}",
                "country": "{contacts.country}",
                "owner": "{contacts.owner}",
                "display_name": ("concat_ws(' ', {contacts.first_name}, {contacts.last_name})", "{contacts.last_name}"),
                "email": "{contacts.email}",
                "opted_out": "{contacts.opted_out}",
            },
            attributes_of="contacts",
        ),
        Part(
            "accounts",
            "companies",
            {
                "account_id": "{companies.id}",
                "name": "{companies.name}",
                "industry": "{companies.industry}",
                "employees": "{companies.employees}",
                "revenue": "{companies.revenue}",
                "country": "{companies.country}",
            },
            needs=("companies",),
            attributes_of="companies",
        ),
        Part(
            "outcomes",
            "deals, " + _CONTACTS_OF % "deals",
            {
                "lead_id": "trim(contact_id)",
                "decided_at": "{deals.closed_at}",
                "outcome": (
                    "CASE WHEN lower({deals.is_won}) IN ('true', 'yes', '1') THEN 'won' "
                    "WHEN lower({deals.is_lost}) IN ('true', 'yes', '1') THEN 'lost' END",
                    "CASE WHEN lower(trim({deals.stage})) IN ({won}) THEN 'won' "
                    "WHEN lower(trim({deals.stage})) IN ({lost}) THEN 'lost' END",
                ),
                "amount": "{deals.amount}",
                "lost_reason": "{deals.lost_reason}",
            },
            where=("trim(contact_id) <> ''",),
            needs=("deals",),
        ),
        Part(
            "outcomes",
            "contacts",
            {"lead_id": "{contacts.id}", "decided_at": "{contacts.customer_at}", "outcome": "'won'"},
            where=("{contacts.customer_at} <> ''",),
            without=("deals",),
        ),
        *(_stage(stage) for stage in ("mql", "sql", "opportunity")),
        _activity("calls", "'call'"),
        _activity("meetings", "'meeting'"),
        _activity("emails", "CASE WHEN upper({emails.direction}) LIKE 'INCOMING%' THEN 'reply' ELSE 'email_sent' END"),
        Part(
            "events",
            "forms JOIN contacts ON lower(trim({forms.email})) = lower(trim({contacts.email}))",
            {
                "lead_id": "{contacts.id}",
                "occurred_at": "{forms.occurred_at}",
                "type": (_FORM, "'form_submission'"),
                "channel": "'forms'",
            },
            needs=("forms", "contacts"),
        ),
        Part(
            "events",
            "events",
            {
                "event_id": "concat('event-', {events.id})",
                "lead_id": "{events.contact_id}",
                "occurred_at": "{events.occurred_at}",
                "type": (f"coalesce({_EVENT}, {_EVENT_NAME})", _EVENT_NAME),
                "channel": "'web'",
            },
            needs=("events",),
        ),
    ),
    won=("closed won", "closedwon", "fermé gagné", "fermée gagnée", "won", "gagné"),
    lost=("closed lost", "closedlost", "fermé perdu", "fermée perdue", "lost", "perdu"),
)
