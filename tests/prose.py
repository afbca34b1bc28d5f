"""Words for people, held to what any reader expects of them; which words they are is another test's business."""

import re

# Capitals throughout are for these names alone.
ACRONYMS = {"AUC", "CRM", "ECE", "MQL", "PQL", "SAL", "SHAP", "SQL", "UTC"}
# All of a word, or one inside it, as in the name of a variable.
CAPITALS = re.compile(r"\b[A-ZÀ-Ý]{2,}\b|\b\w*[a-zà-ÿ][A-ZÀ-Ý]\w*\b")
SENTENCES = re.compile(r"(?<=[.!?])\s+(?=\S)")
LEFT_OVER = re.compile(r"[{}]|\bNone\b|\bnan\b|\binf\b|  |_")


def faults_of(text: str) -> list[str]:
    """Say what is no prose in a text of whole sentences, in English or in French.

    Examples
    --------
    >>> faults_of("The threshold is 12 %. Sales can treat 50 leads."), faults_of("À partir de 12 %, C suffit.")
    ([], [])
    >>> faults_of("THE threshold is None. sales"), faults_of("")
    (['capitals: THE', 'left over: None', 'begins small: sales', 'no end'], ['no end'])
    """
    capitals = [word for word in CAPITALS.findall(text) if word not in ACRONYMS]
    small = [sentence for sentence in SENTENCES.split(text) if sentence[:1].islower()]
    return [
        *(f"capitals: {word}" for word in capitals),
        *(f"left over: {found}" for found in LEFT_OVER.findall(text)),
        *(f"begins small: {sentence}" for sentence in small),
        *([] if text.endswith((".", "…", ".”", f".{chr(0xA0)}»")) else ["no end"]),
    ]
