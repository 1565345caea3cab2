"""The fixed words of a template, between what is put in: what a speaker can record."""

import re
from collections.abc import Iterator

from jinja2 import nodes

COMPANY = "{company}"  # it is the same in every call of an instance, and so a part of what can be recorded
_BREAK = "\0"
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\0")


def fixed_stretches(template: nodes.Template) -> tuple[str, ...]:
    """Sentences, or what is left of them between variables; of all branches, each once, in order."""
    found: dict[str, None] = {}
    for stretch in _SENTENCE.split(" ".join("".join(_walk(template)).split())):
        text = stretch.strip(" ,;.!?:-")
        if any(char.isalpha() for char in text):
            found[text] = None
    return tuple(found)


def _walk(node: nodes.Node) -> Iterator[str]:
    """The text, with a break wherever something else may stand."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
        return
    if isinstance(node, nodes.Name) and node.name == "company":
        yield COMPANY
        return
    yield _BREAK
    if isinstance(node, nodes.CondExpr):  # {{ "a" if one else "b" }}
        for branch in (node.expr1, node.expr2 or node.expr1):
            yield f"{branch.value}{_BREAK}" if isinstance(branch, nodes.Const) else ""
    if isinstance(node, nodes.Expr) and any(name.name == "company" for name in node.find_all(nodes.Name)):
        yield COMPANY  # with something done to it
    if isinstance(node, nodes.Stmt | nodes.Template):
        for child in node.iter_child_nodes():
            yield from _walk(child)
    yield _BREAK
