"""The browser's only way out: a proxy that connects only to what the site's page may reach.

It resolves names itself and connects to the very address that it has checked, so DNS rebinding gains nothing. If the
environment names a company proxy, it connects through that one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import aiohappyeyeballs
from python_socks import ProxyError
from python_socks.async_.asyncio import Proxy

from celeb_ops.capture import forwarding
from celeb_ops.capture.allowed_addresses import InternalError, resolve

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Awaitable, Callable, Container
    from typing import Any, Self
    from urllib.parse import SplitResult

    from celeb_ops.capture.access import OwnHost
    from celeb_ops.capture.allowed_addresses import Reach
    from celeb_ops.capture.forwarding import Request

logger = logging.getLogger(__name__)

_READ_BYTES = 1 << 18
"""Bytes per read, and the limit for a request's head."""
_MAX_FAILED = 1_000
"""Most failed hosts that are kept."""
_MAX_LOGGED = 10
"""Refused hosts that are logged."""
_LOOKUPS = 16
_LOOKUP_S = 3
"""Timeout for our own look-up of a name that a company proxy resolves."""
_NET_ERRORS = {
    errno.ECONNREFUSED: "ERR_CONNECTION_REFUSED",
    errno.ETIMEDOUT: "ERR_CONNECTION_TIMED_OUT",
    errno.EHOSTUNREACH: "ERR_ADDRESS_UNREACHABLE",
    errno.ENETUNREACH: "ERR_ADDRESS_UNREACHABLE",
}
_EARLY_ENDS = (OSError, ValueError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError)
"""The ways in which a connection ends early: a side closes, a bad request, or shutdown."""
_BLOCKED, _NO_NAME, _NO_PROXY = "ERR_BLOCKED_BY_CLIENT", "ERR_NAME_NOT_RESOLVED", "ERR_PROXY_CONNECTION_FAILED"


class Failure(NamedTuple):
    """Why there was no connection."""

    why: str
    """Chromium's error name; for an internal address, its location."""
    internal: bool = False


class _Unreached(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.why)
        self.failure = failure


async def connect(addresses: list[str], port: int) -> socket.socket:
    """Connect to the host's address that answers first."""
    infos: list[Any] = [
        (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, port, 0, 0))
        if ":" in one
        else (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, port))
        for one in addresses
    ]
    return await aiohappyeyeballs.start_connection(infos, happy_eyeballs_delay=0.25)


