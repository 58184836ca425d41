"""What each way is given, and what it hands back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Piece = dict[str, Any]
"""``file`` (or ``key`` in the store) and the page ``rows`` that it shows."""


def stored(sidecar: str) -> tuple[int, Path]:
    """A screenshot's height in px and its one picture."""
    root = Path(os.environ["CELEBS_STORE"])
    shot = json.loads((root / sidecar).read_text())
    return shot["captured_height"], root / shot["parts"][0]["key"]
