"""Tags that every template may use without loading them."""

from django import template
from django.http import QueryDict

register = template.Library()


@register.filter
def field_error(errors: dict[str, str], name: str) -> str:
    """The message of one field, or nothing."""
    return errors.get(name, "")


@register.simple_tag
def page_query(query: QueryDict, number: int) -> str:
    """The query string that shows another page of the same list."""
    changed = query.copy()
    changed["page"] = str(number)
    return f"?{changed.urlencode()}"
