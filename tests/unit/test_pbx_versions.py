"""Which Asterisk can do what: wrong here means a greeting nobody hears, or dead air."""

import pytest

from worker.pbx.versions import AMD_PLAYS, can


@pytest.mark.parametrize(
    ("version", "plays"),
    [
        ("16.28.0~dfsg-0+deb11u4", False),  # what Debian 11 has, as AGI says it
        ("16.20.0", False),
        ("16.30.0", True),
        ("18.6.0", False),
        ("18.15.1", False),
        ("18.16.0", True),
        ("20.0.0", False),
        ("20.1.0", True),
        ("22.10.0", True),
        ("13.38.3", False),
        ("19.8.1", False),  # never looked up: the older way is the safe one
        ("GIT-master-abc", False),
        ("", False),
    ],
)
def test_what_a_version_can(version: str, plays: bool) -> None:
    assert plays == can(AMD_PLAYS, version)
