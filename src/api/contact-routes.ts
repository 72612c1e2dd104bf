/**
 * Routes of the address book: names for other people's addresses.
 *
 * Handlers only put parts together; which names are taken is the wallets' to say.
 */

import { Type } from "@sinclair/typebox";
import { MAX_CONTACT_NOTE_LENGTH } from "../storage/contact-store.ts";
import type { ApiContext } from "./api-context.ts";
import { describe, type Operation } from "./operation.ts";
import { readBody, readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { exact, Milliseconds, NoBody, NoQuery } from "./schemas.ts";
import { EXAMPLE_ADDRESS } from "./wallet-examples.ts";
import { Removed } from "./wallet-schemas.ts";

const ContactBody = exact({
  address: Type.String({ maxLength: 128 }),
  note: Type.Optional(Type.String({ maxLength: MAX_CONTACT_NOTE_LENGTH })),
});

const ContactView = exact(
  { name: Type.String(), address: Type.String(), note: Type.String(), createdAt: Milliseconds },
  { title: "Contact" },
);

const ContactList = exact({ contacts: Type.Array(ContactView) });

export function contactRoutes({ node: { wallets } }: ApiContext) {
  return createRouter("contacts")
    .get(
      "/api/contacts",
      ({ request }) => {
        readQuery(request, NoQuery);
        return { contacts: wallets.contacts() };
      },
      LIST,
    )
    .get(
      "/api/contacts/:name",
      ({ params: { name }, request }) => {
        readQuery(request, NoQuery);
        return wallets.getContact(name);
      },
      ONE,
    )
    .put(
      "/api/contacts/:name",
      async ({ params: { name }, request }) => {
        const { address, note = "" } = await readBody(request, ContactBody);
        return wallets.putContact({ name, address, note });
      },
      PUT,
    )
    .delete(
      "/api/contacts/:name",
      async ({ params: { name }, request }) => {
        await readBody(request, NoBody);
        wallets.deleteContact(name);
        return { removed: true };
      },
      REMOVE,
    );
}

function describeContact(operation: Omit<Operation, "tag" | "isPrivate">) {
  return describe({ ...operation, tag: "Address book", isPrivate: true });
}

const NAMED = { path: { name: "Of the contact, in any case." }, pathExamples: { name: "Zoe" } };

const LIST = describeContact({
  summary: "The address book",
  description: "All contacts, in order of their names.",
  answers: { 200: { description: "The contacts.", schema: ContactList } },
});

const PUT = describeContact({
  ...NAMED,
  summary: "Write a contact",
  description: "Payments can then go to the name. Takes the place of one of the same name.",
  body: ContactBody,
  bodyExample: { address: EXAMPLE_ADDRESS, note: "from school" },
  answers: { 200: { description: "The contact.", schema: ContactView } },
});

const ONE = describeContact({
  ...NAMED,
  summary: "A contact",
  description: "The address that the name stands for, and what was noted of it.",
  answers: { 200: { description: "The contact.", schema: ContactView } },
});

const REMOVE = describeContact({
  ...NAMED,
  summary: "Remove a contact",
  description: "What was paid stays paid.",
  body: NoBody,
  answers: { 200: { description: "It is gone.", schema: Removed } },
});
