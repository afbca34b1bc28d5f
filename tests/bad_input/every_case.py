"""All cases together."""

from tests.bad_input import argument_cases, settings_cases, store_cases, table_cases

CASES = [*settings_cases.CASES, *table_cases.CASES, *argument_cases.CASES, *store_cases.CASES]
