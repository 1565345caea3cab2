"""The payment hook's settings: one way, nothing in clear over the network, all mistakes with a remedy."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.test_configfile import ENV, GOOD, problems
from worker import configfile
from worker.hook_settings import PaymentHook


def test_without_a_hook_nothing_is_sent() -> None:
    assert configfile.parse(GOOD, ENV).instance("fibra").payment_hook is None


@pytest.mark.parametrize(
    "url",
    ["https://sms.example.com.br/x?k=1", "http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:80/x"],
)
def test_a_hook_is_reached_in_secret_or_on_this_machine(url: str) -> None:
    hook = PaymentHook(url=url)
    assert (url, (), 10.0, ("line", "pix")) == (hook.url, hook.command, hook.timeout_seconds, hook.send)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "write url or command"),
        ({"url": "https://a.example", "command": ["/bin/true"]}, "write url or command"),
        ({"url": "http://sms.example.com.br/x"}, "people's data go there"),
        ({"url": "http://127.0.0.1.example.com/x"}, "people's data go there"),
        ({"url": "http://10.0.0.7/x"}, "people's data go there"),
        ({"url": "ftp://127.0.0.1/x"}, "write an address like"),
        ({"url": "https://user:pw@sms.example.com/x"}, "without user or password"),
        ({"command": ["send"]}, "not a whole path"),
        ({"command": ["/bin/send", "a\0b"]}, "NUL"),
        ({"command": "/bin/send --now"}, "valid tuple"),
        ({"command": ["/bin/send"], "secret": "x"}, "secret signs"),
        ({"url": "https://a.example", "timeout_seconds": 0}, "greater than 0"),
        ({"url": "https://a.example", "timeout_seconds": 61}, "less than or equal to 60"),
        ({"url": "https://a.example", "send": []}, "at least 1"),
        ({"url": "https://a.example", "send": ["line", "line"]}, "twice"),
        ({"url": "https://a.example", "send": ["boleto"]}, "'line' or 'pix'"),
        ({"url": "https://a.example", "method": "PUT"}, "not permitted"),
    ],
)
def test_what_cannot_be_meant_is_refused(told: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PaymentHook.model_validate(told)


RBX = 'type: rbx, url: "https://rbx.example.com.br/", key: {env: IXC}'
CSV = "type: csv, clients: c.csv, bills: b.csv"


@pytest.mark.parametrize(
    ("source", "send", "says"),
    [
        (RBX, "[line, pix]", "a source of type rbx tells no digitable line"),
        (CSV, "[pix]", "a source of type csv gives none; write [line, pix]"),
    ],
)
def test_a_hook_that_would_never_have_anything_to_send_is_refused(source: str, send: str, says: str) -> None:
    hook = f"    payment_hook: {{command: [/bin/true], send: {send}}}\n"
    whole = 'type: ixc, url: "https://ixc.example.com.br/", token: {env: IXC}'
    assert whole in GOOD
    assert configfile.parse(GOOD + hook, ENV).instance("fibra").payment_hook
    (found,) = problems(GOOD.replace(whole, source) + hook)
    assert says in found


def test_the_file_tells_it_with_its_line_and_never_the_secret() -> None:
    text = GOOD + '    payment_hook:\n      url: http://sms.example.com.br\n      secret: "geheim"\n'
    found = problems(text)
    assert 2 == len(found)
    assert "f.yaml, line 13: secret: secrets do not stand in this file" in found[0]
    assert "f.yaml, line 12: instances.0.payment_hook.url: people's data go there" in found[1]
    assert not [one for one in found if "geheim" in one]
