"""The bill of materials names every library that the lock pins for this system, with version and licence."""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from qieval.pipeline.bill import bill, licence, main, parts

PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)


def test_every_library_of_the_bill_is_one_that_the_lock_pins(repo: Path) -> None:
    pinned = set(PIN.findall((repo / "requirements.lock").read_text(encoding="utf-8")))
    made = bill()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    listed = {each["name"]: each["version"] for each in made["components"]}
    assert {"numpy", "papermill", "pydantic", "ipykernel"} <= set(listed)
    assert set(listed.items()) <= pinned
    assert made["metadata"]["component"]["name"] == "qieval"
    assert json.dumps(made) == json.dumps(bill()), "no clock, no serial number"


def test_what_depends_on_what_is_told_by_references_that_exist() -> None:
    made = bill()
    known = {each["bom-ref"] for each in [made["metadata"]["component"], *made["components"]]}
    assert {each["ref"] for each in made["dependencies"]} == known
    assert {need for each in made["dependencies"] for need in each["dependsOn"]} <= known


def test_licences_are_listed_and_those_under_the_gpl_are_known(capsys: Any) -> None:
    main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(parts())
    said = {name: licence(part) for name, (part, _) in parts().items()}
    assert "not declared" not in said.values()
    bound = [name for name, words in said.items() if re.search(r"(?<!L)GPL", words)]
    assert bound == ["pingouin"], "SECURITY.md names what is under the GPL"
    assert licence(distribution("qieval")) == "MIT"