class SiteProxy:
    """The proxy, a context manager.

    :param reach: what may be reached.
    :param host: the address to listen on; for a browser on another machine, one that it can reach.
    :param connect: connects to one of several addresses at a port, like :func:`connect`.
    :param proxy: used for everything, instead of the environment's.
    :param own: the host whose requests get headers.
    :param blocked: hosts to which no connection is made.
    """

    def __init__(
        self,
        reach: Reach,
        host: str = "127.0.0.1",
        connect: Callable[[list[str], int], Awaitable[socket.socket]] = connect,
        proxy: SplitResult | None = None,
        own: OwnHost | None = None,
        blocked: Container[str] = (),
    ) -> None:
        self._reach = reach
        self._connect = connect
        self._proxy = proxy
        self._own = own
        self._blocked = blocked
        self.failed: dict[tuple[str, int], Failure] = {}
        """By host and port."""
        self._browser = ""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=128)
        port = self._listener.getsockname()[1]
        self.address = f"http://{forwarding.bracketed(host)}:{port}"
        """For ``--proxy-server``."""
        reach.block([(host, port)])
        self._lookups = ThreadPoolExecutor(_LOOKUPS, "egress")
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True, name="egress")
        self._listens = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._listens.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        # A name that is still being looked up is not waited for.
        self._lookups.shutdown(wait=False, cancel_futures=True)
        if refused := sorted({host for (host, _), failure in self.failed.items() if failure.internal}):
            more = f" and {len(refused) - _MAX_LOGGED} more" if len(refused) > _MAX_LOGGED else ""
            logger.warning("Blocked as internal: %s%s.", ", ".join(refused[:_MAX_LOGGED]), more)

    @property
    def has_connected(self) -> bool:
        """The browser has connected."""
        return bool(self._browser)

    async def _listen(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, sock=self._listener, limit=_READ_BYTES)
        self._listens.set()
        await self._ended.wait()
        server.close()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one browser connection. Chromium uses each for one target only."""
        # The proxy has no password: the first client is the browser, and only its machine is answered.
        peer, *_ = writer.get_extra_info("peername") or ("",)
        self._browser = self._browser or peer
        with contextlib.closing(writer), contextlib.suppress(*_EARLY_ENDS):
            if peer != self._browser:
                return
            first = forwarding.parsed(await reader.readuntil(b"\r\n\r\n"))
            through = self._proxy or forwarding.company_proxy(first)
            own = self._own if self._own and self._own.is_asked(first) else None
            try:
                far = await self._connect_upstream(first, through)
                far_reader, far_writer = await _open_streams(far, first, own)
            except _Unreached as error:
                logger.debug("%s:%d: %s", first.host, first.port, error.failure.why)
                if len(self.failed) < _MAX_FAILED:
                    self.failed[first.host, first.port] = error.failure
                if first.tunnel:
                    # Otherwise just close: an answer of the proxy would be taken for the site's.
                    writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    await writer.drain()
                return
            self.failed.pop((first.host, first.port), None)
            with contextlib.closing(far_writer):
                if first.tunnel:
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                if first.tunnel and own:
                    await writer.start_tls(own.near_tls)
                    there = _forward_tunnelled(own, reader, far_writer)
                elif first.tunnel:
                    there = _pump(reader, far_writer)
                else:
                    there = _forward_plain(first, reader, far_writer, through, own)
                await asyncio.gather(there, _pump(far_reader, writer))

    async def _connect_upstream(self, request: Request, through: SplitResult | None) -> socket.socket:
        """Connect to the browser's target, or to the proxy that leads there."""
        host, port = request.host, request.port
        if host in self._blocked:
            raise _Unreached(Failure(_BLOCKED))
        try:
            if through is None:
                return await self._connect(await self._in_thread(self._reach.allowed, host, port), port)
            await self._check(host, port)
            if forwarding.asked_of_proxy(request, through):
                near = await self._in_thread(resolve, through.hostname or "")
                return await connect(near, through.port or 80)
            return await Proxy.from_url(through.geturl(), rdns=True).connect(host, port)
        except InternalError as error:
            raise _Unreached(Failure(str(error), internal=True)) from error
        except (socket.gaierror, UnicodeError) as error:
            raise _Unreached(Failure(_NO_PROXY if through else _NO_NAME)) from error
        # python-socks raises ValueError for a bad proxy address.
        except (OSError, ProxyError, RuntimeError, ValueError) as error:
            why = _NET_ERRORS.get(getattr(error, "errno", None) or 0, "ERR_CONNECTION_FAILED")
            raise _Unreached(Failure(_NO_PROXY if through else why)) from error

    async def _check(self, host: str, port: int) -> None:
        """Check what is known of a host that a company proxy will resolve. Perhaps only that proxy knows it."""
        self._reach.check_name(host, port, unseen=True)
        found = []
        try:
            async with asyncio.timeout(_LOOKUP_S):
                found = await self._in_thread(self._reach.addresses, host)
        except TimeoutError:
            # Otherwise a slow name server would bypass the address check.
            if self._reach.resolves:
                raise InternalError("a name that could not be looked up in time") from None
        except (socket.gaierror, UnicodeError):
            pass
        # The proxy may use any of them, so all must be allowed.
        for one in found:
            await self._in_thread(self._reach.allowed, one, port)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await self._loop.run_in_executor(self._lookups, function, *arguments)


async def _open_streams(far: socket.socket, request: Request, own: OwnHost | None) -> tuple[StreamReader, StreamWriter]:
    """The far end as streams, with TLS where its requests get headers."""
    try:
        if own and request.tunnel:
            return await asyncio.open_connection(
                sock=far, limit=_READ_BYTES, ssl=own.far_tls, server_hostname=request.host.rstrip(".")
            )
        return await asyncio.open_connection(sock=far, limit=_READ_BYTES)
    except ssl.SSLCertVerificationError as error:
        raise _Unreached(Failure("ERR_CERT_INVALID")) from error
    except OSError as error:
        raise _Unreached(Failure("ERR_SSL_PROTOCOL_ERROR")) from error


async def _forward_plain(
    first: Request, reader: StreamReader, far: StreamWriter, through: SplitResult | None, own: OwnHost | None
) -> None:
    """Forward plain requests until the browser sends no more, or asks for another host."""
    request = first
    with contextlib.closing(far):
        while (request.tunnel, request.host, request.port) == (False, first.host, first.port):
            head = forwarding.handed_on(request, through)
            far.write(own.with_headers(head) if own else head)
            if not await _forward_bytes(request.body, reader, far):
                return
            request = forwarding.parsed(await reader.readuntil(b"\r\n\r\n"))


async def _forward_tunnelled(own: OwnHost, reader: StreamReader, far: StreamWriter) -> None:
    """Forward the requests in a tunnel that ends here."""
    with contextlib.closing(far):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            far.write(own.with_headers(head))
            if not await _forward_bytes(forwarding.body_bytes(head), reader, far):
                return
            if b"\r\nupgrade: websocket\r\n" in head.lower():
                await _pump(reader, far)
                return


async def _forward_bytes(left: int, reader: StreamReader, far: StreamWriter) -> bool:
    """Forward bytes; whether all arrived."""
    while left:
        if not (data := await reader.read(min(left, _READ_BYTES))):
            return False
        far.write(data)
        await far.drain()
        left -= len(data)
    await far.drain()
    return True


async def _pump(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(_READ_BYTES):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        # TLS can't half-close.
        writer.close()
