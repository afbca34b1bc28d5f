"""Bank Marketing (Moro 2014): a random 30 % of the calls is kept aside as new leads.

Writes leads.csv (to learn from), new_leads.csv (to score) and endings.csv (how the new leads ended).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from datasets import folder, output


def main() -> None:
    calls = pd.read_csv(folder("bank_marketing") / "bank-additional-full.csv", sep=";")
    calls.insert(0, "call_id", [f"call-{row:05d}" for row in range(len(calls))])
    is_new = np.random.default_rng(7).random(len(calls)) < 0.3
    data = output(__file__)
    calls[~is_new].to_csv(data / "leads.csv", index=False)
    calls[is_new].drop(columns="y").to_csv(data / "new_leads.csv", index=False)
    calls.loc[is_new, ["call_id", "y"]].to_csv(data / "endings.csv", index=False)
    print(f"{(~is_new).sum()} calls to learn from, {is_new.sum()} to score, in {data.name}/")


if __name__ == "__main__":
    main()
