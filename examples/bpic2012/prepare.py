"""BPI Challenge 2012: which loan applications will be approved, asked two days after registration.

Applications decided within the two days are left out, as nobody needs a prediction for them; so are those
still open when the log ends. How the newest 30 % by registration ended is kept back: for Tamis they are open.
Writes leads.csv and events.csv, and endings.csv (how those 30 % ended).
"""

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from datasets import folder, output

AGE = pd.Timedelta(days=2)
# These say how the application ended: outcomes, not events.
ENDINGS = {"A_APPROVED", "A_ACTIVATED", "A_REGISTERED", "A_DECLINED", "A_CANCELLED", "O_ACCEPTED"}


def main() -> None:
    log = pd.read_csv(folder("bpic2012") / "bpic2012_events.csv.gz")
    for column in ("reg_date", "timestamp"):
        log[column] = pd.to_datetime(log[column], utc=True, format="ISO8601")
    ended = log[log["activity"].isin({"A_APPROVED", "A_DECLINED", "A_CANCELLED"})]
    decided = ended.sort_values("timestamp").groupby("case_id").first()[["timestamp", "activity"]]
    cases = log.groupby("case_id").agg(reg_date=("reg_date", "first"), amount_req=("amount_req", "first"))
    cases = cases.join(decided, how="inner").reset_index()
    cases = cases[cases["timestamp"] >= cases["reg_date"] + AGE]
    cases["outcome"] = (cases["activity"] == "A_APPROVED").map({True: "won", False: "lost"})
    cases["weekday"] = cases["reg_date"].dt.day_name()
    cases = cases.drop(columns=["timestamp", "activity"]).sort_values(["reg_date", "case_id"], ignore_index=True)
    events = log[log["case_id"].isin(cases["case_id"]) & ~log["activity"].isin(ENDINGS)]
    events = events.assign(type=_type(events), channel=_desk(events))[["case_id", "timestamp", "type", "channel"]]
    n_old = round(0.7 * len(cases))
    data = output(__file__)
    events.to_csv(data / "events.csv", index=False)
    cases.assign(outcome=cases["outcome"].where(cases.index < n_old)).to_csv(data / "leads.csv", index=False)
    cases.loc[n_old:, ["case_id", "outcome"]].to_csv(data / "endings.csv", index=False)
    print(f"{n_old} cases to learn from, {len(cases) - n_old} to score, {len(events)} events, in {data.name}/")


def _type(events: pd.DataFrame) -> pd.Series:
    """Name the kind of event: the activity, and for work items what happened to them."""
    work = events["activity"].str.startswith("W_")
    return events["activity"].where(~work, events["activity"] + " " + events["lifecycle"].str.lower())


def _desk(events: pd.DataFrame) -> pd.Series:
    """Tell the automatic desk (resource 112) from people."""
    return events["resource"].map(lambda who: "automatic" if who == 112 else "person", na_action="ignore")


if __name__ == "__main__":
    main()
