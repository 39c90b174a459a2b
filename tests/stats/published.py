"""Tables of ratings that were published with their coefficients."""

import numpy as np

GAP = 0

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four
# observers, twelve units, gaps. Gwet's package irrCAC calls the same `cac.raw4raters`.
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
    ]
)
VALUES = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
COUNTS = np.stack([(v == OBSERVERS).sum(axis=0) for v in range(1, 6)], axis=1)

# Fleiss, "Measuring nominal scale agreement among many raters" (1971), table 1: thirty
# patients, six psychiatrists each, five diagnoses.
_DIAGNOSES = """
    00060 03003 01401 00006 03030 20400 00402 20310 20040 00006
    10050 11040 03300 10050 02031 00501 30012 51000 02040 10203
    00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
DIAGNOSES = np.array([[int(n) for n in patient] for patient in _DIAGNOSES.split()])

# The worked example that encyclopedias and libraries print for Fleiss' kappa: ten
# subjects, fourteen raters, five categories.
FOURTEEN_RATERS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

# Gwet, "Handbook of Inter-Rater Reliability" (2014), and irrCAC's `cont3x3abstractors`:
# two abstractors sort a hundred pregnancies into three kinds.
ABSTRACTORS = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]])

# Cohen, "Weighted kappa" (1968), table 1, as counts of 200 patients.
PATIENTS = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])

# Shrout & Fleiss, "Intraclass Correlations" (1979), table 2: six targets, four judges.
JUDGES = np.array(
    [
        [9.0, 2.0, 5.0, 8.0],
        [6.0, 1.0, 3.0, 2.0],
        [8.0, 4.0, 6.0, 8.0],
        [7.0, 1.0, 2.0, 6.0],
        [10.0, 5.0, 6.0, 9.0],
        [6.0, 2.0, 4.0, 7.0],
    ]
)


def counts_of_pairs(table):
    """The counts of items that a table of two raters stands for."""
    return np.array(
        [
            np.eye(len(table), dtype=np.int64)[first]
            + np.eye(len(table), dtype=np.int64)[second]
            for (first, second), n in np.ndenumerate(table)
            for _ in range(n)
        ]
    )
