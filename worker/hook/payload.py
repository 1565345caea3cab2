"""What is handed over, as bytes: the same for both ways."""

import json
from collections.abc import Mapping


def written(payload: Mapping[str, object]) -> bytes:
    """One JSON object on one line, UTF-8; a name with half a character in it breaks nothing."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
