import pytest
from botocore.exceptions import ClientError

from celeb_ops.core.aws_errors import message_of

TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN=="


@pytest.mark.parametrize(
    "message",
    [
        f"The Canonical String should have been 'POST\n/\n\nhost:x\nx-amz-security-token:{TOKEN}\n\nhost'.",
        f"X-Amz-Security-Token: {TOKEN}",
        "Credential=AKIDSECRETKEY000/20261125 is wrong",
        "Signature=0123456789abcdef",
        "the key AKIAABCDEFGHIJKLMNOP is not known",
        "http://user:pass@proxy:3128 said no",
    ],
)
def test_credentials_are_in_no_sentence_and_in_no_cause(message: str) -> None:
    error = ClientError({"Error": {"Code": "InvalidSignatureException", "Message": message}}, "RecognizeCelebrities")
    shown = message_of(error)
    for secret in (TOKEN, "AKIDSECRETKEY000", "0123456789abcdef", "AKIAABCDEFGHIJKLMNOP", "user:pass"):
        assert secret not in shown
        # Where it is the cause of another error, a log prints it.
        assert secret not in str(error)
    assert "…" in shown


def test_other_words_stay_as_they_are() -> None:
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied."}}, "GetObject")
    assert message_of(error) == "Access Denied"
    assert str(error) == "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied."
