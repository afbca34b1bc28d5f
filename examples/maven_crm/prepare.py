"""Maven CRM: fictitious opportunities, of which nothing tells which will be won; the control.

The newest 30 % of the closed deals by engagement are kept aside. Writes leads.csv (to learn from), new_leads.csv (to
score) and endings.csv (how the new leads ended).
"""

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from datasets import folder, output


def main() -> None:
    source = folder("maven_crm")
    deals = pd.read_csv(source / "sales_pipeline.csv")
    for name, key in (("accounts", "account"), ("products", "product"), ("sales_teams", "sales_agent")):
        deals = deals.merge(pd.read_csv(source / f"{name}.csv"), on=key, how="left")
    deals = deals[deals["deal_stage"].isin(["Won", "Lost"])].rename(columns={"deal_stage": "outcome"})
    # Both are known only once a deal has closed.
    deals = deals.drop(columns=["close_date", "close_value"])
    deals = deals.sort_values(["engage_date", "opportunity_id"], ignore_index=True)
    n_old = round(0.7 * len(deals))
    data = output(__file__)
    deals[:n_old].to_csv(data / "leads.csv", index=False)
    deals[n_old:].drop(columns="outcome").to_csv(data / "new_leads.csv", index=False)
    deals.loc[n_old:, ["opportunity_id", "outcome"]].to_csv(data / "endings.csv", index=False)
    print(f"{n_old} deals to learn from, {len(deals) - n_old} to score, in {data.name}/")


if __name__ == "__main__":
    main()
