"""The command ``consilium`` and its functions: datasets for those who train on them.

Needs neither Django nor a database, only an address and a token. ``pull`` brings a
folder and checks every hash; ``exports.client.loading.load`` returns it as a
``datasets.DatasetDict``.
"""

from exports.client.failures import Failure
from exports.client.pulling import Pulled, pull
from exports.client.service import Service

__all__ = ["Failure", "Pulled", "Service", "pull"]
