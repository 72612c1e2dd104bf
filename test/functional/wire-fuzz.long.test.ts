/**
 * The long run of the fuzz: ten million mutated inputs over every decoder of peers' bytes.
 *
 * `WIRE_FUZZ_SEED` draws other inputs than the usual ones.
 */

import { describe, expect, test } from "bun:test";
import { formatFigures, fuzzDecoders } from "../support/wire-fuzz.ts";

const SEED = Number(process.env.WIRE_FUZZ_SEED ?? 20_260_407);
const INPUTS = 10_000_000;
const TIMEOUT_MS = 3_600_000;

describe("all decoders", () => {
  test(
    "P-52: throw nothing but DecodeError on 10,000,000 mutated inputs, none slower than 100 ms",
    () => {
      const figures = fuzzDecoders(SEED, INPUTS);
      console.log(formatFigures(figures));
      expect(figures.accepted + figures.refused).toBe(INPUTS);
      expect(figures.slowestMs).toBeLessThan(100);
    },
    TIMEOUT_MS,
  );
});
