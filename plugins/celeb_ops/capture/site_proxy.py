"""The one way out of a browser that shows a site's page: a proxy that connects to what the page may reach, only.

It resolves names itself and connects to the very address that it has looked at, so a name that changes its address in
between gains nothing. Beside a company's own proxy, which the environment names, it goes through that one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
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
    from collections.abc import Awaitable, Callable
    from typing import Any, Self
    from urllib.parse import SplitResult

    from celeb_ops.capture.allowed_addresses import Reach
    from celeb_ops.capture.forwarding import Request

logger = logging.getLogger(__name__)

_BYTES = 1 << 18
"""That are read at once; also of a request's head, at the most."""
_MOST_FAILED = 1_000
"""Hosts whose trouble is remembered."""
_NAMED = 10
"""Refused ones that the log names."""
_LOOKUPS = 16
_LOOKUP_S = 3
"""Seconds for a look-up here of a name that a company's proxy looks up, too."""
_NET_ERRORS = {
    errno.ECONNREFUSED: "ERR_CONNECTION_REFUSED",
    errno.ETIMEDOUT: "ERR_CONNECTION_TIMED_OUT",
    errno.EHOSTUNREACH: "ERR_ADDRESS_UNREACHABLE",
    errno.ENETUNREACH: "ERR_ADDRESS_UNREACHABLE",
}
_ENDS = (OSError, ValueError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError)
"""How a connection ends early: by either side, by nonsense, or with the proxy."""
_NO_NAME, _NO_PROXY = "ERR_NAME_NOT_RESOLVED", "ERR_PROXY_CONNECTION_FAILED"


class Failure(NamedTuple):
    """Why there was no connection."""

    why: str
    """Chromium's name of the error; of an internal address, where that is."""
    internal: bool = False


class _Unreached(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.why)
        self.failure = failure


async def connect(addresses: list[str], port: int) -> socket.socket:
    """A connection to that of a host's addresses which answers first."""
    infos: list[Any] = [
        (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, port, 0, 0))
        if ":" in one
        else (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, port))
        for one in addresses
    ]
    return await aiohappyeyeballs.start_connection(infos, happy_eyeballs_delay=0.25)


class Egress:
    """
    The proxy, while it is entered.

    :param reach: what may be reached.
    :param host: the address to listen on; for a browser on another machine, one that it can reach.
    :param connect: a connection to one of several addresses at a port, as :func:`connect`.
    """

    def __init__(
        self,
        reach: Reach,
        host: str = "127.0.0.1",
        connect: Callable[[list[str], int], Awaitable[socket.socket]] = connect,
    ) -> None:
        self._reach = reach
        self._connect = connect
        self.failed: dict[tuple[str, int], Failure] = {}
        """By host and port."""
        self._browser = ""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=128)
        port = self._listener.getsockname()[1]
        self.address = f"http://{forwarding.bracketed(host)}:{port}"
        """For ``--proxy-server``."""
        reach.close([(host, port)])
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
            more = f" and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
            logger.warning("Not reached, for it is internal: %s%s.", ", ".join(refused[:_NAMED]), more)

    @property
    def begun(self) -> bool:
        """Whether the browser has come."""
        return bool(self._browser)

    async def _listen(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, sock=self._listener, limit=_BYTES)
        self._listens.set()
        await self._ended.wait()
        server.close()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection of the browser's, which is to one place: Chromium keeps them apart."""
        # It has no password: whoever comes first is the browser, and its machine is the only one that is answered.
        peer, *_ = writer.get_extra_info("peername") or ("",)
        self._browser = self._browser or peer
        with contextlib.closing(writer), contextlib.suppress(*_ENDS):
            if peer != self._browser:
                return
            first = forwarding.parsed(await reader.readuntil(b"\r\n\r\n"))
            through = forwarding.company_proxy(first)
            try:
                far = await self._far_end(first, through)
            except _Unreached as error:
                logger.debug("%s:%d: %s", first.host, first.port, error.failure.why)
                if len(self.failed) < _MOST_FAILED:
                    self.failed[first.host, first.port] = error.failure
                if first.tunnel:
                    # Else it is as if there were no answer: what the proxy said would be taken for the site's.
                    writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    await writer.drain()
                return
            self.failed.pop((first.host, first.port), None)
            far_reader, far_writer = await asyncio.open_connection(sock=far, limit=_BYTES)
            with contextlib.closing(far_writer):
                if first.tunnel:
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    there = _pump(reader, far_writer)
                else:
                    there = _requests(first, reader, far_writer, through)
                await asyncio.gather(there, _pump(far_reader, writer))

    async def _far_end(self, request: Request, through: SplitResult | None) -> socket.socket:
        """A connection to where the browser wants to, or to the proxy that leads there."""
        host, port = request.host, request.port
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
        # Of a proxy's address python-socks says what is wrong by a ValueError.
        except (OSError, ProxyError, RuntimeError, ValueError) as error:
            why = _NET_ERRORS.get(getattr(error, "errno", None) or 0, "ERR_CONNECTION_FAILED")
            raise _Unreached(Failure(_NO_PROXY if through else why)) from error

    async def _check(self, host: str, port: int) -> None:
        """What can be known here of a host that a company's proxy will look up. A name may be known to it alone."""
        self._reach.check_name(host, port, unseen=True)
        found = []
        try:
            async with asyncio.timeout(_LOOKUP_S):
                found = await self._in_thread(self._reach.addresses, host)
        except TimeoutError:
            # Otherwise a slow name server would keep its address from being checked.
            if self._reach.resolves:
                raise InternalError("a name that could not be looked up in time") from None
        except (socket.gaierror, UnicodeError):
            pass
        # Which of them it takes is its own affair: all must be allowed.
        for one in found:
            await self._in_thread(self._reach.allowed, one, port)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await self._loop.run_in_executor(self._lookups, function, *arguments)


async def _requests(first: Request, reader: StreamReader, far: StreamWriter, through: SplitResult | None) -> None:
    """Hand on what is asked without a tunnel, until the browser has no more, or wants to go elsewhere."""
    request = first
    with contextlib.closing(far):
        while (request.tunnel, request.host, request.port) == (False, first.host, first.port):
            far.write(forwarding.handed_on(request, through))
            left = request.body
            while left:
                if not (data := await reader.read(min(left, _BYTES))):
                    return
                far.write(data)
                await far.drain()
                left -= len(data)
            await far.drain()
            request = forwarding.parsed(await reader.readuntil(b"\r\n\r\n"))


async def _pump(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(_BYTES):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
