#!/usr/bin/env python3
"""Model of cairn's difficulty rule, written from the specification and sharing no code with src/.

Writes difficulty-cairn.json beside itself: `python3 test/vectors/difficulty-cairn.py`.

The rule: at heights divisible by 100, new target = old target * (T[h-1] - T[h-101]) / 1000 s; in the
first period T[1] is the earliest time, so 98 intervals of 10 s are expected. Within a quarter and
four times, at most the network's limit, cut to compact form. Python's integers are exact.
"""

import json
import pathlib

INTERVAL = 100
SPACING = 10
LIMIT = 0x7FFFFF << 232
GENESIS_TIME = 1767225600


def expand(bits):
    size, mantissa = bits >> 24, bits & 0xFFFFFF
    assert 0 < mantissa < 0x800000
    return mantissa * 256 ** (size - 3) if size >= 3 else mantissa // 256 ** (3 - size)


def compact(target):
    size = 1
    while target >= 256**size:
        size += 1
    # A mantissa of 0x800000 and more would read as negative.
    if target // 256 ** (size - 1) >= 128:
        size += 1
    mantissa = target * 256**3 // 256**size
    return size * 2**24 + mantissa


def scale(bits, span, expected):
    span = min(max(span, expected // 4), expected * 4)
    return compact(min(max(expand(bits) * span // expected, 1), LIMIT))


def chain_bits(first_bits, times):
    """Bits of every block, `times[h]` being the time of the block at height h."""
    bits = [first_bits]
    for height in range(1, len(times)):
        if height % INTERVAL:
            bits.append(bits[-1])
            continue
        first = max(1, height - INTERVAL - 1)
        intervals = height - 1 - first
        span = times[height - 1] - times[first]
        bits.append(scale(bits[-1], span, intervals * SPACING))
    return bits


def chance(seed):
    """Numbers of 0 to 2**31 - 1 (Park and Miller)."""
    while True:
        seed = seed * 48271 % 0x7FFFFFFF
        yield seed


def steady(spacing):
    return lambda height: spacing


def scattered(seed, most):
    numbers = chance(seed)
    return lambda height: next(numbers) % (most + 1)


def restless(seed):
    """Times that also go back, as far as the median rule leaves them room."""
    numbers = chance(seed)
    return lambda height: next(numbers) % 61 - 20


def alternating(*spacings):
    """One spacing for each period, over and over."""
    return lambda height: spacings[height // INTERVAL % len(spacings)]


SCENARIOS = [
    ("exactly on time", 0x1E0FFFFF, 401, steady(10)),
    ("twice as fast", 0x1E0FFFFF, 401, steady(5)),
    ("three times too slow", 0x1E0FFFFF, 401, steady(30)),
    ("so fast that the clamp holds", 0x1E0FFFFF, 601, steady(1)),
    ("so slow that the clamp holds", 0x1E0FFFFF, 601, steady(60)),
    ("so slow that the limit holds", 0x200FFFFF, 601, steady(25)),
    ("all at one time", 0x1D7FFFFF, 401, steady(0)),
    ("bursts and pauses", 0x1C123456, 801, alternating(2, 45, 10, 9, 11)),
    ("scattered around the aim", 0x1E0FFFFF, 1001, scattered(1, 20)),
    ("scattered, faster", 0x1B7A5C31, 1001, scattered(2, 13)),
    ("back and forth", 0x1E0FFFFF, 1001, restless(3)),
    ("near the smallest target", 0x01010000, 401, alternating(1, 9, 41, 10)),
]

SCALED_BITS = [0x207FFFFF, 0x200FFFFF, 0x1E0FFFFF, 0x1D00FFFF, 0x1C123456, 0x1B0404CB, 0x03123456,
               0x0300FFFF, 0x02123400, 0x01010000, 0x017F0000]
SPANS = {
    1000: [-2147483648, -1, 0, 1, 249, 250, 251, 500, 999, 1000, 1001, 2500, 3999, 4000, 4001,
           4294967295],
    980: [-1, 0, 1, 244, 245, 246, 979, 980, 981, 3919, 3920, 3921],
}


def run(name, first_bits, count, spacing_at):
    # Genesis lies long in the past: the step to block 1 must not count.
    steps = [86400 * 200] + [spacing_at(height) for height in range(2, count)]
    times = [GENESIS_TIME]
    for step in steps:
        times.append(times[-1] + step)
    bits = chain_bits(first_bits, times)
    changes = [[h, f"{bits[h]:08x}"] for h in range(1, count) if bits[h] != bits[h - 1]]
    return {"name": name, "firstBits": f"{first_bits:08x}", "steps": steps, "changes": changes}


def main():
    scaled = [
        {"bits": f"{bits:08x}", "actual": span, "expected": expected,
         "result": f"{scale(bits, span, expected):08x}"}
        for expected, spans in SPANS.items()
        for bits in SCALED_BITS
        for span in spans
    ]
    scenarios = [run(*scenario) for scenario in SCENARIOS]
    lines = [
        "{",
        ' "source": "difficulty-cairn.py, a model written from the specification",',
        f' "limit": "{LIMIT:064x}",',
        ' "scaled": [',
        ",\n".join("  " + json.dumps(row) for row in scaled),
        " ],",
        ' "scenarios": [',
        ",\n".join("  " + json.dumps(row) for row in scenarios),
        " ]",
        "}",
    ]
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
