"""One of many fails: the others go on, and a lost database stops them all."""

import logging

import pytest
from django.db import OperationalError

from feedback.common.isolation import isolated


def test_a_defect_is_logged_and_the_next_one_is_done(caplog):
    done = []
    with caplog.at_level(logging.ERROR):
        for number in range(3):
            with isolated("Number %s could not be done", number):
                done.append(10 // (number - 1))
    assert done == [-10, 10]
    (logged,) = caplog.records
    assert logged.getMessage() == "Number 1 could not be done"
    assert logged.exc_info[0] is ZeroDivisionError


def test_a_lost_database_goes_up():
    with pytest.raises(OperationalError), isolated("It could not be done"):
        raise OperationalError
