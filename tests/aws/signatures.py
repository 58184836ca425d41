"""Who may ask: Signature Version 4, checked as AWS does, with botocore's own arithmetic."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.aws.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message

ACCESS_KEY = "AKIDREKOGNITION"
SECRET_KEY = "secret"

CLOCKS_APART = timedelta(minutes=5)
"""How far a signature's time may be from the service's (Rekognition's own error says ``5 min.``)."""

_STAMP = "%Y%m%dT%H%M%SZ"
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(kw_only=True)
class Accounts:
    """The accounts a service knows, its region and its clock."""

    accounts: dict[str, str | None] = field(default_factory=lambda: {ACCESS_KEY: SECRET_KEY})
    """Secret by access key; None: the key alone will do. A key that begins with ASIA needs a session token too."""
    expired_tokens: set[str] = field(default_factory=set)
    region: str | None = None
    """Whose endpoint it is; None: that of every region."""
    clock_skew_s: float = 0.0
    """How far the service's clock is ahead of this machine's."""

    @property
    def access_keys(self) -> set[str]:
        """The keys it knows; set, those without a secret in ``accounts`` will do by themselves."""
        return set(self.accounts)

    @access_keys.setter
    def access_keys(self, keys: Iterable[str]) -> None:
        self.accounts = {key: self.accounts.get(key) for key in keys}

    def now(self) -> datetime:
        """What the service's clock says."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_skew_s)

    def check_signature(self, path: str, headers: Message, body: bytes) -> None:
        """Refusal where the POST isn't that of a known account, for this region, and of now."""
        authorization = headers.get("Authorization")
        if not authorization:
            raise Refusal("MissingAuthenticationTokenException")
        signed = _HEADER.fullmatch(authorization)
        stamp = headers.get("X-Amz-Date", "")
        if not signed or not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
            raise Refusal("IncompleteSignatureException", f"Not a whole signature: {authorization}")
        self._check_scope(signed["region"], signed["service"])
        self._check_clock(stamp)
        if signed["key"] not in self.accounts:
            raise Refusal("UnrecognizedClientException")
        self._check_token(signed["key"], headers.get("X-Amz-Security-Token", ""))
        secret = self.accounts[signed["key"]]
        if secret is None:
            return
        names = signed["headers"].split(";")
        request = AWSRequest(
            "POST", f"http://{headers.get('Host')}{path}", {n: headers.get(n, "") for n in names}, body
        )
        request.context["timestamp"] = stamp
        signer = SigV4Auth(Credentials(signed["key"], secret), "rekognition", signed["region"])
        ours = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        if not hmac.compare_digest(ours, signed["signature"]) or signed["date"] != stamp[:8]:
            raise Refusal("InvalidSignatureException")

    def _check_scope(self, region: str, service: str) -> None:
        wrong = ""
        # Each sentence ends in a space; AWS named the region until about 2022.
        if self.region not in {None, region}:
            wrong += "Credential should be scoped to a valid region. "
        if service != "rekognition":
            wrong += "Credential should be scoped to correct service: 'rekognition'. "
        if wrong:
            raise Refusal("InvalidSignatureException", wrong)

    def _check_clock(self, stamp: str) -> None:
        signed, now = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC), self.now()
        earliest, latest = now - CLOCKS_APART, now + CLOCKS_APART
        if signed < earliest:
            raise Refusal(
                "InvalidSignatureException",
                f"Signature expired: {stamp} is now earlier than {earliest:{_STAMP}} ({now:{_STAMP}} - 5 min.)",
            )
        if signed > latest:
            raise Refusal(
                "InvalidSignatureException",
                f"Signature not yet current: {stamp} is still later than {latest:{_STAMP}} ({now:{_STAMP}} + 5 min.)",
            )

    def _check_token(self, key: str, token: str) -> None:
        if token in self.expired_tokens:
            raise Refusal("ExpiredTokenException")
        if key.startswith("ASIA") and not token:
            raise Refusal("UnrecognizedClientException")
