from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from qieval.errors import InputError
from qieval.pipeline.strict_yaml import LARGEST, load


def read(tmp_path: Path, words: str | bytes) -> dict[object, object]:
    path = tmp_path / "file.yaml"
    path.write_bytes(words.encode() if isinstance(words, str) else words)
    return load(path, shown="file.yaml")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("190:20:30", "190:20:30"),
        ("012", "012"),
        ("0o14", "0o14"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1.2.3", "1.2.3"),
        ("00.5", "00.5"),
        (".inf", ".inf"),
        ("=", "="),
        ("2025-01-31T10:00:00", "2025-01-31T10:00:00"),
        ("'1.10'", "1.10"),
        ("'true'", "true"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-9", -9),
        ("+3", 3),
        ("0", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("2025-01-31", dt.date(2025, 1, 31)),
    ],
)
def test_what_is_written_is_what_is_read(tmp_path: Path, written: str, expected: object) -> None:
    value = read(tmp_path, f"key: {written}\n")["key"]
    assert value == expected
    assert type(value) is type(expected)


def test_keys_stay_as_written(tmp_path: Path) -> None:
    content = read(tmp_path, "on: 1\nNO: 2\n20_effect: 3\n1: 4\n<<: 5\n")
    assert content == {"on": 1, "NO": 2, "20_effect": 3, 1: 4, "<<": 5}


def test_an_older_version_of_yaml_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "%YAML 1.1\n---\na: NO\nb: 010\n") == {"a": "NO", "b": "010"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice"),
        ("a: {b: 1, b: 2}\n", "line 1: the key 'b' stands twice"),
        ("a:\n\t- b\n", "line 2: .*use spaces, not tabs"),
        ("a: [1, 2\n", "line 2: is not YAML"),
        ("words: and: more\n", "line 1: is not YAML"),
        ("a: 1\n---\nb: 2\n", "is not YAML"),
        ("a: &x 1\nb: *x\n", "line 1: uses an anchor or an alias"),
        ("a: !!python/object:os.system x\n", "line 1: uses a tag"),
        ("a: 2025-02-30\n", "line 1: .*2025-02-30 is no date"),
        ("- a\n- b\n", "holds no keys"),
        ("only words", "holds no keys"),
        ("", "holds no keys"),
        ("a: \x00", "is not YAML"),
        ("[" * 5_000, "line 1: is nested too deeply"),
        (b"\xff\xfea\x00", "not text in UTF-8"),
        (b"a: " + b"x" * LARGEST, "is larger than 1,000,000 bytes"),
    ],
)
def test_what_is_doubtful_is_refused_with_its_line(tmp_path: Path, words: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=f"^file.yaml.*{message}"):
        read(tmp_path, words)


def test_a_file_that_is_not_there_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        load(tmp_path / "absent.yaml")
