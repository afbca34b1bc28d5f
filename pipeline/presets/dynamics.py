"""Dynamics 365 Sales: exported views (by labels) or Dataverse tables (by logical names)."""

from pipeline.presets.layout import Export, Part, Preset

_COMPANY = "md5(lower(trim({leads.company})))"
LEADS = Export(
    "leads",
    "Sales > Leads, view All Leads > Export to CSV",
    {
        "id": ("(Do Not Modify) Lead", "leadid", "Lead"),
        "created_at": ("Created On", "createdon"),
        "modified_at": ("Modified On", "(Do Not Modify) Modified On", "modifiedon"),
        "company": ("Company Name", "companyname", "Company"),
        "source": ("Lead Source", "leadsourcecodename", "leadsourcecode"),
        "job_title": ("Job Title", "jobtitle"),
        "country": ("Country/Region", "Address 1: Country/Region", "Country", "address1_country"),
        "owner": ("Owner", "owneridname", "ownerid", "_ownerid_value"),
        "name": ("Name", "Full Name", "fullname"),
        "email": ("Email", "E-mail", "Email Address", "emailaddress1"),
        "no_email": ("Do not allow Emails", "donotemailname", "donotemail"),
        "industry": ("Industry", "industrycodename", "industrycode"),
        "employees": ("No. of Employees", "Number of Employees", "numberofemployees"),
        "revenue": ("Annual Revenue", "revenue"),
        "status": ("Status", "statecodename", "statecode"),
        "first_name": ("First Name", "firstname"),
        "last_name": ("Last Name", "lastname"),
        "topic": ("Topic", "subject"),
    },
    told_by=("id", "company|topic|source", "created_at|status"),
    later=(
        r"\b(do not modify|status|statuscode\w*|statecode\w*|rating|leadqualitycode\w*|score|grade|probability|"
        r"priority|qualif\w*|last|modified|modifiedon|estimated|est|budget amount|actual|purchase|decision|"
        r"initial communication|sales stage|stage|process|parent|account|contact|owner\w*|team|"
        r"created by|createdby\w*|follow ?up|sla|"
        r"on hold|activity|time spent|timespent\w*|confirm interest|evaluate fit|need|confirminterest|evaluatefit|"
        r"version ?number|importsequence\w*|overridden\w*|utc\w*|timezone\w*|exchange ?rate|currency|id)\b"
    ),
)
OPPORTUNITIES = Export(
    "opportunities",
    "Sales > Opportunities, view All Opportunities with Originating Lead > Export to CSV",
    {
        "id": ("(Do Not Modify) Opportunity", "opportunityid", "Opportunity"),
        "lead": ("originatingleadid", "_originatingleadid_value", "Originating Lead", "originatingleadidname"),
        "status": ("Status", "statecodename", "statecode"),
        "reason": ("Status Reason", "statuscodename", "statuscode"),
        "closed_at": ("Actual Close Date", "actualclosedate"),
        "amount": ("Actual Revenue", "actualvalue", "Est. Revenue", "estimatedvalue"),
        "created_at": ("Created On", "createdon"),
    },
    told_by=("id", "lead", "status"),
)
ACTIVITIES = Export(
    "activities",
    "Activities, view All Activities with Regarding > Export to CSV",
    {
        "id": ("(Do Not Modify) Activity", "activityid"),
        "kind": ("Activity Type", "activitytypecodename", "activitytypecode"),
        "lead": ("regardingobjectid", "_regardingobjectid_value", "Regarding", "regardingobjectidname"),
        "occurred_at": ("Actual End", "actualend", "Start Date", "actualstart", "Created On", "createdon"),
        "incoming": ("Direction", "directioncodename", "directioncode"),
    },
    told_by=("id", "kind", "lead"),
)
# A view exports the name of a record that is looked up, Dataverse its number: a name counts where one lead bears it.
_BY_NUMBER = "SELECT {leads.id} AS called, {leads.id} AS lead_id FROM leads"
_BY_NAME = "SELECT {leads.name}, min({leads.id}) FROM leads GROUP BY 1 HAVING count(*) = 1"
_LEAD = f"({_BY_NUMBER} UNION ALL {_BY_NAME}) AS person"
_WON, _LOST = "('won', '1', 'conclue', 'gagnée')", "('lost', '2', 'perdue', 'canceled')"

