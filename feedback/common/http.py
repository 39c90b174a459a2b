"""The one HTTP client: for addresses that people typed, so it trusts none of them.

It looks a name up once and connects to what it found, so that a second look-up cannot
lead elsewhere. It refuses addresses inside (loopback, private, link-local, cloud
metadata …) unless the deployment allows the host by name, follows no redirects, and
takes no more time and bytes than it was told.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from feedback.common.exceptions import DomainError, Invalid

_PORTS = {"https": 443, "http": 80}
_BLOCK_BYTES = 16 * 1024
# NAT64 (RFC 6052): the last four bytes are an IPv4 address.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unreachable(DomainError):  # noqa: N818 - a fact, like the others
    """The other side did not answer as it should."""

    status = 502
    title = "The other side does not answer"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of anything a request may take.

    Attributes:
        seconds: for all of it, look-up and reading included.
        max_bytes: of the reply's body.
    """

    seconds: float = 10.0
    max_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses the deployment lets the application talk to.

    Attributes:
        inside: host names whose addresses may be private.
        schemes: usually https alone.
    """

    inside: Collection[str] = ()
    schemes: Collection[str] = ("https",)


def checked(url: str, reach: Reach) -> SplitResult:
    """Read a URL and refuse what could never be called.

    Raises:
        Invalid: for another scheme, no host, a password inside, or an inner address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _not_usable(url, "it cannot be read") from error
    if parts.scheme not in reach.schemes:
        raise _not_usable(url, f"it does not begin with {' or '.join(reach.schemes)}")
    is_odd = not url.isascii() or not url.isprintable() or " " in url
    if not parts.hostname or port == 0 or is_odd:
        raise _not_usable(url, "it names no host")
    if parts.username is not None or parts.password is not None:
        raise _not_usable(url, "it holds a name or a password")
    literal = _as_address(parts.hostname)
    if literal and not _is_outside(literal) and parts.hostname not in reach.inside:
        raise _not_usable(url, "it is an address inside")
    return parts


def send(
    url: str,
    *,
    method: str,
    reach: Reach,
    headers: Mapping[str, str],
    body: bytes = b"",
    limits: Limits | None = None,
) -> Reply:
    """Make one request and return whatever the other side answered.

    Raises:
        Invalid: if the URL, or where its name leads, is not allowed.
        Unreachable: if there is no answer in time, or too much of one.
    """
    limits = limits or Limits()
    parts = checked(url, reach)
    until = time.monotonic() + limits.seconds
    try:
        connection = _connection(parts, _resolved(parts, reach), limits.seconds)
        try:
            connection.request(method, _target(parts), body or None, dict(headers))
            _hurry(connection, until)
            answer = connection.getresponse()
            content = _read(connection, answer, until, limits.max_bytes)
            return Reply(answer.status, dict(answer.getheaders()), content)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(
            f"{parts.hostname} does not answer: {str(error) or type(error).__name__}.",
            next_step="Check the address, and that it can be reached from here.",
        ) from error


def _resolved(parts: SplitResult, reach: Reach) -> str:
    """The address to connect to; every one that the name has must be allowed."""
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if host not in reach.inside:
        for text in addresses:
            address = _as_address(text)
            if address is None or not _is_outside(address):
                raise _not_usable(parts.geturl(), "its name leads to an address inside")
    return addresses[0]


def _as_address(text: str) -> _Address | None:
    """An IP address, an IPv4 one inside an IPv6 one taken out; None for a name."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _is_outside(address: _Address) -> bool:
    return address.is_global and not address.is_multicast


def _connection(
    parts: SplitResult, address: str, seconds: float
) -> http.client.HTTPConnection:
    """A connection to the very address that was looked at, under the host's name."""
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    plain = socket.create_connection((address, port), timeout=seconds)
    if parts.scheme == "https":
        try:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise
        # The Host header leaves the scheme's own port out.
        connection.default_port = _PORTS["https"]
    else:
        connection.sock = plain
    return connection


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _hurry(connection: http.client.HTTPConnection, until: float) -> None:
    """Give what comes next only the time that is left of the whole."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    connection.sock.settimeout(left)


def _read(
    connection: http.client.HTTPConnection,
    answer: http.client.HTTPResponse,
    until: float,
    max_bytes: int,
) -> bytes:
    content = b""
    while len(content) <= max_bytes:
        if connection.sock:
            _hurry(connection, until)
        block = answer.read1(_BLOCK_BYTES)
        if not block:
            return content
        content += block
    raise http.client.HTTPException(f"it answered more than {max_bytes} bytes")


def _not_usable(url: str, why: str) -> Invalid:
    return Invalid(
        f"{url!r} cannot be called: {why}.",
        next_step=(
            "Use an https address on the public internet, or ask your administrator to "
            "allow the host by name."
        ),
        fields={"url": f"This cannot be called: {why}."},
    )
