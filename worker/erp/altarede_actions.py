"""What AltaRede can be asked to do: release a blocked line on trust, as far as the configuration knows how.

That a release exists is known; its path, fields and answers are not, so `source.release` must tell all of them.
Nothing is tried twice: after SourceUnavailable nobody knows whether it was done.
"""

import json
from datetime import date
from typing import Never
from urllib.parse import quote as percent_quoted

from worker.erp.altarede_answer import read_value
from worker.erp.altarede_http import Login
from worker.errors import ActionRefused, SourceLacks, SourceRefused
from worker.source_settings import AltaRedeSource


class AltaRedeActions:
    """A `worker.ports.ErpActions` of which only `unlock` can be configured."""

    def __init__(self, source: AltaRedeSource) -> None:
        """SourceRefused when what is configured cannot be sent."""
        release = source.release
        if release and "{contract}" not in release.path and not release.contract_field:
            raise SourceRefused(
                "the contract goes nowhere: write {contract} into source.release.path "
                "or set source.release.contract_field"
            )
        login = Login(source, posts=True)
        self._url, self._release = source.url, release
        self._fields, self._quote = login.fields, login.quote
        self._web = login.web(source)

    def unlock(self, contract_id: str) -> str:
        """ActionRefused unless the answer says in one of the configured words that it was done."""
        if self._release is None:
            _lacks("release a line", "source.release")
        path = self._release.path.replace("{contract}", percent_quoted(contract_id, safe=""))
        body = dict(self._fields)
        if self._release.contract_field:
            body[self._release.contract_field] = contract_id
        with self._web.session() as session:
            content = self._web.ask(session, "POST", f"{self._url}/{path.lstrip('/')}", body=json.dumps(body))
        verdict = read_value(content, self._release.done, self._quote)
        said = read_value(content, self._release.said, self._quote) if self._release.said else ""
        if verdict.casefold() not in {word.casefold() for word in self._release.done_words}:
            raise ActionRefused(
                f"AltaRede did not release contract {self._quote(contract_id)}: it answered “{verdict}”"
                f"{f', “{said}”' if said else ''}; ask AltaRede's support if that should have meant done"
            )
        return said or verdict

    def note(self, client_id: str, contract_id: str | None, text: str, day: date) -> None:
        """SourceLacks: nobody knows how."""
        del client_id, contract_id, text, day
        _lacks("take a note")

    def pix(self, bill_id: str) -> str:
        """SourceLacks: nobody knows how."""
        del bill_id
        _lacks("make a PIX code")

    def boleto(self, bill_id: str) -> bytes:
        """SourceLacks: nobody knows how."""
        del bill_id
        _lacks("print a bill")


def _lacks(what: str, setting: str = "") -> Never:
    remedy = f"ask its support and set {setting}" if setting else "do it in AltaRede itself"
    raise SourceLacks(f"no public manual says how AltaRede would be asked to {what}: {remedy}")
