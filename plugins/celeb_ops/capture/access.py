"""Access to sites that need more than a browser: headers and cookies for their own host, a proxy. They are secrets of
an Airflow connection: they are in no file, record or log, and no other host gets them. A browser would send added
headers to every host, so the proxy of :mod:`celeb_ops.capture.site_proxy` adds them; for that it ends the TLS of this
one host itself, under a certificate whose key the browser knows, and of whose origin it checks the own.
"""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from requests.utils import DEFAULT_CA_BUNDLE_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from celeb_ops.capture.forwarding import Request
    from celeb_ops.core.sites import Site


@dataclass(frozen=True)
class Access:
    """The headers and cookies of a visit, by name."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: SplitResult | None = field(default=None, repr=False)
    """``http``, ``socks4`` or ``socks5``, maybe with a login."""


PLAIN = Access()


class OwnHost:
    """
    The site's own host, whose requests get headers.

    :param headers: by name.
    """

    def __init__(self, site: Site, headers: Mapping[str, str]) -> None:
        place = urlsplit(site.url)
        self._host, self._secure = place.hostname or "", place.scheme == "https"
        self._headers = headers
        self._certificate = trustme.CA().issue_cert(self._host)

    def is_asked(self, request: Request) -> bool:
        """Whether a request is for the host; of a site with TLS, whether it has that too."""
        return request.host == self._host and (request.tunnel or not self._secure)

    def with_headers(self, head: bytes) -> bytes:
        """The head of a request with the headers, in place of others of their names."""
        for name, value in self._headers.items():
            line = f"{name}: {value}\r\n".encode("latin-1")
            head = re.sub(rb"(?i)(?<=\r\n)%b:[^\r]*\r\n" % re.escape(name.encode()), b"", head)
            head = head.replace(b"\r\n", b"\r\n" + line, 1)
        return head

    @cached_property
    def near_tls(self) -> ssl.SSLContext:
        """Towards the browser."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        return context

    @cached_property
    def far_tls(self) -> ssl.SSLContext:
        """Towards the origin, whose certificate is checked as the browser would."""
        context = ssl.create_default_context()
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        return context

    @cached_property
    def key_digest(self) -> str:
        """The digest of the only key that the browser accepts, for ``--ignore-certificate-errors-spki-list``."""
        certificate = load_pem_x509_certificate(self._certificate.cert_chain_pems[0].bytes())
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b64encode(sha256(key).digest()).decode()
