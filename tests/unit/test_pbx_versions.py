"""Which Asterisk can do what: wrong here means a greeting nobody hears, or dead air."""

import pytest

from worker.pbx.versions import AMD_PLAYS, TONE_DETECT, can


@pytest.mark.parametrize(
    ("version", "plays", "tones"),
    [
        ("16.28.0~dfsg-0+deb11u4", False, True),  # what Debian 11 has, as AGI says it
        ("16.20.0", False, False),
        ("16.30.0", True, True),
        ("18.6.0", False, False),
        ("18.15.1", False, True),
        ("18.16.0", True, True),
        ("20.0.0", False, True),
        ("20.1.0", True, True),
        ("22.10.0", True, True),
        ("13.38.3", False, False),
        ("19.8.1", False, False),  # never looked up: the older way is the safe one
        ("GIT-master-abc", False, False),
        ("", False, False),
    ],
)
def test_what_a_version_can(version: str, plays: bool, tones: bool) -> None:
    assert (plays, tones) == (can(AMD_PLAYS, version), can(TONE_DETECT, version))
