/**
 * An amount: in coins, exact, with the sats on hover.
 *
 * What comes in and goes out is told by sign and colour, never by colour alone.
 */

import { formatCoins, formatSats, NOTHING } from "../format.ts";
import { html } from "../html.ts";

/** `sats` as coins; with `isChange`, signed and coloured. Null is shown as nothing known. */
export function Amount({ sats, isChange = false }: { sats: number | null; isChange?: boolean }) {
  if (sats === null) return html`<span class="text-muted">${NOTHING}</span>`;
  const tone = !isChange || sats === 0 ? "" : sats > 0 ? "text-good" : "text-bad";
  const sign = isChange && sats > 0 ? "+" : "";
  return html`<span class=${`whitespace-nowrap ${tone}`} title=${formatSats(sats)}>
    ${sign}${formatCoins(sats)}
  </span>`;
}
