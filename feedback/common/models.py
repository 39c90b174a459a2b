"""Abstract columns shared by tables; this package itself has no table."""

import uuid

from django.db import models
from django.db.models.functions import Now


class Identified(models.Model):
    """A row with a public name (`uid`, in URLs and files) and a birthday."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
