"""Who may ask the Rekognition on loopback, from where, and when."""

from __future__ import annotations

import http.client
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from tests.aws.asking import PICTURE, asked, client, refused
from tests.aws.rekognition import (
    SECRET_KEY,
    Rekognition,
)


class TestSignatures:
    def test_of_known_accounts(self, service: Rekognition) -> None:
        service.accounts["AKIAOTHER"] = "other/secret+="
        asked(service)
        asked(service, key="AKIAOTHER", secret="other/secret+=")
        code, message, status = refused(service, key="AKIAOTHER", secret=SECRET_KEY)
        assert (code, status) == ("InvalidSignatureException", 400)
        assert message.startswith("The request signature we calculated does not match the signature you provided.")
        assert refused(service, key="AKIANOBODY") == (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            400,
        )

    def test_are_of_the_body_too(self, service: Rekognition) -> None:
        def change(request: Any, **_: Any) -> None:
            request.body = request.body.replace(b"Image", b"image")

        boto = client(service)
        boto.meta.events.register("before-send.rekognition", change)
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            boto.recognize_celebrities(Image={"Bytes": PICTURE})

    def test_of_keys_without_a_secret_do(self, service: Rekognition) -> None:
        service.access_keys = {"AKIAALONE"}
        asked(service, key="AKIAALONE", secret="whatever")
        assert service.access_keys == {"AKIAALONE"}
        assert refused(service)[0] == "UnrecognizedClientException"

    def test_are_missed(self, service: Rekognition) -> None:
        code, message, _ = refused(service, signature_version=UNSIGNED)
        assert (code, message) == ("MissingAuthenticationTokenException", "Missing Authentication Token")

    def test_are_whole(self, service: Rekognition) -> None:
        connection = http.client.HTTPConnection(service.url.removeprefix("http://"))
        headers = {"X-Amz-Target": "RekognitionService.RecognizeCelebrities", "Authorization": "AWS4-HMAC-SHA256 x"}
        connection.request("POST", "/", b"{}", headers)
        answer = connection.getresponse()
        assert (answer.status, b"IncompleteSignatureException" in answer.read()) == (400, True)
        connection.close()

    def test_with_a_session_token(self, service: Rekognition) -> None:
        service.accounts["ASIASESSION"] = "secret"
        asked(service, key="ASIASESSION", token="token")
        assert refused(service, key="ASIASESSION")[0] == "UnrecognizedClientException"
        service.expired_tokens.add("token")
        assert refused(service, key="ASIASESSION", token="token") == (
            "ExpiredTokenException",
            "The security token included in the request is expired",
            400,
        )

    def test_of_another_region(self, service: Rekognition) -> None:
        asked(service, region="eu-west-1")
        service.region = "us-east-1"
        asked(service)
        assert refused(service, region="eu-west-1") == (
            "InvalidSignatureException",
            "Credential should be scoped to a valid region. ",
            400,
        )

    @pytest.mark.parametrize(
        ("ahead_s", "sentence"),
        [
            (301, r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)"),
            (-302, r"Signature not yet current: \d{8}T\d{6}Z is still later than \S+Z \(\d{8}T\d{6}Z \+ 5 min\.\)"),
        ],
    )
    def test_of_another_time(self, service: Rekognition, ahead_s: float, sentence: str) -> None:
        service.clock_skew_s = ahead_s / 1.02
        asked(service)
        service.clock_skew_s = ahead_s
        # boto neither corrects its clock by the answer's date nor tries again.
        with pytest.raises(ClientError, match=rf"\(InvalidSignatureException\).*: {sentence}$"):
            asked(service, attempts=3)
        assert service.calls == 2
