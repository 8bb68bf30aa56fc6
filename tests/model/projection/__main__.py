"""Compares the compiler's projection with the proved one.

python -m tests.model.projection --programs 10000 --seed 1
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.model import extracted
from tests.model.projection import HERE, THEORIES
from tests.model.projection.compare import compare


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=10_000, help="how many random choreographies (10000)")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed (0)")
    parser.add_argument("--folder", type=Path, default=Path("var/projection"), help="where the projector is built")
    options = parser.parse_args()
    if reason := extracted.missing():
        print(f"cannot build the proved projector: {reason}", file=sys.stderr)
        return 1
    began = time.monotonic()
    program = extracted.built(HERE, THEORIES, options.folder)
    told = compare(program, range(options.seed, options.seed + options.programs))
    skipped = ", ".join(f"{count} {why}" for why, count in told.skipped.most_common()) or "none"
    print(
        f"{told.compared} choreographies, {told.words} words: {len(told.differing)} differences; "
        f"not compared: {skipped}; {time.monotonic() - began:.0f} s"
    )
    for one in told.differing[:3]:
        print(one)
    return 1 if told.differing or not told.compared else 0


if __name__ == "__main__":
    sys.exit(main())
