"""CRMs that the tests write to, all with one face."""
