"""Adapters that write scores back to a CRM, one file each."""
