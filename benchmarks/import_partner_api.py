"""What `import partner_api` costs a plug-in: `python benchmarks/import_partner_api.py`.

Starts the interpreter many times with nothing, with attrs and with the contract, in turns, so that
a slow moment of the machine meets all three alike. Prints medians, quartiles and the cost beyond
the bare interpreter; ends with status 1 if the contract costs more than its budget.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 40
BUDGET_MS = 80.0
CASES = {
    "python -c pass": "pass",
    "import attrs": "import attrs",
    "import partner_api": "import partner_api",
}


def start_ms(code: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - begin) * 1000


def measure(rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in CASES}
    for code in CASES.values():
        start_ms(code)  # writes the bytecode and warms the disk cache
    for _ in range(rounds):
        for name, code in CASES.items():
            times[name].append(start_ms(code))
    return times


def report(times: dict[str, list[float]]) -> float:
    bare = statistics.median(times["python -c pass"])
    beyond = 0.0
    print(f"{'':20}{'median ms':>10}{'quartiles ms':>16}{'beyond bare ms':>16}")
    for name, series in times.items():
        low, middle, high = statistics.quantiles(series, n=4)
        beyond = middle - bare
        print(f"{name:20}{middle:10.1f}{f'{low:.1f} - {high:.1f}':>16}{beyond:16.1f}")
    return beyond


def main() -> int:
    cost = report(measure(ROUNDS))
    print(
        f"{ROUNDS} rounds; importing partner_api may cost {BUDGET_MS:.0f} ms, costs {cost:.1f} ms"
    )
    return 0 if cost <= BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
