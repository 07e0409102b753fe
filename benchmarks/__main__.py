"""Run the benchmarks and write the report.

    python -m benchmarks [--size full|quick] [--docs FOLDER] [--only EXPRESSION]

The quick size writes to out/benchmarks unless told otherwise, and leaves the README alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks import report

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", choices=("full", "quick"), default="full")
    parser.add_argument("--docs", type=Path, help="folder of the report")
    parser.add_argument("--only", help="a pytest -k expression; the README is left alone")
    arguments = parser.parse_args()

    out = ROOT / "out" / "benchmarks"
    out.mkdir(parents=True, exist_ok=True)
    result = out / f"{arguments.size}.json"
    command = [sys.executable, "-m", "pytest", "benchmarks", "--size", arguments.size]
    command += ["-o", "addopts=", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    command += ["-o", "filterwarnings=default", f"--benchmark-json={result}"]
    command += ["--benchmark-columns=min,median,rounds", "--benchmark-sort=name"]
    if arguments.only:
        command += ["-k", arguments.only]
    result.unlink(missing_ok=True)
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if not result.exists() or result.stat().st_size == 0:
        print(f"no result: pytest ended with code {code}", file=sys.stderr)
        return code or 1
    data = json.loads(result.read_text(encoding="utf-8"))
    whole = arguments.size == "full" and not arguments.only
    docs = arguments.docs or (ROOT / "docs" if whole else out)
    report.write(data, docs, ROOT / "README.md" if whole else None)
    print(f"report: {docs / 'benchmarks.md'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
