"""Today's web on loopback, which notices everybody who comes near; and a page that tries everything to reach it."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import TYPE_CHECKING

from celeb_ops.archive.proxy import _tls

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


class Today:
    """``http``, ``https``: the ports of servers that answer everything; ``udp``: one that only listens.

    ``visits`` are those of all three: a connection that was opened counts, also where nothing is asked for over it.
    """

    def __init__(self) -> None:
        self.http = self.https = self.udp = 0
        self.visits: list[str] = []

    def page(self) -> str:
        """One that reaches for each port by address and by name, in every way that a page has."""
        plain, named = f"http://127.0.0.1:{self.http}", f"http://localhost:{self.http}"
        safe, safe_named = f"https://127.0.0.1:{self.https}", f"https://localhost:{self.https}"
        ways = [_ways(base) for base in (plain, named, safe, safe_named)]
        return (
            "<!doctype html><title>Leak</title><h1>A page of the past</h1>"
            + "".join(markup for markup, _ in ways)
            + "<script>"
            + "".join(script for _, script in ways)
            + _calls(self.http, self.udp)
            + "document.title = 'tried';</script>"
        )


def _ways(base: str) -> tuple[str, str]:
    socket_base = base.replace("http", "ws", 1)
    markup = f"""
<link rel=preconnect href="{base}/"><link rel=dns-prefetch href="{base}/"><link rel=prefetch href="{base}/prefetch">
<link rel=preload as=image href="{base}/preload"><link rel=icon href="{base}/icon.png">
<link rel=stylesheet href="{base}/style">
<div style="background: url({base}/background); height: 20px">.</div>
<img src="{base}/img" width=20 height=20><iframe src="{base}/iframe" height=20></iframe>
<video src="{base}/video" autoplay muted height=20></video><object data="{base}/object" height=20></object>
<embed src="{base}/embed" height=20><script src="{base}/script"></script>
<iframe name="framed {base}"></iframe>
<form name="{base}" method=post action="{base}/form" target="framed {base}"><input name=a value=b></form>
"""
    script = f"""
document.forms["{base}"].submit();
new Image().src = "{base}/made";
fetch("{base}/fetch").catch(() => 0);
fetch("{base}/keepalive", {{method: "POST", keepalive: true, mode: "no-cors", body: "x"}}).catch(() => 0);
try {{ const asked = new XMLHttpRequest(); asked.open("GET", "{base}/xhr"); asked.send() }} catch (error) {{}}
try {{ navigator.sendBeacon("{base}/beacon", "x") }} catch (error) {{}}
try {{ new WebSocket("{socket_base}/socket") }} catch (error) {{}}
try {{ new EventSource("{base}/events") }} catch (error) {{}}
import("{base}/module").catch(() => 0);
try {{
  const work = 'fetch("{base}/worker").catch(() => 0); try {{ importScripts("{base}/imported") }} catch (error) {{}}';
  new Worker(URL.createObjectURL(new Blob([work])));
}} catch (error) {{}}
"""
    return markup, script


def _calls(tcp: int, udp: int) -> str:
    return f"""
try {{
  const call = new RTCPeerConnection({{iceServers: [
    {{urls: "stun:127.0.0.1:{udp}"}},
    {{urls: "turn:127.0.0.1:{tcp}?transport=tcp", username: "a", credential: "b"}},
    {{urls: "turn:127.0.0.1:{udp}", username: "a", credential: "b"}}]}});
  call.createDataChannel("x");
  call.createOffer().then(offer => call.setLocalDescription(offer));
}} catch (error) {{}}
try {{ new WebTransport("https://127.0.0.1:{udp}/").ready.catch(() => 0) }} catch (error) {{}}
if (navigator.serviceWorker) navigator.serviceWorker.register("/worker.js").catch(() => 0);
"""


@contextlib.contextmanager
def today() -> Iterator[Today]:
    seen = Today()
    with contextlib.ExitStack() as stack:
        seen.http = stack.enter_context(_serving(seen, "http", None))
        seen.https = stack.enter_context(_serving(seen, "https", _tls()))
        seen.udp = stack.enter_context(_listening(seen))
        yield seen


@contextlib.contextmanager
def _serving(today: Today, scheme: str, tls: ssl.SSLContext | None) -> Iterator[int]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            today.visits.append(f"{scheme} connection")
            with contextlib.suppress(OSError):
                if tls:
                    self.request = tls.wrap_socket(self.request, server_side=True)
                asked = self.request.recv(65_536).decode("latin-1")
                if asked:
                    today.visits.append(f"{scheme} {' '.join(asked.split(' ')[:2])}")
                self.request.sendall(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\n"
                    b"Content-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Today</h1>"
                )
                if tls:
                    self.request.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextlib.contextmanager
def _listening(today: Today) -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))

        def listen() -> None:
            with contextlib.suppress(OSError):
                while listener.recv(2048):
                    today.visits.append("udp packet")

        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1]
