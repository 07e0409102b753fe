"""``python -m fuzz [ENTRY ...]``: run cases, print faults with the command that replays each."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from fuzz import runner
from fuzz.case import ENTRIES, Fault, run_case
from fuzz.entries import load


def main() -> int:
    """Exit status 0: none but weak faults; 1: faults; 2: usage."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("entries", nargs="*", help="entries or parts of their names; default: all")
    parser.add_argument("--seed", type=int, default=0, help="first case of each entry")
    parser.add_argument("--cases", type=int, help="cases of each entry; default: as time allows")
    parser.add_argument("--seconds", type=float, default=60.0, help="for all entries together")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--hang", type=float, default=runner.HANG, help="seconds for one case")
    parser.add_argument("--weak", action="store_true", help="tell of messages without a name too")
    parser.add_argument("--findings", type=Path, help="append the faults to this file")
    parser.add_argument("--list", action="store_true", help="list the entries and stop")
    parser.add_argument("--reached", type=Path, help="write the names of what was called")
    options = parser.parse_args()
    load()
    if any(word.startswith("planted") for word in options.entries):
        from fuzz import planted  # noqa: F401
    words = options.entries or [""]
    exact = [name for name in words if name in ENTRIES]
    names = exact or [name for name in sorted(ENTRIES) if any(w in name for w in words)]
    if options.list or not names:
        print("\n".join(names or sorted(ENTRIES)))
        return 0 if names else 2
    if options.cases == 1 and exact:
        return _replay(exact, options.seed)

    def tell(fault: Fault) -> None:
        if fault.weak and not options.weak:
            return
        what = fault.what.encode("ascii", "backslashreplace").decode()
        print(f"{fault.kind}: {what}\n    at {fault.where}\n    {fault.replay}", flush=True)
        if options.findings:
            with options.findings.open("a") as file:
                what = " ".join(fault.what.split())
                print(f"- {fault.kind} | {fault.where} | {what} | `{fault.replay}`", file=file)

    began = time.monotonic()
    result = runner.run(
        names, seed=options.seed, cases=options.cases, seconds=options.seconds,
        workers=options.workers, hang=options.hang, tell=tell,
    )  # fmt: skip
    if options.reached:
        options.reached.write_text("\n".join(sorted(result.reached)) + "\n")
    n, wall = sum(result.n_cases.values()), time.monotonic() - began
    strong = [f for f in result.faults.values() if not f.weak]
    weak = len(result.faults) - len(strong)
    print(f"{n:,} cases of {len(names)} entries in {wall:.0f} s ({n / wall:,.0f} a second): "
          f"{len(strong)} faults, {weak} messages that name no argument")  # fmt: skip
    return 1 if strong else 0


def _replay(names: list[str], seed: int) -> int:
    """One case in this process, its calls printed."""
    import faulthandler

    faulthandler.enable()
    faulthandler.dump_traceback_later(3 * runner.HANG)
    found = 0
    for name in names:
        for fault in run_case(name, seed, show=True)[0]:
            print(f"{fault.kind}: {fault.what}\n    at {fault.where}\n{fault.trace}")
            found += not fault.weak
    return 1 if found else 0


sys.exit(main())
