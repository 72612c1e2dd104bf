/**
 * Pages of a list: how many rows at most, and a cursor that says where the next page begins.
 *
 * A cursor is a text of decimal numbers, opaque to clients. Knows nothing of what the rows are.
 */

/** Which page of a list is wanted. */
export interface PageRequest {
  /** 1..MAX_PAGE_ROWS; more is cut, so that no answer is without bound. */
  readonly limit: number;
  /** `nextCursor` of the page before; the first page without it. */
  readonly cursor?: string | undefined;
}

/** One page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Undefined on the last page. */
  readonly nextCursor: string | undefined;
}

/** Most rows of one page: enough for the inputs of nearly all transactions at once. */
export const MAX_PAGE_ROWS = 1_000;

/** A cursor that no page gave: the client's fault. */
export class CursorError extends Error {
  override readonly name = "CursorError";
}

const NUMBER_PATTERN = /^(?:0|[1-9]\d{0,15})$/;

/** Returns the rows to read for a page of `limit`: one more tells whether another page follows. */
export function rowsToRead(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError("a page has at least one row");
  return Math.min(limit, MAX_PAGE_ROWS) + 1;
}

/** Makes a page of what `rowsToRead` rows gave; `cursorOf` the last row shown leads to the next. */
export function makePage<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string,
): Page<Row> {
  const most = Math.min(limit, MAX_PAGE_ROWS);
  const shown = rows.length > most ? rows.slice(0, most) : rows;
  const last = shown.at(-1);
  const nextCursor = rows.length > most && last !== undefined ? cursorOf(last) : undefined;
  return { rows: shown, nextCursor };
}

/** Returns the numbers of a cursor, or `first` without one; CursorError unless there are as many. */
export function parseCursor(
  cursor: string | undefined,
  first: readonly number[],
): readonly number[] {
  if (cursor === undefined) return first;
  const parts = cursor.split(":");
  if (parts.length !== first.length || !parts.every((part) => NUMBER_PATTERN.test(part))) {
    throw new CursorError("not a cursor of this list");
  }
  return parts.map(Number);
}

/** Returns the cursor of these numbers. */
export function formatCursor(...numbers: readonly number[]): string {
  return numbers.join(":");
}

/** Returns a page of a list that is in memory as a whole: its cursor is how many came before. */
export function slicePage<Row>(all: readonly Row[], { limit, cursor }: PageRequest): Page<Row> {
  const [first = 0] = parseCursor(cursor, [0]);
  const next = first + Math.min(limit, MAX_PAGE_ROWS);
  const nextCursor = next < all.length ? formatCursor(next) : undefined;
  return { rows: all.slice(first, next), nextCursor };
}
