/**
 * Which rows of a long list are in sight, so that only those are drawn, and how the page stays where
 * it is when rows come in above.
 *
 * All rows are equally high. Knows nothing of what is in them.
 */

import { type Ref, useEffect, useLayoutEffect, useRef, useState } from "./html.ts";

/** Rows drawn beyond what is in sight, on either side: what the next turn of a wheel shows. */
const MARGIN_ROWS = 20;

/** The slice moves by so many rows at once. */
const STEP_ROWS = 10;

/** Rows from `first` to before `end`. */
export interface VisibleRows {
  readonly first: number;
  readonly end: number;
}

/** Returns the rows to draw of a list at `top` on the screen, seen through a window. */
export function rowsInSight(
  top: number,
  windowHeight: number,
  { count, rowHeight }: { count: number; rowHeight: number },
): VisibleRows {
  const above = Math.floor(-top / rowHeight) - MARGIN_ROWS;
  const below = Math.ceil((windowHeight - top) / rowHeight) + MARGIN_ROWS;
  const bound = (row: number) => Math.min(count, Math.max(0, row));
  return {
    first: bound(Math.floor(above / STEP_ROWS) * STEP_ROWS),
    end: bound(Math.ceil(below / STEP_ROWS) * STEP_ROWS),
  };
}

/** Returns the rows of `list` to draw, and draws the component again as the page is scrolled. */
export function useVisibleRows(
  list: Ref<HTMLElement>,
  { count, rowHeight }: { count: number; rowHeight: number },
): VisibleRows {
  const [slice, setSlice] = useState<VisibleRows>({ first: 0, end: 0 });
  const look = () => {
    const top = list.current?.getBoundingClientRect().top ?? 0;
    const next = rowsInSight(top, innerHeight, { count, rowHeight });
    setSlice((old) => (old.first === next.first && old.end === next.end ? old : next));
  };
  useLayoutEffect(look, [count, rowHeight]);
  useEffect(() => {
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [count, rowHeight]);
  return slice;
}

/** Scrolls along when rows come in above what is read: `keys` are those of all rows. */
export function useSteadyRows(
  list: Ref<HTMLElement>,
  keys: readonly string[],
  rowHeight: number,
): void {
  const before = useRef(keys);
  useLayoutEffect(() => {
    const old = before.current;
    before.current = keys;
    const top = list.current?.getBoundingClientRect().top ?? 0;
    // Who sees the beginning wants to see what comes.
    if (top >= 0) return;
    const row = Math.floor(-top / rowHeight);
    const moved = keys.indexOf(old[row] ?? "");
    if (moved !== -1 && moved !== row) scrollBy({ top: (moved - row) * rowHeight });
  }, [keys]);
}
