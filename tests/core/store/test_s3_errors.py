"""Each of S3's errors: its sentence, how often boto tries again, and whether Airflow does."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from urllib3.exceptions import ProtocolError

from celeb_ops.core.exceptions import NotPermittedError, PermanentError, StoreError, StoreRefusedError
from celeb_ops.core.store import S3Store, Store, s3
from tests.aws.s3_proxy import ERRORS, LOST, S3Proxy
from tests.core.store.verbs import VERBS, an_s3_client, every_verb
from tests.web import free_port

pytestmark = pytest.mark.usefixtures("no_pauses")

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SESSION_TOKEN = "FwoGZXIvYXdzEBYaDEXAMPLETOKEN"


@pytest.fixture
def signed(proxy: S3Proxy, bucket: str) -> S3Store:
    """A store behind the proxy whose boto tries each request twice, signed for by a session."""
    client = an_s3_client(
        proxy.url,
        attempts=2,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        aws_session_token=SESSION_TOKEN,
    )
    return S3Store(client, bucket, "press")


REFUSED = {
    "InvalidAccessKeyId": r"does not exist in our records\. Give the connection celebs_s3 an active access key",
    "PermanentRedirect": r"Set region_name in the extra of the connection celebs_s3 to the bucket's region, eu-west-1;",
    "AuthorizationHeaderMalformed": r"Set region_name .* to the bucket's region, eu-west-1; an endpoint_url there must",
    "NotImplemented": r"A header you provided implies functionality that is not implemented\.$",
}
"""What a second try would meet again."""

REDIRECTS = {"PermanentRedirect", "AuthorizationHeaderMalformed"}
"""To another region: boto goes there once by itself, which here is the same endpoint."""


@pytest.mark.parametrize("code", REFUSED)
def test_a_refusal_says_what_to_do_and_is_not_tried_again(proxy: S3Proxy, signed: S3Store, code: str) -> None:
    proxy.at_random({code: 1}, seed=1)
    said = rf"press/Celebs\.csv could not be read: {code}: .*{REFUSED[code]}"
    with pytest.raises(StoreRefusedError, match=said) as error:
        signed.read("Celebs.csv")
    assert isinstance(error.value, PermanentError)
    assert not isinstance(error.value, NotPermittedError)
    assert proxy.faults[code] == (2 if code in REDIRECTS else 1)


def test_a_clock_that_is_wrong_is_reported_with_both_times(proxy: S3Proxy, signed: S3Store) -> None:
    proxy.give("RequestTimeTooSkewed")
    with pytest.raises(StoreRefusedError, match=r"RequestTimeTooSkewed: .* too large") as error:
        signed.read("Celebs.csv")
    found = re.search(r"machine's clock says (\S+Z), S3's (\S+Z): set the clock", str(error.value))
    assert found
    here, theirs = (datetime.fromisoformat(time) for time in found.groups())
    assert abs((datetime.now(UTC) - here).total_seconds()) < 60
    # The proxy's S3 is an hour ahead.
    assert 3_590 < (theirs - here).total_seconds() < 3_610


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("SlowDown", r"SlowDown: Please reduce your request rate\.$"),
        ("InternalError", r"InternalError: We encountered an internal error\. Please try again\.$"),
        (LOST, r"Connection was closed .* Check the connection celebs_s3\.$"),
    ],
)
@pytest.mark.parametrize("verb", ["write", "list"])
def test_what_may_pass_is_tried_again_by_boto_and_then_by_airflow(
    proxy: S3Proxy, signed: S3Store, fault: str, said: str, verb: str
) -> None:
    proxy.give(fault, fault)
    with pytest.raises(StoreError, match=said) as error:
        VERBS[verb](signed, "Celebs.csv")
    assert type(error.value) is StoreError
    assert proxy.faults == {fault: 2}
    assert proxy.requests.total() == 2


@pytest.mark.parametrize("verb", ["read", "exists", "update"])
def test_an_error_that_breaks_off_may_pass(signed: S3Store, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "UPDATE_ATTEMPTS", 2)
    signed.client.meta.events.register("before-send.s3.GetObject", lambda **_: AWSResponse("", 500, {}, BreaksOff()))
    with pytest.raises(StoreError, match=r"could not be read: the connection broke\. Check the conn") as error:
        VERBS[verb](signed, "Celebs.csv")
    assert type(error.value) is StoreError


class BreaksOff:
    """The body of an answer."""

    def stream(self) -> Iterator[bytes]:
        raise ProtocolError("the connection broke")


@every_verb()
def test_whatever_is_asked_for_a_refusal_is_a_sentence(
    proxy: S3Proxy, signed: S3Store, verb: Callable[[Store, str], Any]
) -> None:
    with pytest.raises(StoreRefusedError) as error:
        verb(S3Store(signed.client, "celebs-nowhere"), "Celebs.csv")
    assert str(error.value) == "There is no bucket 'celebs-nowhere': create it, or set CELEBS_STORE to another one."
    assert proxy.requests.total() == 1
    proxy.at_random({"InvalidAccessKeyId": 1}, seed=1)
    with pytest.raises(StoreRefusedError, match=r"Celebs\.csv could not be \w+: InvalidAccessKeyId: "):
        verb(signed, "Celebs.csv")
    assert proxy.faults == {"InvalidAccessKeyId": 1}
    nowhere = an_s3_client(f"http://127.0.0.1:{free_port()}")
    said = r'could not be \w+: Could not .* "http://.*"\. Check the connection celebs_s3'
    with pytest.raises(StoreError, match=said) as unreached:
        verb(S3Store(nowhere, "celebs"), "Celebs.csv")
    assert not isinstance(unreached.value, PermanentError)


def test_no_credentials_are_a_sentence(s3_endpoint: str) -> None:
    client = an_s3_client(s3_endpoint, aws_access_key_id=None, aws_secret_access_key=None)
    with pytest.raises(
        StoreRefusedError, match=r"read: Unable to locate credentials\. Check the connection celebs_s3\.$"
    ):
        S3Store(client, "celebs").read("Celebs.csv")


@pytest.mark.parametrize("code", ERRORS)
def test_no_sentence_has_credentials(proxy: S3Proxy, signed: S3Store, code: str) -> None:
    proxy.give(code, code)
    with pytest.raises(StoreError) as error:
        signed.write("Celebs.csv", b"")
    for secret in (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, "Signature="):
        assert secret not in str(error.value)


def test_a_key_with_a_line_end_is_not_shown_either(proxy: S3Proxy, bucket: str) -> None:
    client = an_s3_client(proxy.url, aws_access_key_id=f"{ACCESS_KEY}\n", aws_secret_access_key=SECRET_KEY)
    # http.client's own error repeats the whole header.
    with pytest.raises(StoreError, match=r"read: .*Invalid header value .*Credential=…") as error:
        S3Store(client, bucket).read("a")
    assert ACCESS_KEY not in str(error.value)
    assert not re.search(r"[0-9a-f]{64}", str(error.value))
