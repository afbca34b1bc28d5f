"""What we know of a lead at an instant: tables, snapshots and declared features (pure: no file, no clock)."""
