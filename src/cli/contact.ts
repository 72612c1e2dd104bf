/**
 * `cairn contacts` and `cairn contact`: names for addresses, to pay to.
 *
 * The node keeps them; whether a name is free, it says itself.
 */

import { setting, textLike } from "../node/settings.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { type CommandContext, defineCommand, EXIT_CODE, flagOnly } from "./command.ts";
import { runVerb, takeArguments } from "./verbs.ts";
import type { ContactAnswer, ContactsAnswer } from "./wallet-answers.ts";
import { given, MONEY_GROUP, WALLET_GROUP } from "./wallet-options.ts";

const CONTACT_OPTIONS = {
  note: flagOnly(
    setting<string | undefined>({
      kind: textLike(/^[^\p{Cc}]{1,255}$/u, "1 to 255 characters on one line", "TEXT"),
      group: WALLET_GROUP,
      help: "What there is to know of a contact (add)",
      default: undefined,
      defaultText: "none",
    }),
  ),
  ...CLIENT_OPTIONS,
} as const;

type ContactContext = CommandContext<typeof CONTACT_OPTIONS>;

export const contactsCommand = defineCommand({
  name: "contacts",
  summary: "Whom you pay, by name",
  group: MONEY_GROUP,
  usage: ["contacts [OPTIONS]"],
  description: "Lists the contacts of the node, with their addresses.",
  options: CLIENT_OPTIONS,
  maxPositionals: 0,
  examples: [{ line: "cairn contacts", does: "All of them" }],
  run: async ({ options, terminal, world }) => {
    const client = new ApiClient({ options, world });
    const { text, value } = await client.getOwn<ContactsAnswer>("/api/contacts");
    if (options.json) {
      terminal.printRaw(text);
    } else if (value.contacts.length === 0) {
      terminal.print("There are none yet; add one with: cairn contact add NAME ADDRESS");
    } else {
      terminal.printTable(
        [{ title: "name" }, { title: "address" }, { title: "note" }],
        value.contacts.map(({ name, address, note }) => [
          { text: name, style: "bold" },
          address,
          note ?? "",
        ]),
      );
    }
    return EXIT_CODE.ok;
  },
});

export const contactCommand = defineCommand({
  name: "contact",
  summary: "Add or remove a contact",
  group: MONEY_GROUP,
  usage: ["contact add NAME ADDRESS [OPTIONS]", "contact remove NAME [OPTIONS]"],
  description:
    "A contact is a name for an address, which cairn send takes in its place. Adding one that is " +
    "there gives it another address.",
  options: CONTACT_OPTIONS,
  maxPositionals: 3,
  examples: [
    { line: "cairn contact add bob crn1q...", does: "From now on: cairn send bob 1.5" },
    { line: "cairn contact remove bob", does: "Forget him" },
  ],
  run: (context) => runVerb(context, { add, remove }),
});

async function add({ options, positionals, terminal, world }: ContactContext): Promise<number> {
  const [name, address] = takeArguments(positionals, ["NAME", "ADDRESS"]);
  const client = new ApiClient({ options, world });
  const body = given({ address, note: options.note });
  const { text } = await client.put<ContactAnswer>(contactPath(name), body);
  if (options.json) terminal.printRaw(text);
  else terminal.print({ text: name, style: "bold" }, ` is ${address}`);
  return EXIT_CODE.ok;
}

async function remove({ options, positionals, terminal, world }: ContactContext): Promise<number> {
  const [name] = takeArguments(positionals, ["NAME"]);
  const client = new ApiClient({ options, world });
  const { text } = await client.delete(contactPath(name));
  if (options.json) terminal.printRaw(text);
  else terminal.print(`${name} is no contact any more`);
  return EXIT_CODE.ok;
}

function contactPath(name: string): string {
  return `/api/contacts/${encodeURIComponent(name)}`;
}
