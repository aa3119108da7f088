"""Every order of four tracks' events judged: `python benchmarks/judge_orders.py [--rounds N]`.

Each track is answered, its completion is called and returns: 12 events, 369,600 orders in which
each track keeps its own. All are judged by the table of the protocol; none may break a clause. Then
one track is answered twice: every order of these has to be found.
"""

import argparse
import statistics
import sys
import time

from partner_api.transaction import TrackEvent
from player_host.conformance.orders import GRANT, SOUND, Judged, judge_orders

TRACKS = 4
ORDERS = 369_600
BUDGET_S = 10.0


def timed(lives: list[tuple[TrackEvent, ...]]) -> tuple[Judged, float]:
    begin = time.perf_counter()
    judged = judge_orders(lives)
    return judged, time.perf_counter() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    sound = [timed([SOUND] * TRACKS) for _ in range(rounds)]
    seconds = [one for _, one in sound]
    judged = sound[0][0]
    print(f"{judged.orders} orders of {TRACKS} tracks judged, {judged.breached} break a clause")
    print(
        f"median {statistics.median(seconds):.2f} s, {min(seconds):.2f} - {max(seconds):.2f} s,"
        f" {judged.orders / statistics.median(seconds):.0f} a second"
    )
    twice, took = timed([(GRANT, *SOUND), SOUND, SOUND])
    print(f"{twice.orders} orders with a repetition: {twice.breached} found, {took:.2f} s")
    right = judged == Judged(ORDERS, 0) and twice.breached == twice.orders
    return 0 if right and statistics.median(seconds) <= BUDGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
