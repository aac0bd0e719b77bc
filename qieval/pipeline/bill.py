"""Which libraries the package is made with, under which licences, and as a bill of materials (CycloneDX).

``python -m qieval.pipeline.bill`` lists them. Written with the standard library: installed packages say
themselves what they need, and a bill is one dictionary.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

FILE = "sbom.cdx.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LONGEST = 80


def parts(root: str = "qieval") -> dict[str, tuple[Distribution, list[str]]]:
    """Find a package and all that it needs of what is installed, by name, each with what it needs itself."""
    found: dict[str, tuple[Distribution, list[str]]] = {}
    wanted = [root]
    while wanted:
        name = _plain(wanted.pop())
        if name in found:
            continue
        try:
            here = distribution(name)
        except PackageNotFoundError:  # for another system, or optional
            continue
        asked = [NAME.match(each) for each in here.requires or () if "extra ==" not in each]
        needs = sorted({_plain(need[0]) for need in asked if need})
        found[name] = here, needs
        wanted += needs
    return {name: (here, [need for need in needs if need in found]) for name, (here, needs) in found.items()}


def licence(part: Distribution) -> str:
    """Say under which licence a package is, by its own words; "not declared" where it says nothing."""
    about = part.metadata
    if "License-Expression" in about:
        return about["License-Expression"]
    classes = [each for each in about.get_all("Classifier") or () if each.startswith("License ::")]
    named = ", ".join(each.rsplit(" :: ", 1)[1] for each in classes)
    words = about["License"].strip().split("\n")[0] if "License" in about else ""
    return named or (words if 0 < len(words) <= LONGEST else "not declared")


def bill() -> dict[str, Any]:
    """Write the bill of materials of this environment, CycloneDX 1.5, without a clock or a serial number."""
    found = parts()
    entries = {name: _entry(name, here) for name, (here, _) in found.items()}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": entries["qieval"] | {"type": "application"}},
        "components": [entries[name] for name in sorted(entries) if name != "qieval"],
        "dependencies": [
            {"ref": entries[name]["bom-ref"], "dependsOn": [entries[need]["bom-ref"] for need in needs]}
            for name, (_, needs) in sorted(found.items())
        ],
    }


def _entry(name: str, part: Distribution) -> dict[str, Any]:
    place, said = f"pkg:pypi/{name}@{part.version}", licence(part)
    told = {"expression": said} if "License-Expression" in part.metadata else {"license": {"name": said}}
    return {
        "type": "library",
        "bom-ref": place,
        "name": name,
        "version": part.version,
        "purl": place,
        "licenses": [told],
    }


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """List name, version and licence of every library."""
    rows = [(name, here.version, licence(here)) for name, (here, _) in sorted(parts().items())]
    widths = [max(len(row[place]) for row in rows) for place in (0, 1)]
    sys.stdout.writelines(
        f"{name:<{widths[0]}}  {version:<{widths[1]}}  {said}\n" for name, version, said in rows
    )


if __name__ == "__main__":
    main()
