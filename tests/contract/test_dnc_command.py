"""`collector dnc` as an administrator types it, over a real database."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.contract.store_data import NOW, attempt_id
from tests.lab.mariadb import PASSWORD, USER, PrivateMariaDb
from worker import cli
from worker.commands.base import app
from worker.core.do_not_call import Search
from worker.core.model import Block
from worker.errors import UsageError
from worker.settings import ROOT
from worker.store.mariadb import OpenStore

NUMBER, CPF = "+5511987654321", "52998224725"
Run = Callable[..., Result]


@pytest.fixture
def run(server: PrivateMariaDb, opened: OpenStore, tmp_path: Path) -> Run:
    del opened  # emptied
    assert cli.COMMANDS
    text = (ROOT / "config" / "collector.example.yaml").read_text(encoding="utf-8")
    whole = {"port: 3306": f"port: {server.port}", "user: collector               #": f"user: {USER} #"}
    for old, new in whole.items():
        assert old in text
        text = text.replace(old, new, 1)
    text = re.sub(r"\{file: [^,}]*", f"{{file: {tmp_path / 'secret'}", text)
    (tmp_path / "secret").write_text(PASSWORD)
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "collector.yaml").write_text(text, encoding="utf-8")
    return lambda *words: CliRunner().invoke(app, ["-c", str(tmp_path / "collector.yaml"), "dnc", *words])


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    result = run("list", "--json", "--full-numbers", *words)
    assert 0 == result.exit_code, result.output + repr(result.exception)
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_added_listed_and_removed_with_what_was_said(run: Run) -> None:
    added = run("add", "(11) 98765-4321", "--reason", "pediu", "--source", "ana", "--expires", "31/12/2030")
    assert 0 == added.exit_code, repr(added.exception)
    assert "listed: +5511*******21 for all instances, source ana (pediu), until 2030-12-31" in added.stdout
    assert 0 == run("add", "529.982.247-25", "-i", "fibra", "--source", "ana").exit_code
    first, second = listed(run)
    assert (NUMBER, "", "ana", "pediu", "2030-12-31") == tuple(
        second[name] for name in ("number", "document", "source", "reason", "last_day")
    )
    assert ("", CPF, "fibra", None) == tuple(
        first[name] for name in ("number", "document", "instance", "last_day")
    )
    shown = run("list").stdout
    assert NUMBER not in shown
    assert CPF not in shown
    assert "+5511*******21" in shown
    assert [CPF] == [one["document"] for one in listed(run, CPF)]
    assert "removed: +5511*******21" in run("remove", NUMBER).stdout
    assert [CPF] == [one["document"] for one in listed(run)]


def test_an_opt_out_needs_force(run: Run, opened: OpenStore) -> None:
    opened.store.outcomes.block(Block(NUMBER, "opt_out"), attempt_id(1), NOW)
    assert ["tecla 9"] == [one["source"] for one in listed(run)]
    refused = run("remove", NUMBER)
    assert isinstance(refused.exception, UsageError)
    assert "--force" in str(refused.exception)
    assert "source tecla 9" in run("remove", NUMBER, "--force").stdout
    assert [] == opened.store.do_not_call.listing(Search(), 5)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "ola"), "write it like"),
        (("add", NUMBER, "--expires", "amanhã"), "--expires"),
        (("add", NUMBER, "-i", "nenhuma"), "there is no instance"),
        (("add", NUMBER, "--source", "tecla 9"), "source"),
        (("add", "11987650034"), "--as number"),
        (("add", "0800 123 4567", "--as", "number"), "service number"),
        (("remove", NUMBER), "nothing was removed"),
    ],
)
def test_called_wrongly_it_says_how_to_call_it(run: Run, words: tuple[str, ...], says: str) -> None:
    refused = run(*words)
    assert isinstance(refused.exception, UsageError)
    assert says in str(refused.exception)
    assert NUMBER not in str(refused.exception)


def test_digits_that_are_both_are_listed_as_told_and_found_as_either(run: Run) -> None:
    for kind in ("number", "document"):
        assert 0 == run("add", "11987650034", "--as", kind, "--source", kind).exit_code
    assert ["document", "number"] == sorted(one["source"] for one in listed(run, "11987650034"))


def test_a_number_without_area_code_takes_that_of_the_instance_or_the_one_told(run: Run) -> None:
    assert 0 == run("add", "98765-4321", "-i", "fibra").exit_code
    assert 0 == run("add", "98765-4321", "--ddd", "21").exit_code
    assert isinstance(run("add", "98765-4321").exception, UsageError)
    assert {NUMBER, "+5521987654321"} == {one["number"] for one in listed(run)}


def test_a_list_is_imported_tried_first_and_replaced_later(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "procon.csv"
    file.write_text(f"telefone;cpf;motivo\n11987654321;;Não me ligue\n;{CPF};\n119;;\n", encoding="cp1252")
    words = ("import", str(file), "--source", "procon-sp", "--reason", "Procon")
    tried = run(*words, "--dry-run")
    assert (0, True) == (tried.exit_code, "would be added 2" in tried.stdout), tried.output
    assert [] == listed(run)
    done = run(*words)
    assert "line 4: the number: no area code" not in done.stdout  # three digits are no number at all
    assert ("line 4", True) == (done.stdout[:6], "4 lines" not in done.stdout)
    assert {("", "Procon"), (NUMBER, "Não me ligue")} == {(one["number"], one["reason"]) for one in listed(run)}
    file.write_text("telefone\n11987654321\n", encoding="utf-8")
    refused = run(*words, "--replace")
    assert (1, True) == (refused.exit_code, "--accept-shrink" in refused.stdout)
    report = run(*words, "--replace", "--accept-shrink", "--json")
    told = json.loads(report.stdout)
    assert ("done", 2, 1, 0, 1) == tuple(told[name] for name in ("status", "before", "after", "added", "removed"))
    assert [NUMBER] == [one["number"] for one in listed(run, "--source", "procon-sp")]
    assert 1 == run("import", str(tmp_path / "none.csv"), "--source", "x").exit_code


def test_more_lines_than_asked_for_are_told(run: Run) -> None:
    for number in (NUMBER, "1133334444"):
        run("add", number)
    assert "and more" in run("list", "--limit", "1").stdout
    assert "and more" not in run("list", "--limit", "2").stdout
