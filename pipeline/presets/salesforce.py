"""Salesforce: the objects of the weekly export or of Data Loader, by API names (or the labels of a report)."""

from pipeline.presets.layout import Export, Part, Preset

# Companies stand on the lead itself; the account that a conversion makes would give the sale away.
_COMPANY = "md5(lower(trim({lead.company})))"
LEAD = Export(
    "lead",
    "Setup > Data Export: Lead",
    {
        "id": ("Id", "Lead ID", "LeadId"),
        "created_at": ("CreatedDate", "Create Date", "Created Date"),
        "company": ("Company", "Company / Account"),
        "source": ("LeadSource", "Lead Source"),
        "job_title": ("Title",),
        "country": ("CountryCode", "Country", "Country/Territory"),
        "owner": ("OwnerId", "Lead Owner"),
        "name": ("Name", "Full Name"),
        "first_name": ("FirstName", "First Name"),
        "last_name": ("LastName", "Last Name"),
        "email": ("Email",),
        "opted_out": ("HasOptedOutOfEmail", "Email Opt Out"),
        "industry": ("Industry",),
        "employees": ("NumberOfEmployees", "No. of Employees", "Employees"),
        "revenue": ("AnnualRevenue", "Annual Revenue"),
        "status": ("Status", "Lead Status"),
        "is_converted": ("IsConverted", "Converted"),
        "converted_at": ("ConvertedDate", "Converted Date"),
        "opportunity_id": ("ConvertedOpportunityId", "Converted Opportunity ID", "Opportunity ID"),
        "contact_id": ("ConvertedContactId", "Converted Contact ID"),
        "modified_at": ("LastModifiedDate", "Last Modified Date", "Last Modified"),
        "is_deleted": ("IsDeleted", "Deleted"),
    },
    told_by=("id", "company", "status|is_converted|source"),
    later=(
        r"\b(status|rating|convert\w*|last|first (call|email)|modified|systemmodstamp|system modstamp|unread|"
        r"is (unread|deleted|priority)\w*|activity|activities|viewed|referenced|transfer|bounced?|master record|jigsaw|"
        r"photo|clean|individual|score\w*|einstein|pardot|created by|owner|do not call|reports to|id)\b"
    ),
)
OPPORTUNITY = Export(
    "opportunity",
    "Setup > Data Export: Opportunity",
    {
        "id": ("Id", "Opportunity ID"),
        "stage": ("StageName", "Stage"),
        "closed_at": ("CloseDate", "Close Date"),
        "is_won": ("IsWon", "Won"),
        "is_closed": ("IsClosed", "Closed"),
        "amount": ("Amount",),
        "lost_reason": ("Loss_Reason__c", "Lost_Reason__c", "Loss Reason", "Closed Lost Reason"),
    },
    told_by=("id", "stage", "closed_at"),
)
TASK = Export(
    "task",
    "Setup > Data Export: Task",
    {
        "id": ("Id", "Activity ID", "Task ID"),
        "who": ("WhoId", "Who ID", "Name ID"),
        "kind": ("TaskSubtype", "Task Subtype", "Type"),
        "status": ("Status",),
        "occurred_at": ("CompletedDateTime", "Completed Date/Time", "ActivityDate", "Due Date", "Date"),
        "created_at": ("CreatedDate", "Created Date"),
        "subject": ("Subject",),
    },
    told_by=("id", "who", "kind|status", "subject|created_at"),
)
EVENT = Export(
    "event",
    "Setup > Data Export: Event",
    {
        "id": ("Id", "Activity ID", "Event ID"),
        "who": ("WhoId", "Who ID", "Name ID"),
        "occurred_at": ("StartDateTime", "ActivityDateTime", "Start", "Start Date Time"),
        "created_at": ("CreatedDate", "Created Date"),
        "end": ("EndDateTime", "DurationInMinutes", "End"),
    },
    told_by=("id", "who", "occurred_at", "end"),
)
MEMBER = Export(
    "campaign_member",
    "Setup > Data Export: CampaignMember",
    {
        "id": ("Id", "Campaign Member ID"),
        "campaign_id": ("CampaignId", "Campaign ID"),
        "lead_id": ("LeadId", "Lead ID"),
        "status": ("Status", "Member Status"),
        "responded": ("HasResponded", "Responded"),
        "responded_at": ("FirstRespondedDate", "First Responded Date"),
        "created_at": ("CreatedDate", "Created Date"),
    },
    told_by=("campaign_id", "lead_id", "created_at|responded_at"),
)
CAMPAIGN = Export(
    "campaign",
    "Setup > Data Export: Campaign",
    {
        "id": ("Id", "Campaign ID"),
        "type": ("Type", "Campaign Type"),
        "name": ("Name", "Campaign Name"),
        "cost": ("ActualCost", "BudgetedCost", "Actual Cost"),
    },
    told_by=("id", "type", "cost"),
)
HISTORY = Export(
    "lead_history",
    "Setup > Data Export: LeadHistory",
    {
        "lead_id": ("LeadId", "Lead ID"),
        "field": ("Field", "Field / Event"),
        "old": ("OldValue", "Old Value"),
        "new": ("NewValue", "New Value"),
        "known_at": ("CreatedDate", "Edit Date"),
    },
    told_by=("lead_id", "field", "new", "known_at"),
)
_PERSON = (
    "(SELECT {lead.id} AS who, {lead.id} AS lead_id FROM lead UNION ALL "
    "SELECT {lead.contact_id}, {lead.id} FROM lead WHERE {lead.contact_id} <> '')"
)
_FIELD = """CASE {lead_history.field} WHEN 'Title' THEN 'job_title' WHEN 'LeadSource' THEN 'source'
    WHEN 'Country' THEN 'country' WHEN 'CountryCode' THEN 'country' ELSE {lead_history.field} END"""
