"""The request that a signed-in person's view receives, for the type checker."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from feedback.accounts.models import User


class PersonRequest(HttpRequest):
    """A request of somebody signed in, which htmx may have made."""

    htmx: HtmxDetails
    user: User
