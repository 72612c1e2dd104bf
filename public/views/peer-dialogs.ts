/**
 * The questions before a peer is disconnected or its host banned: what it means, for how long, why.
 *
 * Each closes once the node has agreed; what the node has against it is told in the dialog.
 */

import type { Static } from "@sinclair/typebox";
import type { BanView, DisconnectResult, PeerViewType } from "../../src/api/peer-schemas.ts";
import { post, remove } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Dialog } from "../components/dialog.ts";
import { SelectField, TextField } from "../components/form-field.ts";
import { type Outcome, OutcomeNote, outcomeOf } from "../components/outcome.ts";
import { showToast } from "../components/toasts.ts";
import { markStale } from "../dashboard-store.ts";
import { formatTime } from "../format.ts";
import { html, useState } from "../html.ts";
import { nameNode } from "./name-node.ts";

/** Longest reason and address that the API takes, in characters. */
const MAX_REASON_LENGTH = 200;
const MAX_ADDRESS_LENGTH = 64;

const DAY_SECONDS = 86_400;

const SPANS: readonly { value: string; text: string }[] = [
  { value: "3600", text: "an hour" },
  { value: String(DAY_SECONDS), text: "a day" },
  { value: String(7 * DAY_SECONDS), text: "a week" },
  { value: String(30 * DAY_SECONDS), text: "30 days" },
  { value: String(366 * DAY_SECONDS), text: "a year" },
];

/** Whom to ban: by what the API calls it, and the host as it is shown. */
export interface BanTarget {
  readonly id: string;
  /** Empty to be asked for. */
  readonly host: string;
}

interface DisconnectDialogProps {
  /** Undefined while nothing is asked. */
  readonly peer: PeerViewType | undefined;
  readonly onClose: () => void;
}

/** Asks before a connection is ended. */
export function DisconnectDialog({ peer, onClose }: DisconnectDialogProps) {
  return html`<${Dialog} title="Disconnect this peer?" isOpen=${peer !== undefined} onClose=${onClose}>
    ${peer === undefined ? null : html`<${DisconnectQuestion} peer=${peer} onClose=${onClose} />`}
  </${Dialog}>`;
}

interface BanDialogProps {
  /** Undefined while nothing is asked. */
  readonly target: BanTarget | undefined;
  readonly onClose: () => void;
}

/** Asks for how long and why a host is banned. */
export function BanDialog({ target, onClose }: BanDialogProps) {
  return html`<${Dialog} title="Ban a host" isOpen=${target !== undefined} onClose=${onClose}>
    ${target === undefined ? null : html`<${BanForm} target=${target} onClose=${onClose} />`}
  </${Dialog}>`;
}

function DisconnectQuestion({ peer, onClose }: { peer: PeerViewType; onClose: () => void }) {
  const { isRunning, run } = useAction();
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const disconnect = () =>
    run(async () => {
      const told = await outcomeOf(async () => {
        const { forgotten } = await remove<Static<typeof DisconnectResult>>(
          `/api/peers/${peer.id}`,
        );
        const also = forgotten ? " It is not dialled any more." : "";
        return { isGood: true, text: `${peer.address} is disconnected.${also}` };
      });
      markStale(["peers"]);
      setOutcome(told);
      if (!told.isGood) return;
      showToast(told.text, "good");
      onClose();
    });
  return html`<div class="flex flex-col gap-3">
    <p class="break-words">${nameNode(peer)}, ${peer.address}</p>
    <p class="text-[0.8125rem] text-muted">
      It is not dialled for five minutes, and forgotten if it was named by hand. It may dial this
      node again: to keep it away, ban it.
    </p>
    <${OutcomeNote} outcome=${outcome} />
    <div class="flex justify-end gap-2">
      <${Button} onClick=${onClose}>Cancel</${Button}>
      <${Button} isMain=${true} isDisabled=${isRunning} onClick=${disconnect}>Disconnect now</${Button}>
    </div>
  </div>`;
}

function BanForm({ target, onClose }: { target: BanTarget; onClose: () => void }) {
  const { isRunning, run } = useAction();
  const [host, setHost] = useState("");
  const [seconds, setSeconds] = useState(String(DAY_SECONDS));
  const [reason, setReason] = useState("");
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const ban = (event: Event) => {
    event.preventDefault();
    run(async () => {
      const id = encodeURIComponent(target.host === "" ? host.trim() : target.id);
      const told = await outcomeOf(async () => {
        const body = { seconds: Number(seconds), reason: reason.trim() };
        const { host: banned, until } = await post<BanView>(`/api/peers/${id}/ban`, body);
        return { isGood: true, text: `${banned} is banned until ${formatTime(until)}.` };
      });
      markStale(["peers"]);
      setOutcome(told);
      if (!told.isGood) return;
      showToast(told.text, "good");
      onClose();
    });
  };
  return html`<form onSubmit=${ban} class="flex flex-col gap-3">
    ${
      target.host === ""
        ? html`<${TextField} label="IP address" placeholder="192.168.1.5" isRequired=${true} maxLength=${MAX_ADDRESS_LENGTH} value=${host} onChange=${setHost} />`
        : html`<p>All connections with <strong class="break-words">${target.host}</strong> end, and none come about until the ban does, also after a restart.</p>`
    }
    <${SelectField} label="For" value=${seconds} options=${SPANS} onChange=${setSeconds} />
    <${TextField} label="Reason, for yourself" placeholder="floods" maxLength=${MAX_REASON_LENGTH} value=${reason} onChange=${setReason} />
    <${OutcomeNote} outcome=${outcome} />
    <div class="flex justify-end gap-2">
      <${Button} onClick=${onClose}>Cancel</${Button}>
      <${Button} type="submit" isMain=${true} isDisabled=${isRunning}>Ban this host</${Button}>
    </div>
  </form>`;
}
