"""Where the document of the API is."""

from drf_spectacular.views import SpectacularJSONAPIView

from exports.openapi import operations, release_operations
from feedback.accounts.access import public

operations.describe(operations.OPERATIONS)
operations.describe(release_operations.OPERATIONS)
api_schema = public(SpectacularJSONAPIView.as_view())
