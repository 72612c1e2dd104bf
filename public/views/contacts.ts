/**
 * The address book: names for other people's addresses, to be paid by name.
 *
 * Kept by the node, for all its wallets.
 */

import type { ListedWalletViewType } from "../../src/api/wallet-schemas.ts";
import { put, remove } from "../api-client.ts";
import { useAction, useAttempt } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { Dialog } from "../components/dialog.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { EmptyState, ProblemNote } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { TextField } from "../components/text-field.ts";
import { showToast } from "../components/toasts.ts";
import { Fragment, html, useState } from "../html.ts";
import { useQuery } from "../use-query.ts";
import { walletPage } from "../wallet-paths.ts";

/** Somebody who is paid by name. */
export interface Contact {
  readonly name: string;
  readonly address: string;
  readonly note: string;
  readonly createdAt: number;
}

const MAX_NAME_LENGTH = 64;
const MAX_ADDRESS_LENGTH = 128;
const MAX_NOTE_LENGTH = 255;

const NOBODY: Contact = { name: "", address: "", note: "", createdAt: 0 };

/** The book, and ways to change it. */
export function ContactsView() {
  const query = useQuery<{ contacts: Contact[] }>("/api/contacts");
  const wallets = useQuery<{ wallets: ListedWalletViewType[] }>("/api/wallets");
  const [edited, setEdited] = useState<Contact | undefined>(undefined);
  const [paid, setPaid] = useState<Contact | undefined>(undefined);
  const action = useAction();
  const drop = ({ name }: Contact) => {
    action.run(async () => {
      await remove(`/api/contacts/${encodeURIComponent(name)}`);
      showToast(`${name} is no longer in the address book.`);
      query.reload();
    });
  };
  const payers = wallets.answer?.wallets.filter(({ kind }) => kind !== null) ?? [];
  const add = html`<${Button} isMain=${true} onClick=${() => setEdited(NOBODY)}>Add a contact</${Button}>`;
  return html`<${Fragment}>
    <${PageTitle}
      title="Address book"
      note=${html`<a href="/wallet" class="hover:text-text hover:underline">All wallets</a>`}
      actions=${add}
    />
    <${Card} title="Contacts" isFlush=${true}>
      <${Loaded} query=${query}>
        ${({ contacts }: { contacts: Contact[] }) => html`<${Table}
          caption="Contacts"
          columns=${columnsOf({ onPay: setPaid, onEdit: setEdited, onRemove: drop })}
          rows=${contacts}
          keyOf=${({ name }: Contact) => name}
          empty=${html`<${EmptyState} title="Nobody is in it yet">Who is can be paid by name, from every wallet of this node.</${EmptyState}>`}
        />`}
      </${Loaded}>
    </${Card}>
    <${Dialog}
      title=${edited === NOBODY ? "Add a contact" : "Change a contact"}
      isOpen=${edited !== undefined}
      onClose=${() => setEdited(undefined)}
    >
      ${
        edited === undefined
          ? null
          : html`<${ContactForm}
              contact=${edited}
              onSaved=${() => {
                setEdited(undefined);
                query.reload();
              }}
            />`
      }
    </${Dialog}>
    <${Dialog} title=${`Pay ${paid?.name ?? ""}`} isOpen=${paid !== undefined} onClose=${() => setPaid(undefined)}>
      <p class="mb-3 text-sm text-muted">From which wallet?</p>
      <ul class="flex flex-col gap-1">
        ${payers.map(
          ({ name }) => html`<li>
            <a
              href=${`${walletPage(name, "send")}?to=${encodeURIComponent(paid?.name ?? "")}`}
              class="text-accent hover:underline"
            >
              ${name}
            </a>
          </li>`,
        )}
      </ul>
    </${Dialog}>
  </${Fragment}>`;
}

interface ContactActions {
  readonly onPay: (contact: Contact) => void;
  readonly onEdit: (contact: Contact) => void;
  readonly onRemove: (contact: Contact) => void;
}

function columnsOf({ onPay, onEdit, onRemove }: ContactActions): readonly Column<Contact>[] {
  return [
    {
      title: "Name",
      cell: ({ name }) =>
        html`<span class="font-medium break-words whitespace-normal">${name}</span>`,
    },
    {
      title: "Address",
      isWide: true,
      cell: ({ address }) => html`<${Hash}
        value=${address}
        href=${`/address/${address}`}
        label="the address"
        ends=${10}
      />`,
    },
    {
      title: "Note",
      isWide: true,
      cell: ({ note }) => html`<span class="break-words whitespace-normal">${note}</span>`,
    },
    {
      title: "",
      isWide: true,
      cell: (contact) => html`<span class="flex flex-wrap justify-end gap-2">
        <${Button} onClick=${() => onPay(contact)}>Pay</${Button}>
        <${Button} onClick=${() => onEdit(contact)}>Change</${Button}>
        <${Button} onClick=${() => onRemove(contact)}>Remove</${Button}>
      </span>`,
    },
  ];
}

function ContactForm({ contact, onSaved }: { contact: Contact; onSaved: () => void }) {
  const [name, setName] = useState(contact.name);
  const [address, setAddress] = useState(contact.address);
  const [note, setNote] = useState(contact.note);
  const attempt = useAttempt();
  const isNew = contact === NOBODY;
  const submit = (event: Event) => {
    event.preventDefault();
    attempt.run(async () => {
      const body = { address: address.trim(), note: note.trim() };
      await put(`/api/contacts/${encodeURIComponent(name.trim())}`, body);
      onSaved();
    });
  };
  return html`<form onSubmit=${submit} class="flex flex-col gap-4">
    <${TextField}
      label="Name"
      value=${name}
      isRequired=${true}
      isDisabled=${!isNew}
      maxLength=${MAX_NAME_LENGTH}
      onInput=${setName}
    />
    <${TextField}
      label="Address"
      value=${address}
      isMono=${true}
      isRequired=${true}
      maxLength=${MAX_ADDRESS_LENGTH}
      onInput=${setAddress}
    />
    <${TextField} label="Note" value=${note} maxLength=${MAX_NOTE_LENGTH} onInput=${setNote} />
    <${ProblemNote} problem=${attempt.problem} />
    <${Button} type="submit" isMain=${true} isDisabled=${attempt.isRunning}>Save</${Button}>
  </form>`;
}
