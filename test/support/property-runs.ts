/**
 * How often a property is tried: a few seconds' worth in the ordinary run, many times that on demand.
 *
 * `CAIRN_PROPERTY_FACTOR=50` tries each fifty times as often. On failure fast-check prints the seed
 * and the path to the smallest case; `CAIRN_PROPERTY_SEED` runs that seed again.
 */

const FACTOR = Number(process.env.CAIRN_PROPERTY_FACTOR ?? "1");
const SEED = process.env.CAIRN_PROPERTY_SEED;

/** Milliseconds that a test of properties may take: what the ordinary run needs, many times over. */
export const PROPERTY_TIMEOUT_MS = 20_000 * FACTOR;

/** Settings of fast-check for a property that is tried `count` times in the ordinary run. */
export function runs(count: number) {
  const numRuns = Math.max(1, Math.round(count * FACTOR));
  const settings = { numRuns, includeErrorInReport: true };
  return SEED === undefined ? settings : { ...settings, seed: Number(SEED) };
}