DYNAMICS = Preset(
    "dynamics",
    "Dynamics 365 Sales",
    (LEADS, OPPORTUNITIES, ACTIVITIES),
    (
        Part(
            "leads",
            "leads",
            {
                "lead_id": "{leads.id}",
                "created_at": "{leads.created_at}",
                "account_id": _COMPANY,
                "source": "{leads.source}",
                "job_title": "{leads.job_title}",
                "country": "{leads.country}",
                "owner": "{leads.owner}",
                "display_name": ("{leads.name}", "concat_ws(' ', {leads.first_name}, {leads.last_name})"),
                "email": "{leads.email}",
                "opted_out": "CASE WHEN lower(trim({leads.no_email})) IN "
                "('do not allow', 'true', '1', 'yes', 'ne pas autoriser') THEN 'yes' ELSE 'no' END",
            },
            attributes_of="leads",
        ),
        Part(
            "accounts",
            "leads",
            {
                "account_id": _COMPANY,
                "name": "min({leads.company})",
                "industry": "min_by({leads.industry}, {leads.created_at})",
                "employees": "min_by({leads.employees}, {leads.created_at})",
                "revenue": "min_by({leads.revenue}, {leads.created_at})",
                "country": "min_by({leads.country}, {leads.created_at})",
            },
            where=("trim({leads.company}) <> ''",),
            rest="GROUP BY 1",
        ),
        Part(
            "outcomes",
            f"opportunities JOIN {_LEAD} ON person.called = {{opportunities.lead}}",
            {
                "lead_id": "person.lead_id",
                "decided_at": "{opportunities.closed_at}",
                "outcome": f"CASE WHEN lower(trim({{opportunities.status}})) IN {_WON} THEN 'won' "
                f"WHEN lower(trim({{opportunities.status}})) IN {_LOST} THEN 'lost' END",
                "amount": "{opportunities.amount}",
                "lost_reason": f"CASE WHEN lower(trim({{opportunities.status}})) IN {_LOST} "
                "THEN {opportunities.reason} END",
            },
            needs=("opportunities",),
        ),
        Part(
            "outcomes",
            "leads",
            {
                "lead_id": "{leads.id}",
                "decided_at": "{leads.modified_at}",
                "outcome": "CASE WHEN lower(trim({leads.status})) IN ({won}) THEN 'won' "
                "WHEN lower(trim({leads.status})) IN ({lost}) THEN 'lost' END",
            },
            without=("opportunities",),
        ),
        Part(
            "outcomes",
            "leads",
            {
                "lead_id": "{leads.id}",
                "decided_at": "{leads.modified_at}",
                "outcome": "CASE WHEN lower(trim({leads.status})) IN ({lost}) THEN 'lost' END",
            },
            needs=("opportunities",),
        ),
        Part(
            "stages",
            f"opportunities JOIN {_LEAD} ON person.called = {{opportunities.lead}}",
            {"lead_id": "person.lead_id", "stage": "'opportunity'", "entered_at": "{opportunities.created_at}"},
            needs=("opportunities",),
        ),
        Part(
            "events",
            f"activities JOIN {_LEAD} ON person.called = {{activities.lead}}",
            {
                "event_id": "concat({activities.id}, '-', person.lead_id)",
                "lead_id": "person.lead_id",
                "occurred_at": "{activities.occurred_at}",
                "type": (
                    "CASE WHEN lower({activities.kind}) IN ('phone call', 'phonecall', '4210', 'appel téléphonique') "
                    "THEN 'call' WHEN lower({activities.kind}) IN ('appointment', '4201', 'rendez-vous') "
                    "THEN 'meeting' "
                    "WHEN lower({activities.kind}) NOT IN ('email', 'e-mail', '4202', 'courrier électronique') "
                    "THEN regexp_replace(lower(trim({activities.kind})), '[^a-z0-9]+', '_', 'g') "
                    "WHEN lower({activities.incoming}) IN ('incoming', 'entrant', '0', 'false') "
                    "THEN 'reply' ELSE 'email_sent' END",
                    "regexp_replace(lower(trim({activities.kind})), '[^a-z0-9]+', '_', 'g')",
                ),
                "channel": "'activities'",
            },
            where=("{activities.occurred_at} <> ''", "trim({activities.kind}) <> ''"),
            needs=("activities",),
        ),
    ),
    won=("qualified", "1", "qualifié"),
    lost=("disqualified", "2", "disqualifié", "non qualifié"),
)
