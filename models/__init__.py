"""What the features say: propensity, decision and why (pure: no file, no clock)."""
