"""Decides which addresses of a host a web page may be fetched from.

The check is made on the numbers that are then connected to, for every redirect anew: a name that is first public and
then private (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from loaders.document import LoadError

Address = tuple[socket.AddressFamily, str]

_PRIVATE_REMEDY = "Add --private if you mean to fetch from inside your own network."
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def allowed(host: str, port: int, *, private: bool) -> list[Address]:
    """Where `host` is, in the order of the resolver; only public addresses unless `private`. Raises LoadError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise LoadError(f"{host} cannot be found: {said}", "Check the address and the network.") from None
    addresses: list[Address] = [(family, str(place[0])) for family, _, _, _, place in found]
    public = [(family, number) for family, number in addresses if private or is_public(number)]
    if not public:
        shown = addresses[0][1] if addresses else "nothing"
        who = host if shown == host else f"{host} ({shown})"
        raise LoadError(f"{who} is an address inside a private network", _PRIVATE_REMEDY)
    return public


def is_public(number: str) -> bool:
    """Whether an IP address is one of the open internet, also by what is wrapped in it."""
    try:
        address = ipaddress.ip_address(number.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved
