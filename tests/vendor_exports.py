"""A simulated company as four CRMs export it: the vendors' own file layouts, labels, words, times and joins."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.simulator.simulate import Simulation

ZONE = "Europe/Paris"
DEAL_STAGES = ["Appointment Scheduled", "Decision Maker Bought-In", "Contract Sent"]
SOURCES = {
    "organic": "Organic Search",
    "paid_search": "Paid Search",
    "linkedin": "Paid Social",
    "referral": "Referrals",
}
PAGES = {
    "page_view": "https://www.example.com/product",
    "blog_view": "https://www.example.com/blog/sieves",
    "pricing_view": "https://www.example.com/pricing",
    "case_study_view": "https://www.example.com/case-studies/one",
    "comparison_view": "https://www.example.com/compare",
}


def local(seconds: pd.Series, form: str = "%Y-%m-%d %H:%M") -> pd.Series:
    """UTC seconds as the clocks of the portal show them."""
    return pd.to_datetime(seconds, unit="s", utc=True).dt.tz_convert(ZONE).dt.strftime(form)


def zulu(seconds: pd.Series) -> pd.Series:
    return pd.to_datetime(seconds, unit="s", utc=True).dt.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def number_of(ids: pd.Series, start: int) -> pd.Series:
    """Identifiers of the simulation as the numbers of a vendor."""
    return (start + ids.str[1:].astype("Int64")).astype("string")


def salesforce_id(ids: pd.Series, prefix: str) -> pd.Series:
    return prefix + ids.fillna("").str[1:].str.zfill(15)


def guid(ids: pd.Series) -> pd.Series:
    digests = [hashlib.md5(str(one).encode(), usedforsecurity=False).hexdigest() for one in ids]
    return pd.Series([f"{d[:8]}-{d[8:12]}-{d[12:16]}-{d[16:20]}-{d[20:]}" for d in digests], index=ids.index)


def people(simulation: Simulation) -> pd.DataFrame:
    """Leads with their companies, and how they ended."""
    leads, accounts, outcomes = (simulation.tables[name] for name in ("leads", "accounts", "outcomes"))
    ended = outcomes.set_index("lead_id")
    table = leads.merge(accounts.drop(columns="country"), on="account_id", how="left")
    for column in ("decided_at", "outcome", "amount", "lost_reason"):
        table[column] = table["lead_id"].map(ended[column])
    names = table["display_name"].str.split(" ", n=1, expand=True)
    return table.assign(first=names[0], last=names[1])


def write(folder: Path, **tables: pd.DataFrame) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name.replace('__', ' ').replace('_', '-')}.csv", index=False)
    return folder


def hubspot(simulation: Simulation, folder: Path) -> Path:
    who, events, stages = people(simulation), simulation.tables["events"], simulation.tables["stages"]
    entered = {stage: rows.groupby("lead_id")["entered_at"].min() for stage, rows in stages.groupby("stage")}
    contacts = pd.DataFrame(
        {
            "Record ID": number_of(who.lead_id, 51_000),
            "First Name": who["first"],
            "Last Name": who["last"],
            "Email": who.email,
            "Phone Number": "+33 1 23 45 67 89",
            "Contact owner": who.owner,
            "Job Title": who.job_title,
            "Country/Region": who.country,
            "Create Date": local(who.created_at),
            "Last Activity Date": local(who.created_at + 86_400),
            "Lifecycle Stage": np.where(who.outcome == "won", "Customer", "Lead"),
            "Lead Status": np.where(who.outcome == "lost", "Unqualified", "Open"),
            "Original Traffic Source": who.source.map(SOURCES).fillna("Offline Sources"),
            "Original Traffic Source Drill-Down 1": who.source,
            "Became a Marketing Qualified Lead Date": local(who.lead_id.map(entered["mql"])),
            "Became a Sales Qualified Lead Date": local(who.lead_id.map(entered["sql"])),
            "Became an Opportunity Date": local(who.lead_id.map(entered["opportunity"])),
            "Number of Pageviews": who.lead_id.map(events[events.type == "page_view"].groupby("lead_id").size()).fillna(
                0
            ),
            "Marketing emails opened": who.lead_id.map(events[events.type == "email_open"].groupby("lead_id").size()),
            "Unsubscribed from all email": np.where(who.opted_out == 1, "true", ""),
            "Primary Associated Company ID": number_of(who.account_id, 900_000).fillna(""),
        }
    )
    accounts = simulation.tables["accounts"]
    companies = pd.DataFrame(
        {
            "Record ID": number_of(accounts.account_id, 900_000),
            "Company name": accounts["name"],
            "Company Domain Name": "example.com",
            "Industry": accounts.industry,
            "Number of Employees": accounts.employees,
            "Annual Revenue": accounts.revenue,
            "Country/Region": accounts.country,
            "Employees growth": accounts.employees_growth,
            "Total open deals": 0,
        }
    )
    dealt = who[who.decided_at.notna() | who.lead_id.isin(entered["opportunity"].index)]
    deals = pd.DataFrame(
        {
            "Record ID": number_of(dealt.lead_id, 7_000),
            "Deal Name": dealt["name"].fillna("Deal"),
            "Deal Stage": dealt.outcome.map({"won": "Closed Won", "lost": "Closed Lost"}).fillna(DEAL_STAGES[1]),
            "Close Date": local(dealt.decided_at),
            "Amount": dealt.amount,
            "Closed Lost Reason": dealt.lost_reason,
            "Pipeline": "Sales Pipeline",
            # A colleague of no list stands beside some contacts, as deals have several.
            "Associated Contact IDs": number_of(dealt.lead_id, 51_000) + np.where(dealt.index % 7 == 0, ";", ""),
        }
    )
    spoken = events[events.type.isin(["call", "meeting", "reply"])]

    def activity(type_: str, **more: str) -> pd.DataFrame:
        rows = spoken[spoken.type == type_]
        return pd.DataFrame(
            {
                "Record ID": number_of(rows.event_id, 0),
                **more,
                "Activity date": local(rows.occurred_at),
                "Associated Contact IDs": number_of(rows.lead_id, 51_000),
            }
        )

    # A submission bears no number by which a repeated one would be known.
    asked = events[events.type.isin(["demo_request", "quote_request", "download"])].drop_duplicates("event_id")
    mails = who.set_index("lead_id").email
    forms = pd.DataFrame(
        {
            "Conversion Date": local(asked.occurred_at),
            "Conversion Title": asked.type.map(
                {"demo_request": "Book a demo", "quote_request": "Get a quote", "download": "Download the guide"}
            ),
            "Email": asked.lead_id.map(mails).str.upper(),
        }
    )
    seen = events[~events.event_id.isin([*spoken.event_id, *asked.event_id])]
    kinds = {**dict.fromkeys(PAGES, "e_visited_page"), "email_open": "e_v2_opened_email"}
    kinds |= {"email_click": "e_v2_clicked_email", "unsubscribe": "e_unsubscribed_email"}
    occurred = pd.DataFrame(
        {
            "id": seen.event_id,
            "objectId": number_of(seen.lead_id, 51_000),
            "eventType": seen.type.map(kinds).fillna("pe4711_" + seen.type),
            "occurredAt": zulu(seen.occurred_at),
            "properties.hs_url": seen.type.map(PAGES),
        }
    )
    return write(
        folder,
        hubspot_crm_exports_all_contacts_2026_10_02=contacts,
        hubspot_crm_exports_all_companies_2026_10_02=companies,
        hubspot_crm_exports_all_deals_2026_10_02=deals,
        hubspot_crm_exports_calls_2026_10_02=activity("call", **{"Call Title": "Call", "Call outcome": "Connected"}),
        hubspot_crm_exports_meetings_2026_10_02=activity(
            "meeting", **{"Meeting name": "M", "Meeting outcome": "Completed"}
        ),
        hubspot_crm_exports_emails_2026_10_02=activity(
            "reply", **{"Email subject": "Re: offer", "Email direction": "INCOMING_EMAIL"}
        ),
        form_submissions_2026_10_02=forms,
        events_2026_10_02=occurred,
    )


def salesforce(simulation: Simulation, folder: Path) -> Path:
    who, events, changes = people(simulation), simulation.tables["events"], simulation.tables["changes"]
    opened = who.lead_id.isin(simulation.tables["stages"].query("stage == 'opportunity'").lead_id)
    converted = (who.outcome == "won") | opened
    stages = simulation.tables["stages"].query("stage == 'opportunity'").groupby("lead_id").entered_at.min()
    at = who.lead_id.map(stages).fillna(who.decided_at)
    lead = pd.DataFrame(
        {
            "Id": salesforce_id(who.lead_id, "00Q"),
            "IsDeleted": "false",
            "FirstName": who["first"],
            "LastName": who["last"],
            "Name": who.display_name,
            "Title": who.job_title,
            "Company": who["name"].fillna("[not provided]"),
            "Country": who.country,
            "Email": who.email,
            "HasOptedOutOfEmail": np.where(who.opted_out == 1, "true", "false"),
            "LeadSource": who.source,
            "Status": np.select(
                [converted, who.outcome == "lost"],
                ["Closed - Converted", "Closed - Not Converted"],
                "Working - Contacted",
            ),
            "Industry": who.industry,
            "Rating": np.where(who.outcome == "won", "Hot", "Cold"),
            "AnnualRevenue": who.revenue,
            "NumberOfEmployees": who.employees,
            "OwnerId": who.owner,
            "IsConverted": np.where(converted, "true", "false"),
            "ConvertedDate": zulu(at.where(converted)).str[:10],
            "ConvertedContactId": salesforce_id(who.lead_id, "003").where(converted),
            "ConvertedOpportunityId": salesforce_id(who.lead_id, "006").where(converted),
            "CreatedDate": zulu(who.created_at),
            "LastModifiedDate": zulu(who.decided_at.fillna(who.created_at)),
            "crm_used": who.crm_used,
        }
    )
    dealt = who[converted]
    opportunity = pd.DataFrame(
        {
            "Id": salesforce_id(dealt.lead_id, "006"),
            "StageName": dealt.outcome.map({"won": "Closed Won", "lost": "Closed Lost"}).fillna("Proposal"),
            "Amount": dealt.amount,
            "CloseDate": zulu(dealt.decided_at.fillna(dealt.created_at + 86_400 * 90)),
            "IsClosed": np.where(dealt.outcome.notna(), "true", "false"),
            "IsWon": np.where(dealt.outcome == "won", "true", "false"),
            "Loss_Reason__c": dealt.lost_reason,
        }
    )
    spoken = events[events.type == "call"]
    decided = spoken.lead_id.map(who.set_index("lead_id").decided_at)
    late = spoken.lead_id.isin(dealt.lead_id) & (spoken.occurred_at > decided.fillna(np.inf))
    task = pd.DataFrame(
        {
            "Id": salesforce_id(spoken.event_id, "00T"),
            # After the conversion, activities stand with the contact.
            "WhoId": salesforce_id(spoken.lead_id, "00Q").where(~late, salesforce_id(spoken.lead_id, "003")),
            "Subject": "Call",
            "Status": "Completed",
            "TaskSubtype": "Call",
            "CreatedDate": zulu(spoken.known_at),
            "CompletedDateTime": zulu(spoken.occurred_at),
        }
    )
    met = events[events.type == "meeting"]
    event = pd.DataFrame(
        {
            "Id": salesforce_id(met.event_id, "00U"),
            "WhoId": salesforce_id(met.lead_id, "00Q"),
            "StartDateTime": zulu(met.occurred_at),
            "EndDateTime": zulu(met.occurred_at + 3600),
            "CreatedDate": zulu(met.known_at),
        }
    )
    joined = events[events.type.isin(["webinar", "email_click", "download", "demo_request"])]
    member = pd.DataFrame(
        {
            "Id": salesforce_id(joined.event_id, "00v"),
            "CampaignId": joined.type,
            "LeadId": salesforce_id(joined.lead_id, "00Q"),
            "Status": "Responded",
            "HasResponded": "true",
            "FirstRespondedDate": zulu(joined.occurred_at),
            "CreatedDate": zulu(joined.occurred_at),
        }
    )
    kinds = {"webinar": "Webinar", "email_click": "Email click", "download": "Download", "demo_request": "Demo request"}
    campaign = pd.DataFrame({"Id": list(kinds), "Name": list(kinds), "Type": list(kinds.values()), "ActualCost": 100})
    moved = changes[changes.field.isin(["crm_used", "job_title"])].sort_values(["lead_id", "field", "known_at"])
    history = pd.DataFrame(
        {
            "Id": [f"017{row:015d}" for row in range(len(moved))],
            "LeadId": salesforce_id(moved.lead_id, "00Q"),
            "Field": moved.field.replace("job_title", "Title"),
            "OldValue": moved.groupby(["lead_id", "field"]).value.shift(1),
            "NewValue": moved.value,
            "CreatedDate": zulu(moved.known_at),
        }
    )
    return write(
        folder,
        Lead=lead,
        Opportunity=opportunity,
        Task=task,
        Event=event,
        CampaignMember=member,
        Campaign=campaign,
        LeadHistory=history,
    )


def dynamics(simulation: Simulation, folder: Path) -> Path:
    who, events = people(simulation), simulation.tables["events"]
    american = "%m/%d/%Y %I:%M %p"
    leads = pd.DataFrame(
        {
            "(Do Not Modify) Lead": guid(who.lead_id),
            "(Do Not Modify) Row Checksum": "x",
            "(Do Not Modify) Modified On": local(who.decided_at.fillna(who.created_at), american),
            "Name": who.display_name,
            "Topic": "Interested",
            "Status": who.outcome.map({"won": "Qualified", "lost": "Disqualified"}).fillna("Open"),
            "Status Reason": who.outcome.map({"won": "Qualified", "lost": "Lost"}).fillna("New"),
            "Created On": local(who.created_at, american),
            "Company Name": who["name"],
            "Lead Source": who.source,
            "Job Title": who.job_title,
            "Industry": who.industry,
            "No. of Employees": who.employees,
            "Annual Revenue": who.revenue,
            "Country/Region": who.country,
            "Email": who.email,
            "Do not allow Emails": np.where(who.opted_out == 1, "Do Not Allow", "Allow"),
            "Owner": who.owner,
            "Region": who.region,
            "Rating": "Warm",
        }
    )
    dealt = who[who.outcome.eq("won") | (who.outcome.eq("lost") & (who.index % 2 == 0))]
    opportunities = pd.DataFrame(
        {
            "(Do Not Modify) Opportunity": guid("o" + dealt.lead_id),
            "Topic": "Deal",
            # A view shows the name of the lead, and names are not always alone.
            "Originating Lead": dealt.display_name.where(~who.display_name.duplicated(keep=False), guid(dealt.lead_id)),
            "Status": dealt.outcome.map({"won": "Won", "lost": "Lost"}),
            "Status Reason": dealt.lost_reason.fillna("Won"),
            "Actual Close Date": local(dealt.decided_at, american),
            "Actual Revenue": dealt.amount,
            "Created On": local(dealt.created_at, american),
        }
    )
    spoken = events[events.type.isin(["call", "meeting", "reply"])]
    activities = pd.DataFrame(
        {
            "(Do Not Modify) Activity": guid(spoken.event_id),
            "Subject": "About the offer",
            "Activity Type": spoken.type.map({"call": "Phone Call", "meeting": "Appointment", "reply": "Email"}),
            "Regarding": guid(spoken.lead_id),
            "Direction": np.where(spoken.type == "reply", "Incoming", "Outgoing"),
            "Actual End": local(spoken.occurred_at, american),
        }
    )
    return write(folder, All__Leads=leads, All__Opportunities=opportunities, All__Activities=activities)


def odoo(simulation: Simulation, folder: Path) -> Path:
    who, events = people(simulation), simulation.tables["events"]
    leads = pd.DataFrame(
        {
            "ID": who.lead_id.str[1:].astype(int),
            "Created on": local(who.created_at, "%Y-%m-%d %H:%M:%S"),
            "Opportunity": who["name"].fillna("?") + "'s opportunity",
            "Contact Name": who.display_name,
            "Company Name": who["name"],
            "Email": who.email,
            "Job Position": who.job_title,
            "Country": who.country,
            "Source": who.source,
            "Medium": np.where(who.direction == "outbound", "Phone", "Website"),
            "Salesperson": who.owner,
            "Sales Team": "Sales",
            "Stage": np.select([who.outcome == "won"], ["Won"], "Qualified"),
            "Active": np.where(who.outcome == "lost", "False", "True"),
            "Probability": np.select([who.outcome == "won", who.outcome == "lost"], [100.0, 0.0], 20.0),
            "Closed Date": local(who.decided_at, "%Y-%m-%d %H:%M:%S"),
            "Expected Revenue": who.amount.fillna(0),
            "Lost Reason": who.lost_reason,
            "Region": who.region,
        }
    )
    spoken = events[events.type == "reply"]
    messages = pd.DataFrame(
        {
            "ID": spoken.event_id.str[1:].astype(int),
            "Date": local(spoken.occurred_at, "%Y-%m-%d %H:%M:%S"),
            "Type": "Incoming Email",
            "Related Document ID": spoken.lead_id.str[1:].astype(int),
            "Subject": "Re: offer",
        }
    )
    return write(folder, crm__lead=leads, mail__message=messages)


EXPORTS = {"hubspot": hubspot, "salesforce": salesforce, "dynamics": dynamics, "odoo": odoo}
