import pytest

from celeb_ops.core.store import S3Store
from celeb_ops.core.store import s3 as s3_module
from tests.aws.s3_proxy import S3Proxy
from tests.core.store.verbs import an_s3_client


@pytest.fixture
def behind(proxy: S3Proxy, bucket: str) -> S3Store:
    """A store behind the proxy whose boto tries each request twice."""
    return S3Store(an_s3_client(proxy.url, attempts=2), bucket, "press")


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's own next attempts come at once."""
    monkeypatch.setattr(s3_module, "_MAX_PAUSE_S", 0.001)
