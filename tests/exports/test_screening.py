"""Identifiers that a pattern finds, and medicine that looks like them and is none."""

import pytest

from exports.screening import PATTERNS, identifiers_in


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to anna.k@hospital.org for the report.", "e_mail"),
        ("Call me at (212) 555-0199 after six.", "phone"),
        ("Her number is 212-555-0199.", "phone"),
        ("Mobile +44 7700 900 123, evenings.", "phone"),
        ("SSN 219-09-9999", "social_security_number"),
        ("MRN: 00123456", "record_number"),
        ("Medical record number 12-34-567", "record_number"),
        ("NHS number 943 476 5919", "record_number"),
        ("DOB 3/14/1962", "birth_date"),
        ("date of birth: 1962-03-14", "birth_date"),
        ("born on March 14, 1962 in a small place", "birth_date"),
        ("born 14 March 1962", "birth_date"),
    ],
)
def test_an_identifier_is_found(text, kind):
    assert identifiers_in([text]) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Take 500-1000 mg every 4-6 hours, at most 4000 mg a day.",
        "Blood pressure 120/80, pulse 72, on 3/14/2024.",
        "Call the poison line, 1-800-222-1222, or 988 at any hour.",
        "Call 1 (800) 222-1222.",
        "NCT01234567 enrolled 1200-1500 patients; doi 10.1056/NEJMoa1200303.",
        "Born at 38 weeks; birth weight 3200 g.",
        "The patient identified 5 of 7 words.",
        "Use name@example.org as the address.",
        "Sodium 138, potassium 4.1, creatinine 0.9 (reference 0.6-1.2).",
        "LOINC 2160-0, SNOMED CT 386661006.",
        "5*10*2 and <60",
    ],
)
def test_medicine_is_not_an_identifier(text):
    assert identifiers_in([text]) == []


def test_kinds_are_sorted_and_come_from_any_of_the_texts():
    found = identifiers_in(["nothing", "MRN 1234567", "a@b.org"])
    assert found == ["e_mail", "record_number"]
    assert set(found) < set(PATTERNS)
