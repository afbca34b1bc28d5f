"""Olist marketing funnel: qualified leads of 2018; the newest 30 % are kept aside as new leads.

Won means a deal closed within 90 days of the first contact. No win is dated before 2017-12-05, so the leads
of 2017 cannot be used. Writes leads.csv (to learn from), new_leads.csv (to score) and endings.csv (how the
new leads ended).
"""

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from datasets import folder, output


def main() -> None:
    source = folder("olist_funnel")
    leads = pd.read_csv(source / "olist_marketing_qualified_leads_dataset.csv", parse_dates=["first_contact_date"])
    deals = pd.read_csv(
        source / "olist_closed_deals_dataset.csv", usecols=["mql_id", "won_date"], parse_dates=["won_date"]
    )
    leads = leads[leads["first_contact_date"] >= "2018-01-01"].merge(deals, on="mql_id", how="left")
    leads = leads.sort_values(["first_contact_date", "mql_id"], ignore_index=True)
    delay = leads["won_date"] - leads["first_contact_date"]
    leads["outcome"] = (delay < pd.Timedelta(days=90)).map({True: "won", False: "lost"})
    leads["month"] = leads["first_contact_date"].dt.month_name()
    leads["weekday"] = leads["first_contact_date"].dt.day_name()
    leads = leads.drop(columns="won_date")
    n_old = round(0.7 * len(leads))
    data = output(__file__)
    leads[:n_old].to_csv(data / "leads.csv", index=False)
    leads[n_old:].drop(columns="outcome").to_csv(data / "new_leads.csv", index=False)
    leads.loc[n_old:, ["mql_id", "outcome"]].to_csv(data / "endings.csv", index=False)
    print(f"{n_old} leads to learn from, {len(leads) - n_old} to score, in {data.name}/")


if __name__ == "__main__":
    main()
