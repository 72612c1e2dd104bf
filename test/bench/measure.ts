/**
 * What the benches share: medians and one form of printed line.
 */

/** Returns the middle one of `values`. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Prints `name`, a figure to three significant digits, and its unit. */
export function report(name: string, value: number, unit: string): void {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const figure = value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  console.log(`${name.padEnd(44)} ${figure.padStart(10)} ${unit}`);
}
