/**
 * Feerates in a few bands that are always there, so that a chart of them never changes its shape.
 *
 * Pure; made from the finer histogram that the API gives, whose bounds need not be known here.
 */

import type { MempoolSummaryView } from "../src/api/transaction-schemas.ts";
import { formatDecimal } from "./format.ts";

/** Lower bounds in sat per virtual byte; the last band has no end. */
const BOUNDS = [0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000] as const;

/** What pays between two feerates. */
export interface FeerateBand {
  /** Sats per virtual byte, inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** As it stands below the bar. */
  readonly label: string;
  /** The whole range in words. */
  readonly range: string;
  readonly count: number;
  readonly virtualSize: number;
  readonly fees: number;
}

/** Returns every band, lowest first, with what of `histogram` begins in it. */
export function bandsOf(histogram: MempoolSummaryView["histogram"]): FeerateBand[] {
  return BOUNDS.map((from, index) => {
    const to = BOUNDS[index + 1] ?? Number.POSITIVE_INFINITY;
    const inside = histogram.filter(({ feerate }) => feerate >= from && feerate < to);
    return {
      from,
      to,
      label: from < 1_000 ? String(from) : `${from / 1_000}k+`,
      range: rangeOf(from, to),
      count: sumOf(inside.map(({ count }) => count)),
      virtualSize: sumOf(inside.map(({ virtualSize }) => virtualSize)),
      fees: sumOf(inside.map(({ fees }) => fees)),
    };
  });
}

/** Returns virtual bytes and fees of all that waits. */
export function totalsOf(histogram: MempoolSummaryView["histogram"]) {
  return {
    virtualSize: sumOf(histogram.map(({ virtualSize }) => virtualSize)),
    fees: sumOf(histogram.map(({ fees }) => fees)),
  };
}

function rangeOf(from: number, to: number): string {
  if (to === Number.POSITIVE_INFINITY) return `${formatDecimal(from)} sat/vB and more`;
  if (from === 0) return `below ${formatDecimal(to)} sat/vB`;
  return `${formatDecimal(from)} to ${formatDecimal(to)} sat/vB`;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
