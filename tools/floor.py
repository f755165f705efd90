"""Compare what passes with a recorded floor that may only rise, and close with a line as pytest writes it.

Usage: python tools/floor.py .ci/floor.json --suite tests.xml [--seeds LOG] [--features XML] [--conformance JSON]

A result that is named but was not written counts as nothing passed; one that is not named is not compared. With
--update the floor is raised to what passes now, never lowered. Only the standard library is used.
"""

import argparse
import collections
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def junit(path):
    """Counter of passed, failed and skipped tests in a JUnit XML file; empty when there is no file."""
    count = collections.Counter()
    if Path(path).exists():
        for case in ElementTree.parse(path).iter("testcase"):
            outcomes = {child.tag for child in case}
            failed = outcomes & {"failure", "error"}
            count["failed" if failed else "skipped" if "skipped" in outcomes else "passed"] += 1
    return count


def seeds(path):
    """How many programs of the seed notes pass, from the last line that their check printed."""
    text = Path(path).read_text() if Path(path).exists() else ""
    total = re.search(r"^total \d+:.*?(\d+) pass", text, re.MULTILINE)
    return {"programs": int(total[1]) if total else 0}


def conformance(path):
    """Items of each kind that pass in full, samples that pass, and public names that exist."""
    report = json.loads(Path(path).read_text()) if Path(path).exists() else {"items": {}, "api": {}}
    count = collections.Counter(samples=0, api=sum(namespace["have"] for namespace in report["api"].values()))
    for key, item in report["items"].items():
        count["samples"] += item["passed"]
        count[key.split("/")[0]] += item["status"] == "full"
    return dict(count)


def measure(options):
    """{"group.name": count} for every result that was named."""
    groups = {}
    if options.seeds:
        groups["seeds"] = seeds(options.seeds)
    if options.features:
        groups["features"] = {"passed": junit(options.features)["passed"]}
    if options.conformance:
        groups["conformance"] = conformance(options.conformance)
    return {f"{group}.{name}": count for group, rows in groups.items() for name, count in rows.items()}


def compare(floor, measured):
    """Print each count beside its floor; returns (how many hold, how many fell)."""
    groups = {name.split(".")[0] for name in measured}
    fell = 0
    rows = sorted(measured.keys() | {name for name in floor if name.split(".")[0] in groups})
    for name in rows:
        now, least = measured.get(name, 0), floor.get(name, 0)
        fell += now < least
        print(f"{name:24} {now:7} floor {least:7} {now - least:+6} {'FELL' if now < least else ''}")
    return len(rows) - fell, fell


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("floor")
    parser.add_argument("--suite", nargs="*", default=[], help="JUnit XML of the repository's own tests")
    parser.add_argument("--seeds")
    parser.add_argument("--features")
    parser.add_argument("--conformance")
    parser.add_argument("--failed-steps", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--update", action="store_true", help="raise the floor to what passes now")
    return parser.parse_args()


def main():
    options = parse()
    path = Path(options.floor)
    floor = json.loads(path.read_text()) if path.exists() else {}
    measured = measure(options)
    held, fell = compare(floor, measured)
    if options.update:
        raised = {name: max(count, floor.get(name, 0)) for name, count in (floor | measured).items()}
        path.write_text(json.dumps(dict(sorted(raised.items())), indent=2) + "\n")
    suite = sum(map(junit, options.suite), collections.Counter())
    # A step that failed without a failing test (a compile error, a budget) is one failure.
    failed = max(suite["failed"], options.failed_steps) + fell
    parts = [f"{failed} failed"] * (failed > 0) + [f"{suite['passed'] + held} passed"]
    parts += [f"{suite['skipped']} skipped"] * (suite["skipped"] > 0)
    print(f"==== {', '.join(parts)} in {options.seconds:.2f}s ====")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
