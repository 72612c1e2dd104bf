/**
 * Waiting for what another process does: looks again and again, until a deadline.
 *
 * For whole processes only, which tell nothing of themselves; within one process there are events.
 */

const LOOK_INTERVAL_MS = 40;

/**
 * Looks until there is something true, and returns it. Throws once `limitMs` have passed, with `what`
 * was waited for and what was seen last.
 */
export async function until<Seen>(
  what: string,
  look: () => Seen | Promise<Seen>,
  limitMs = 30_000,
  describe: () => string | Promise<string> = () => "",
): Promise<Exclude<Seen, false | undefined | null>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== undefined && seen !== null) {
      return seen as Exclude<Seen, false | undefined | null>;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${limitMs} ms: ${what} ${await describe()}`.trimEnd());
    }
    await Bun.sleep(LOOK_INTERVAL_MS);
  }
}

/** Returns the share `fraction` of `values` from below: 0.5 is the median. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? Number.NaN;
}
