"""All cases together."""

from tests.bad_input import argument_cases, file_cases, registry_cases, settings_cases, store_cases, table_cases

CASES = [
    *settings_cases.CASES,
    *file_cases.CASES,
    *table_cases.CASES,
    *argument_cases.CASES,
    *registry_cases.CASES,
    *store_cases.CASES,
]
