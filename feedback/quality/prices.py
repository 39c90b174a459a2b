"""What an hour of a rater's time costs, as whoever looks says in the address.

Nothing of it is stored: it turns minutes into money for one look.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from feedback.common.exceptions import Invalid

_RATE = re.compile(r"[0-9]{1,6}([.,][0-9]{1,2})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Price:
    """The cost of an hour.

    Attributes:
        rate: of an hour, above 0.
        currency: three letters, as EUR.
    """

    rate: float
    currency: str

    def of_minutes(self, minutes: float) -> float:
        """What so many minutes cost."""
        return minutes / 60.0 * self.rate

    def told(self, amount: float) -> str:
        """An amount with its currency."""
        return f"{amount:,.2f} {self.currency}"

    @property
    def query(self) -> str:
        """The address's parameters that say it."""
        return urlencode({"rate": f"{self.rate:g}", "currency": self.currency})


def price_from(asked: Mapping[str, str]) -> Price | None:
    """The price that an address names; None if it names none.

    Raises:
        Invalid: with what is allowed, if it cannot be read.
    """
    rate = asked.get("rate", "").strip()
    currency = asked.get("currency", "").strip().upper() or "EUR"
    if not rate:
        return None
    if not _RATE.fullmatch(rate) or float(rate.replace(",", ".")) == 0.0:
        raise Invalid(
            f"The cost of an hour is {rate[:_LONGEST_SHOWN]!r}; it is a number above 0 "
            "and below 1,000,000 with at most two decimals, as 32.50.",
            next_step="Go back and type it again.",
        )
    if not _CURRENCY.fullmatch(currency):
        raise Invalid(
            f"The currency is {currency[:_LONGEST_SHOWN]!r}; it is three letters, as "
            "EUR, USD or CHF.",
            next_step="Go back and type it again.",
        )
    return Price(rate=float(rate.replace(",", ".")), currency=currency)