_CLOSED_AT = (
    "coalesce((SELECT max({lead_history.known_at}) FROM lead_history "
    "WHERE {lead_history.lead_id} = {lead.id} AND {lead_history.field} = 'Status'), {lead.modified_at})"
)


def _activity(name: str, type_: str, where: tuple[str, ...] = ()) -> Part:
    return Part(
        "events",
        f"{name} JOIN {_PERSON} AS person ON person.who = {{{name}.who}}",
        {
            "event_id": f"concat({{{name}.id}}, '-', person.lead_id)",
            "lead_id": "person.lead_id",
            "occurred_at": f"{{{name}.occurred_at}}",
            "known_at": f"{{{name}.created_at}}",
            "type": type_,
            "channel": f"'{name}'",
        },
        where=where,
        needs=(name, "lead"),
    )


SALESFORCE = Preset(
    "salesforce",
    "Salesforce",
    (LEAD, OPPORTUNITY, TASK, EVENT, MEMBER, CAMPAIGN, HISTORY),
    (
        Part(
            "leads",
            "lead",
            {
                "lead_id": "{lead.id}",
                "created_at": "{lead.created_at}",
                "account_id": _COMPANY,
                "source": "{lead.source}",
                "job_title": "{lead.job_title}",
                "country": "{lead.country}",
                "owner": "{lead.owner}",
                "display_name": ("{lead.name}", "concat_ws(' ', {lead.first_name}, {lead.last_name})"),
                "email": "{lead.email}",
                "opted_out": "{lead.opted_out}",
            },
            where=("lower({lead.is_deleted}) NOT IN ('true', '1')",),
            attributes_of="lead",
        ),
        Part(
            "accounts",
            "lead",
            {
                "account_id": _COMPANY,
                "name": "min({lead.company})",
                "industry": "min_by({lead.industry}, {lead.created_at})",
                "employees": "min_by({lead.employees}, {lead.created_at})",
                "revenue": "min_by({lead.revenue}, {lead.created_at})",
                "country": "min_by({lead.country}, {lead.created_at})",
            },
            where=("trim({lead.company}) <> ''",),
            rest="GROUP BY 1",
        ),
        Part(
            "outcomes",
            "lead JOIN opportunity ON {lead.opportunity_id} = {opportunity.id}",
            {
                "lead_id": "{lead.id}",
                "decided_at": "{opportunity.closed_at}",
                "outcome": (
                    "CASE WHEN lower({opportunity.is_won}) IN ('true', '1') THEN 'won' "
                    "WHEN lower({opportunity.is_closed}) IN ('true', '1') THEN 'lost' END",
                    "CASE WHEN lower(trim({opportunity.stage})) IN ({won}) THEN 'won' "
                    "WHEN lower(trim({opportunity.stage})) IN ({lost}) THEN 'lost' END",
                ),
                "amount": "{opportunity.amount}",
                "lost_reason": "{opportunity.lost_reason}",
            },
            needs=("opportunity", "lead"),
        ),
        Part(
            "outcomes",
            "lead",
            {"lead_id": "{lead.id}", "decided_at": "{lead.converted_at}", "outcome": "'won'"},
            where=("lower({lead.is_converted}) IN ('true', '1')",),
            without=("opportunity",),
        ),
        Part(
            "outcomes",
            "lead",
            {
                "lead_id": "{lead.id}",
                "decided_at": (_CLOSED_AT, "{lead.modified_at}"),
                "outcome": "CASE WHEN lower(trim({lead.status})) IN ({lost}) THEN 'lost' END",
            },
            where=("lower({lead.is_converted}) NOT IN ('true', '1')",),
        ),
        Part(
            "stages",
            "lead",
            {"lead_id": "{lead.id}", "stage": "'opportunity'", "entered_at": "{lead.converted_at}"},
            where=("{lead.converted_at} <> ''",),
        ),
        _activity(
            "task",
            "CASE WHEN regexp_matches({task.kind}, '(?i)call') THEN 'call' "
            "WHEN regexp_matches({task.kind}, '(?i)e-?mail') THEN 'email_sent' "
            "ELSE regexp_replace(lower(trim({task.kind})), '[^a-z0-9]+', '_', 'g') END",
            where=("lower({task.status}) IN ('completed', 'terminé', 'achevé')", "trim({task.kind}) <> ''"),
        ),
        _activity("event", "'meeting'"),
        Part(
            "events",
            "campaign_member JOIN campaign ON {campaign_member.campaign_id} = {campaign.id}",
            {
                "event_id": "{campaign_member.id}",
                "lead_id": "{campaign_member.lead_id}",
                "occurred_at": ("{campaign_member.responded_at}", "{campaign_member.created_at}"),
                "type": "CASE WHEN regexp_matches({campaign.type}, '(?i)webinar') THEN 'webinar' "
                "ELSE regexp_replace(lower(trim({campaign.type})), '[^a-z0-9]+', '_', 'g') END",
                "channel": "'campaign'",
            },
            where=(
                "lower({campaign_member.responded}) IN ('true', '1')",
                "{campaign_member.lead_id} <> ''",
                "{campaign.type} <> ''",
            ),
            needs=("campaign_member", "campaign"),
        ),
        Part(
            "events",
            "campaign_member",
            {
                "event_id": "{campaign_member.id}",
                "lead_id": "{campaign_member.lead_id}",
                "occurred_at": ("{campaign_member.responded_at}", "{campaign_member.created_at}"),
                "type": "'campaign_response'",
                "channel": "'campaign'",
            },
            where=("lower({campaign_member.responded}) IN ('true', '1')", "{campaign_member.lead_id} <> ''"),
            needs=("campaign_member",),
            without=("campaign",),
        ),
        Part(
            "changes",
            "lead_history",
            {
                "lead_id": "{lead_history.lead_id}",
                "known_at": "{lead_history.known_at}",
                "field": _FIELD,
                "value": "{lead_history.new}",
            },
            needs=("lead_history",),
        ),
        # What stood there before the first change, from the beginning on (a history may begin with the creation).
        Part(
            "changes",
            "lead_history JOIN lead ON {lead.id} = {lead_history.lead_id}",
            {
                "lead_id": "{lead.id}",
                "known_at": "{lead.created_at}",
                "field": _FIELD,
                "value": "{lead_history.old}",
            },
            needs=("lead_history", "lead"),
            rest="QUALIFY row_number() OVER (PARTITION BY {lead.id}, {lead_history.field} "
            "ORDER BY {lead_history.known_at}) = 1 AND {lead_history.known_at} > {lead.created_at}",
        ),
    ),
    won=("closed won", "won", "fermée gagnée", "fermé gagné"),
    lost=(
        *("closed lost", "lost", "fermée perdue", "closed - not converted", "unqualified", "disqualified"),
        *("not interested", "dead", "junk", "recycled", "non qualifié", "fermé - non converti"),
    ),
)
