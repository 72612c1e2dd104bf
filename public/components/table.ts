/**
 * A table of rows that come and go: columns where there is room, cards on a phone, and a mark on
 * every row that arrived while somebody looked.
 */

import { type Children, html, useEffect, useRef } from "../html.ts";

/** One column, and how a row fills it. */
export interface Column<Row> {
  readonly title: string;
  readonly isNumeric?: boolean;
  /** True if it needs the whole width of a card; the first column has it always. */
  readonly isWide?: boolean;
  readonly cell: (row: Row) => Children;
}

interface TableProps<Row> {
  /** What the table shows, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Tells rows apart, and new ones from old ones. */
  readonly keyOf: (row: Row) => string;
  /** In the place of rows, if there are none. */
  readonly empty?: Children;
}

/** A table; `rows` in the order in which they are shown. */
export function Table<Row>({ caption, columns, rows, keyOf, empty }: TableProps<Row>) {
  const known = useRef<ReadonlySet<string> | undefined>(undefined);
  const arrived = useRef(new Set<string>());
  const keys = rows.map(keyOf);
  if (known.current !== undefined) {
    for (const key of keys) if (!known.current.has(key)) arrived.current.add(key);
  }
  useEffect(() => {
    if (keys.length > 0) known.current = new Set(keys);
    for (const key of arrived.current) if (!keys.includes(key)) arrived.current.delete(key);
  });
  if (rows.length === 0 && empty !== undefined) return empty;
  return html`<table role="table" class="rows">
    <caption class="sr-only">${caption}</caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map(
          ({ title, isNumeric }) =>
            html`<th role="columnheader" scope="col" class=${isNumeric ? "figures" : ""}>${title}</th>`,
        )}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map((row, index) => {
        const key = keys[index] ?? "";
        return html`<tr role="row" key=${key} data-new=${arrived.current.has(key) ? "" : undefined}>
          ${columns.map(
            ({ title, isNumeric, isWide, cell }) =>
              html`<td role="cell" data-label=${title} data-wide=${isWide ? "" : undefined} class=${isNumeric ? "figures" : ""}>
                <span class="min-w-0">${cell(row)}</span>
              </td>`,
          )}
        </tr>`;
      })}
    </tbody>
  </table>`;
}
