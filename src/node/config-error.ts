/**
 * What an operator is told when a setting is wrong: one line with its source, its value and what is
 * allowed.
 *
 * Knows no setting by name. The table is in settings.ts, the order of sources in config.ts.
 */

/** What kind of mistake it is. */
export type ConfigErrorCode =
  | "unknown-setting"
  | "unexpected-argument"
  | "missing-value"
  | "given-twice"
  | "bad-value"
  | "bad-file"
  | "conflict";

/** A setting that the operator must correct: the CLI prints `message` and exits with 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code: ConfigErrorCode;

  constructor(code: ConfigErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Returns ` (did you mean NAME?)` for the candidate nearest to `name`, or nothing if none is near:
 * a wrong suggestion is worse than none.
 */
export function suggest(name: string, candidates: Iterable<string>): string {
  let nearest: string | undefined;
  let nearestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate, nearestDistance);
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
}

/**
 * Letters to insert, delete, change or swap with their neighbour to get from `a` to `b`; `limit` if
 * the lengths alone make it that many.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;

  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap && row > 1 && column > 1 ? (beforePrevious[column - 2] ?? 0) + 1 : limit,
      );
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? limit;
}
