"""Companies as the French register (SIRENE) describes them: names, head-count bands, legal forms, NAF 2025.

Codes and bands follow INSEE's open documentation of the stock files. Rules are kept as data, so that they run the same
in Python and as SQL over millions of names.
"""

import re
import unicodedata

# Each pair is replaced everywhere, in this order, in a name without accents. Words of the legal form and of the trade
# ("SOCIETE", "ETS") are written or left out at will.
LIGATURES = (("œ", "oe"), ("Œ", "OE"), ("æ", "ae"), ("Æ", "AE"), ("ß", "ss"))
NAME_RULES = (
    (r"[.]", ""),
    (r"&", " ET "),
    (r"[^A-Za-z0-9]+", " "),
)
FORM_WORDS = (
    r"\b(?:SASU?|SARL|EURL|SA|SNC|SCI|SCOP|SCA|SCS|SCP|SELARL|SELAS|SE|GIE|"
    r"SOCIETE|STE|ETS|ETABLISSEMENTS?|CIE|COMPAGNIE)\b"
)

# trancheEffectifs: code -> band as people read it; the same bands as `features.attributes` would give where they agree.
HEADCOUNT_BANDS = {
    "NN": "0",
    "00": "0",
    "01": "1_2",
    "02": "3_5",
    "03": "6_9",
    "11": "10_19",
    "12": "20_49",
    "21": "50_99",
    "22": "100_199",
    "31": "200_249",
    "32": "250_499",
    "41": "500_999",
    "42": "1000_1999",
    "51": "2000_4999",
    "52": "5000_9999",
    "53": "10000_more",
}

# categorieJuridique: the longest prefix that is listed decides.
LEGAL_FORMS = {
    "1": "sole_trader",
    "2": "partnership",
    "3": "foreign",
    "4": "state_enterprise",
    "5": "company",
    "52": "general_partnership",
    "53": "limited_partnership_by_shares",
    "54": "sarl",
    "55": "sa",
    "56": "sa",
    "57": "sas",
    "58": "european_company",
    "6": "registered_body",
    "65": "civil_company",
    "7": "public_body",
    "8": "private_body",
    "9": "association",
    "93": "foundation",
}
SOLE_TRADER = "1"

# NAF 2025 (NACE Rev. 2.1): section and its first and last division.
NAF_2025 = (
    ("A", 1, 3), ("B", 5, 9), ("C", 10, 33), ("D", 35, 35), ("E", 36, 39), ("F", 41, 43), ("G", 46, 47),
    ("H", 49, 53), ("I", 55, 56), ("J", 58, 60), ("K", 61, 63), ("L", 64, 66), ("M", 68, 68), ("N", 69, 75),
    ("O", 77, 82), ("P", 84, 84), ("Q", 85, 85), ("R", 86, 88), ("S", 90, 93), ("T", 94, 96), ("U", 97, 98),
    ("V", 99, 99),
)  # fmt: skip


def name_key(name: str) -> str:
    """Reduce a company's name to what identifies it: capitals and digits, without accents, blanks and legal form.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        Empty for a name without letters and digits. A name that is nothing but a legal form stays.

    Examples
    --------
    >>> name_key("Société d'Éditions Œuvres S.A.S."), name_key("DUPONT & Fils SARL"), name_key("S.A.")
    ('DEDITIONSOEUVRES', 'DUPONTETFILS', 'SA')
    """
    text = name
    for letter, spelled in LIGATURES:
        text = text.replace(letter, spelled)
    folded = unicodedata.normalize("NFD", text)
    text = "".join(letter for letter in folded if not unicodedata.combining(letter))
    for pattern, replacement in NAME_RULES:
        text = re.sub(pattern, replacement, text)
    text = text.upper()
    bare = re.sub(FORM_WORDS, "", text).replace(" ", "")
    return bare or text.replace(" ", "")


def is_siren(siren: str) -> bool:
    """Whether nine digits are a SIREN: their check digit is that of Luhn.

    Examples
    --------
    >>> is_siren("552 100 554"), is_siren("552100555"), is_siren("12")
    (True, False, False)
    """
    digits = siren.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 9):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(digits)]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def naf_2025_sections() -> dict[str, str]:
    """Give the section of each division of NAF 2025.

    Examples
    --------
    >>> sections = naf_2025_sections()
    >>> sections["62"], sections["58"], "45" in sections, len(sections)
    ('K', 'J', False, 87)
    """
    return {f"{number:02d}": section for section, first, last in NAF_2025 for number in range(first, last + 1)}
