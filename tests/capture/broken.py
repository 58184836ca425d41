"""Pages broken on purpose: what each of them can't show, and where that is said."""

from __future__ import annotations

from dataclasses import dataclass

from tests.capture.kinds import BLUE, FOREIGN, LAYER, SHELL, WHITE, frame, img, stories
from tests.capture.shots import html

DOWN = "http://127.0.0.1:9"
"""Nothing listens there."""


@dataclass(frozen=True)
class Broken:
    """A page; ``missing`` is in one of the lines that name what is missing, ``error`` in the sentence of its failure."""

    html: str
    missing: str = ""
    error: str = ""
    pictures: int | None = None
    """Blue ones that are on its picture all the same."""


FIRST = "a script from a host that is down"
BROKEN = {
    FIRST: Broken(html(SHELL + f"<script src='{DOWN}/app.js'></script>"), error="1 script that failed (127.0.0.1)"),
    "a script that is not there": Broken(html(SHELL + "<script src='/status/404'></script>"), error="1 script that failed"),
    "a module that imports what is not there": Broken(
        html(SHELL + "<script type=module>import '/status/404'</script>"), error="1 script"
    ),
    "an import that fails later": Broken(
        html(SHELL, script="setTimeout(() => import('/status/500'), 300)"), error="1 script with an error"
    ),
    "a script that breaks off": Broken(html(SHELL, script="document.getElementById('none').append('x')"), error="1 script with an error"),
    "a script that fails beside pictures": Broken(html(stories(3) + f"<script src='{DOWN}/more.js'></script>"), missing="1 script that failed", pictures=3),
    "a list that never comes": Broken(html(f"{stories(2)}<main></main>", script="fetch('/never')"), missing="1 request (127.0.0.1)", pictures=2),
    "a list that the server fails to give": Broken(html(f"{stories(2)}<main></main>", script="fetch('/status/503')"), missing="1 answer that failed", pictures=2),
    "a list from a host that is down": Broken(html(f"{stories(2)}", script=f"const one = new XMLHttpRequest(); one.open('GET', '{DOWN}/'); one.send()"), missing="1 answer that failed", pictures=2),
    "a script that never comes": Broken(html(f"{stories(2)}", script="document.body.append(Object.assign(document.createElement('script'), { src: '/never' }))"), missing="1 script", pictures=2),
    "a frame that never comes": Broken(html(stories(2) + frame("/never", 300, 200)), missing="1 frame", pictures=2),
    "a frame of another host that never comes, on an empty page": Broken(html(frame(FOREIGN + "/never", 300, 200)), missing="1 frame"),
    "a picture that never comes": Broken(html(stories(2) + "<img src='/never' width=120 height=100>"), missing="1 picture", pictures=2),
    "a background that never comes": Broken(html(stories(2) + "<i style='display:block;height:90px;background:url(/never)'></i>"), missing="1 picture", pictures=2),
    "more at the bottom that never comes": Broken(
        html(stories(3), script="let asked; addEventListener('scroll', () => { if (!asked && innerHeight + scrollY > 1900) { asked = 1; fetch('/never') } })"),
        missing="1 request", pictures=3,
    ),
    "a wall that hides what holds it": Broken(
        html(f"<style>body > section {{ position: relative }}</style><section>{img('a')}<div style='position:absolute;{WHITE};height:900px;z-index:3'>{LAYER}</div></section>"),
        pictures=1,
    ),
    "more layers over all of it than are removed": Broken(
        html(f"<div style='height:500px'>{img('a')}</div>" + f"<div style='position:absolute;{WHITE};height:600px;z-index:3'>{LAYER}</div>" * 15),
        error="is hidden by",
    ),
    "hidden until a script has run, which fails": Broken(
        html(stories(3) + f"<script src='{DOWN}/show.js'></script>", "html { opacity: 0 } body { visibility: hidden }"), missing="1 script that failed", pictures=3
    ),
    "pictures that no script loads": Broken(html(stories(2) + f"<img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=' data-src='{BLUE}' width=120 height=100>"), missing="1 lazy picture", pictures=2),
}  # fmt: skip
