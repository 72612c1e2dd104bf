/**
 * The ordinary run of the fuzz: every decoder of peers' bytes, some 6,000 inputs each.
 */

import { describe, expect, test } from "bun:test";
import { formatFigures, fuzzDecoders } from "../../support/wire-fuzz.ts";

const SEED = 20_260_406;
const INPUTS = 200_000;
/** Some five seconds of work, on machines that may be busy. */
const TIMEOUT_MS = 120_000;

describe("all decoders", () => {
  test(
    "P-52: throw nothing but DecodeError on 200,000 mutated inputs, and are quick",
    () => {
      const figures = fuzzDecoders(SEED, INPUTS);
      console.log(formatFigures(figures));
      expect(figures.accepted + figures.refused).toBe(INPUTS);
      // A fuzz whose inputs are all refused at once, or all pass, would test nothing.
      expect(figures.accepted).toBeGreaterThan(INPUTS / 20);
      expect(figures.refused).toBeGreaterThan(INPUTS / 4);
      expect(figures.slowestMs).toBeLessThan(100);
    },
    TIMEOUT_MS,
  );
});
