/**
 * Why the node has no peers, and what to do about it, in the node's own words.
 *
 * Shown only while it is alone.
 */

import type { AloneView } from "../../src/api/peer-schemas.ts";
import { Age } from "../components/age.ts";
import { Icon } from "../components/icon.ts";
import { html } from "../html.ts";

/** The reasons and the advice; nothing where there are peers. */
export function AloneAdvice({ alone }: { alone: AloneView | null }) {
  if (alone === null) return null;
  const { reasons, advice, discovery } = alone;
  const heardAt = discovery?.lastHeardAt ?? null;
  return html`<section aria-labelledby="alone-title" class="rounded-xl border border-accent bg-tint px-4 py-3">
    <h2 id="alone-title" class="flex items-center gap-2 font-semibold">
      <span class="text-accent"><${Icon} name="warning" size=${1.1} /></span>This node is alone
    </h2>
    <ul class="mt-1 list-disc space-y-1 pl-5">
      ${reasons.map(({ code, detail }) => html`<li key=${code + detail} class="break-words">${detail}</li>`)}
    </ul>
    <p class="mt-2 break-words">${advice}</p>
    ${heardAt === null ? null : html`<p class="mt-1 text-[0.8125rem] text-muted">Others were heard last <${Age} timeMs=${heardAt} />.</p>`}
  </section>`;
}
