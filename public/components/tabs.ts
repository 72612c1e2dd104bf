/**
 * Ways to the parts of one thing: plain links, so that each part has an address.
 *
 * What the parts are is known to the view.
 */

import { html, useEffect, useRef } from "../html.ts";

interface TabsProps {
  readonly label: string;
  readonly tabs: readonly { readonly href: string; readonly text: string }[];
  /** Of the part that is shown. */
  readonly current: string;
}

/** A row of links, one of which is here; scrolled so that it is seen. */
export function Tabs({ label, tabs, current }: TabsProps) {
  const row = useRef<HTMLElement>(null);
  useEffect(() => {
    const here = row.current?.querySelector<HTMLElement>("[aria-current]");
    if (here && row.current) row.current.scrollLeft = here.offsetLeft - row.current.offsetLeft - 48;
  }, [current]);
  return html`<nav ref=${row} aria-label=${label} class="overflow-x-auto border-b border-line">
    <ul class="flex gap-1">
      ${tabs.map(({ href, text }) => {
        const isHere = href === current;
        const look = isHere
          ? "border-accent text-text font-medium"
          : "border-transparent text-muted hover:text-text";
        return html`<li>
          <a
            href=${href}
            aria-current=${isHere ? "page" : undefined}
            class=${`inline-block border-b-2 px-2.5 pt-1 pb-2 whitespace-nowrap -outline-offset-2! ${look}`}
          >
            ${text}
          </a>
        </li>`;
      })}
    </ul>
  </nav>`;
}
