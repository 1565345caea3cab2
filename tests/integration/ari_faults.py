"""What the stand-in ARI answers with, right and wrong."""

from dataclasses import dataclass

from aiohttp import web

USER, PASSWORD = "collector", "secret-of-a-test"
STAMP = {"timestamp": "2026-11-21T05:09:33.588+0000"}


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests whose "METHOD path" fits the pattern."""

    pattern: str
    status: int = 500
    message: str = ""
    seconds: float = 0.0  # wait first
    drop: bool = False  # then close the connection without a word
    times: int = 1


def error(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)


def channel_of(channel_id: str, app: str, state: str = "Up") -> dict[str, object]:
    return {
        "id": channel_id,
        "name": f"PJSIP/carrier-{channel_id[-4:]}",
        "state": state,
        "accountcode": "provedor",
        "dialplan": {"context": "default", "exten": "s", "priority": 1, "app_name": app, "app_data": ""},
    }
