"""The tags that every template may use."""

from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory

from feedback.common.templatetags.consilium import field_error, page_query


def test_field_error_is_the_fields_message():
    assert field_error({"comment": "Shorten it."}, "comment") == "Shorten it."


def test_field_error_of_a_good_field_is_nothing():
    assert field_error({"comment": "Shorten it."}, "preference") == ""


def test_page_query_changes_the_page_and_keeps_the_rest():
    query = QueryDict("state=open&page=2&state=closed")

    assert page_query(query, 3) == "?state=open&state=closed&page=3"


def test_page_query_leaves_the_request_alone():
    query = QueryDict("page=2")

    page_query(query, 3)

    assert query.urlencode() == "page=2"


def test_page_query_escapes_what_it_repeats():
    request = RequestFactory().get("/", {"q": '"><script>'})
    template = Template("{% page_query request.GET 2 %}")

    shown = template.render(Context({"request": request}))

    assert shown == "?q=%22%3E%3Cscript%3E&amp;page=2"
