"""Time a set of small programs under Penlight and, where asked, beside PyTorch in another environment.

    python benchmarks/run.py                                   Penlight alone
    python benchmarks/run.py --against /path/to/torch/bin/python
    python benchmarks/run.py --only 'matmul|train' --threads 1 --json out.json

The two frameworks run in processes of their own, in turns, `--rounds` times; the best time of each counts. A ratio
above 1 means that Penlight is faster.
"""

import argparse
import importlib
import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path


def best_seconds(function, budget):
    """Best seconds per call of `function` over 20 batches, which together take about `budget` seconds."""
    calls, spent = 1, 0.0
    while spent < budget / 20:  # also the warm-up
        calls *= 2
        spent = batch_seconds(function, calls)
    calls = max(1, int(calls * budget / 20 / spent))
    return min(batch_seconds(function, calls) for _ in range(20)) / calls


def batch_seconds(function, calls):
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return time.perf_counter() - start


def time_here(options):
    """Time every chosen workload under one framework in this process; one JSON object a line."""
    torch = importlib.import_module(options.framework)
    if options.threads:
        torch.set_num_threads(options.threads)
    workloads = importlib.import_module("workloads").collect(torch)
    for name, make in workloads.items():
        if re.search(options.only, name):
            row = {"name": name}
            try:
                row["seconds"] = best_seconds(make(), options.seconds)
            except Exception as error:  # an operator that is missing costs its row, not the run
                row["error"] = f"{type(error).__name__}: {error}"
            print(json.dumps(row), flush=True)


def time_in(python, framework, options):
    """{name: row} of the workloads run by the interpreter `python` under `framework`."""
    command = [python, __file__, "--framework", framework, "--only", options.only]
    command += ["--threads", str(options.threads), "--seconds", str(options.seconds)]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {row["name"]: row for row in map(json.loads, lines)}


def keep_best(best, rows):
    for name, row in rows.items():
        if row.get("seconds", math.inf) < best.get(name, {}).get("seconds", math.inf) or name not in best:
            best[name] = row


def microseconds(row):
    return f"{row['seconds'] * 1e6:12.2f}" if "seconds" in row else f"{'error':>12}"


def report(ours, theirs):
    """Print the table; returns its rows."""
    ratios = []
    print(f"{'workload':32} {'penlight us':>12}" + (f" {'torch us':>12} {'ratio':>7}" if theirs else ""))
    for name, row in ours.items():
        line = f"{name:32} {microseconds(row)}"
        if theirs:
            line += f" {microseconds(theirs[name])}"
            if "seconds" in row and "seconds" in theirs[name]:
                ratios.append(theirs[name]["seconds"] / row["seconds"])
                line += f" {ratios[-1]:7.2f}"
        print(line + (f"   {row['error'][:90]}" if "error" in row else ""))
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"{'geometric mean':32} {'':12} {'':12} {mean:7.2f}   ({len(ratios)} of {len(ours)} rows)")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--only", default="", metavar="REGEX", help="the workloads whose name matches")
    parser.add_argument("--threads", type=int, default=0, help="set_num_threads; 0 leaves each framework's default")
    parser.add_argument("--seconds", type=float, default=0.4, help="measuring time of a workload in one round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", metavar="FILE", help="write every figure")
    parser.add_argument("--framework", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    options = parse()
    if options.framework:
        return time_here(options)
    ours, theirs = {}, {}
    for _ in range(options.rounds):
        keep_best(ours, time_in(sys.executable, "penlight", options))
        if options.against:
            keep_best(theirs, time_in(options.against, "torch", options))
    report(ours, theirs)
    if options.json:
        Path(options.json).write_text(json.dumps({"penlight": ours, "torch": theirs}, indent=1))


if __name__ == "__main__":
    main()
