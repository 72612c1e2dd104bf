/**
 * The first few of a list, and the rest for who asks.
 *
 * For lists beside the main thing of a page; what is read page by page has pagination.ts.
 */

import { Button } from "../components/button.ts";
import { html, useState, type View } from "../html.ts";

/** Items shown at first. */
const FEW = 3;

interface ShortListProps<Item> {
  /** What is listed, for screen readers. */
  readonly label: string;
  readonly items: readonly Item[];
  /** Makes an `li` of an item. */
  readonly children: (item: Item) => View;
}

/** A list of `items` with a button for those beyond the first. */
export function ShortList<Item>({ label, items, children }: ShortListProps<Item>) {
  const [isLong, setLong] = useState(false);
  const shown = isLong ? items : items.slice(0, FEW);
  return html`<div>
    <ul aria-label=${label} class="divide-y divide-line">${shown.map(children)}</ul>
    ${
      items.length <= FEW
        ? null
        : html`<p class="border-t border-line px-4 py-2">
            <${Button} onClick=${() => setLong(!isLong)}>${isLong ? "Show few" : `Show all ${items.length}`}<span class="sr-only"> of ${label}</span></${Button}>
          </p>`
    }
  </div>`;
}
