"""Scores go back to a CRM: what changed, once, with every refusal kept; an adapter is one file."""
