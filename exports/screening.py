"""Identifiers in a text: of the kinds that HIPAA's Safe Harbor lists and a pattern finds.

Names, places and rare conditions are beyond any pattern. A text without a finding is not
de-identified; a text with one does not leave.
"""

import re
from collections.abc import Iterable

# Grows whenever the same text could give another answer.
SCREEN_VERSION = 1

_DATE = (
    r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}\s+[A-Z][a-z]{2,8}\.?,?\s+\d{4}|[A-Z][a-z]{2,8}\.?\s+\d{1,2},?\s+\d{4})"
)
# Numbers that anybody may call, and advice often names, are no identifier.
_PUBLIC = r"(?:800|833|844|855|866|877|888|900)"
PATTERNS: dict[str, re.Pattern[str]] = {
    "e_mail": re.compile(
        r"[\w.+-]+@(?!(?:[\w-]+\.)*example\.)[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"
    ),
    "phone": re.compile(
        rf"(?<![\w.+-])(?:\+?1[ .-]?)?(?:\((?!{_PUBLIC})[2-9]\d\d\)[ .-]?"
        rf"|(?!{_PUBLIC})[2-9]\d\d[.-])[2-9]\d\d[ .-]\d{{4}}(?![\w-])"
        r"|(?<![\w+])\+(?!1[ .-]?\(?8)[1-9](?:[ .()-]{0,2}\d){8,13}(?!\w)"
    ),
    "social_security_number": re.compile(
        r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"
    ),
    "record_number": re.compile(
        r"\b(?:MRN|medical record (?:number|no\.?|#)|patient (?:id|number|no\.)"
        r"|NHS (?:number|no\.?)|hospital (?:number|no\.))\s*(?:is\b|[:#=.])?\s*"
        r"[A-Z]{0,3}[- ]?\d[\d -]{4,}\d",
        re.IGNORECASE,
    ),
    "birth_date": re.compile(
        rf"(?i:\b(?:DOB|date of birth|birth\s?date|born(?: on)?))\s*[:=]?\s*{_DATE}"
    ),
}
# What PostgreSQL looks for, so that most texts need not be fetched: wider than any
# pattern above, since each of them has one of these.
PREFILTER = (
    r"@|\m(mrn|dob|born|birth|record|patient id|patient n|nhs n|hospital n)|[0-9]{3}[-. )]"
    r"|\+[1-9]"
)


def identifiers_in(texts: Iterable[str]) -> list[str]:
    """The kinds of identifier that stand in any of the texts, sorted.

    Args:
        texts: to be looked through together, e.g. the turns of one prompt.

    Returns:
        Keys of PATTERNS; empty if nothing was found.

    Source:
        45 CFR 164.514(b)(2)(i), the identifiers (C), (D), (F), (G) and (H).
    """
    whole = "\n\n".join(texts)
    return sorted(kind for kind, pattern in PATTERNS.items() if pattern.search(whole))
