/**
 * Hosts that are kept away: banned by hand, or discouraged for what they did; and how to forgive
 * them.
 *
 * How a ban is made is in peer-dialogs.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { BanPage } from "../../src/api/peer-schemas.ts";
import { remove } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { showToast } from "../components/toasts.ts";
import { markStale } from "../dashboard-store.ts";
import { formatDuration, formatTime, NOTHING } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";
import { BanDialog } from "./peer-dialogs.ts";

type BanAnswer = Static<typeof BanPage>;

interface Row {
  readonly host: string;
  readonly end: string;
  readonly reason: string;
}

/** A card of bans. */
export function BanList({ bans, discouraged }: Pick<BanAnswer, "bans" | "discouraged">) {
  const { isRunning, run } = useAction();
  const [isAsking, ask] = useState(false);
  const lift = (host: string) =>
    run(async () => {
      await remove(`/api/peers/${encodeURIComponent(host)}/ban`);
      showToast(`${host} may connect again.`, "good");
      markStale(["peers"]);
    });
  const rows: Row[] = [
    ...bans.map(({ host, until, reason }) => ({ host, end: formatTime(until), reason })),
    ...discouraged.map(({ host, secondsLeft }) => ({
      host,
      end: `in ${formatDuration(secondsLeft)}`,
      reason: "It misbehaved.",
    })),
  ];
  const columns: readonly Column<Row>[] = [
    { title: "Host", isWide: true, cell: ({ host }) => host },
    { title: "Until", isWide: true, cell: ({ end }) => end },
    {
      title: "Reason",
      isWide: true,
      cell: ({ reason }) =>
        html`<span class="inline-block max-w-80 truncate align-bottom" title=${reason}>${reason === "" ? NOTHING : reason}</span>`,
    },
    {
      title: "Actions",
      isWide: true,
      cell: ({ host }) => html`<span class="flex justify-end sm:justify-start">
        <${Button} isDisabled=${isRunning} onClick=${() => lift(host)}>Lift the ban</${Button}>
      </span>`,
    },
  ];
  const actions = html`<${Button} onClick=${() => ask(true)}>Ban an address</${Button}>`;
  const empty = html`<${EmptyState} title="Nobody is banned">Hosts that misbehave are kept away for a while by themselves, and shown here.</${EmptyState}>`;
  return html`<${Fragment}>
    <${Card} title="Bans" actions=${actions} isFlush=${true}>
      <${Table} caption="Bans" columns=${columns} rows=${rows} keyOf=${({ host, end }: Row) => `${host} ${end}`} empty=${empty} />
    </${Card}>
    <${BanDialog} target=${isAsking ? { id: "", host: "" } : undefined} onClose=${() => ask(false)} />
  </${Fragment}>`;
}
