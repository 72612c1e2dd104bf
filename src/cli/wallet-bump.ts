/**
 * `cairn wallet bump`, `child` and `abandon`: what can be done for a payment that waits too long, or
 * was a mistake.
 */

import type { ValuesOf } from "../node/settings.ts";
import { ApiClient } from "./api-client.ts";
import { type CommandContext, defineCommand, EXIT_CODE, UsageError } from "./command.ts";
import { CONFIRM_OPTIONS, confirmPayment } from "./confirm-payment.ts";
import { takeArguments } from "./verbs.ts";
import type { PaymentAnswer } from "./wallet-answers.ts";
import {
  CLIENT_ID_OPTIONS,
  FEE_OPTIONS,
  feeWish,
  given,
  MONEY_GROUP,
  walletPath,
} from "./wallet-options.ts";

const { feerate, force } = FEE_OPTIONS;

const REPLACE_OPTIONS = {
  feerate: { ...feerate, defaultText: "as little more as is relayed" },
  force,
  ...CLIENT_ID_OPTIONS,
  ...CONFIRM_OPTIONS,
} as const;

const CHILD_OPTIONS = { ...FEE_OPTIONS, ...CLIENT_ID_OPTIONS, ...CONFIRM_OPTIONS } as const;

export const walletBumpCommand = defineCommand({
  name: "wallet bump",
  summary: "Pay more for a payment that waits",
  group: MONEY_GROUP,
  usage: ["wallet bump NAME TXID [OPTIONS]"],
  description:
    "Replaces a payment of the wallet that no block has yet by one with a higher fee. The recipients " +
    "get the same; the change pays.",
  options: REPLACE_OPTIONS,
  maxPositionals: 2,
  examples: [{ line: "cairn wallet bump alice 4a5e1e4b... --feerate 20", does: "At 20 sat/vB" }],
  run: (context) => replace(context, "bump"),
});

export const walletAbandonCommand = defineCommand({
  name: "wallet abandon",
  summary: "Take back a payment that waits",
  group: MONEY_GROUP,
  usage: ["wallet abandon NAME TXID [OPTIONS]"],
  description:
    "Replaces a payment of the wallet that no block has yet by one that pays nobody. Whether it " +
    "comes first is not certain before a block has it.",
  options: REPLACE_OPTIONS,
  maxPositionals: 2,
  examples: [{ line: "cairn wallet abandon alice 4a5e1e4b...", does: "The coins come back" }],
  run: (context) => replace(context, "abandon"),
});

export const walletChildCommand = defineCommand({
  name: "wallet child",
  summary: "Hurry a payment by spending from it",
  group: MONEY_GROUP,
  usage: ["wallet child NAME TXID [OPTIONS]"],
  description:
    "Spends what the wallet gets from a transaction that no block has yet, with a fee that pays for " +
    "both. Helps where the sender is somebody else.",
  options: CHILD_OPTIONS,
  maxPositionals: 2,
  examples: [{ line: "cairn wallet child alice 4a5e1e4b...", does: "Into the next block" }],
  run: async (context) => await prepare(context, "child", feeWish(context.options)),
});

async function replace(
  context: CommandContext<typeof REPLACE_OPTIONS>,
  how: "bump" | "abandon",
): Promise<number> {
  const { feerate, force } = context.options;
  return await prepare(context, how, given({ feerate, ...(force && { force }) }));
}

async function prepare(
  context: Omit<CommandContext<typeof CONFIRM_OPTIONS>, "options"> & {
    readonly options: ValuesOf<typeof CONFIRM_OPTIONS & typeof CLIENT_ID_OPTIONS>;
  },
  how: string,
  fee: ReturnType<typeof given>,
): Promise<number> {
  const { options, positionals, world } = context;
  const [name, txid] = takeArguments(positionals, ["NAME", "TXID"]);
  if (!/^[0-9a-f]{64}$/i.test(txid)) {
    throw new UsageError(
      `${JSON.stringify(txid.slice(0, 80))} is no txid of 64 hexadecimal digits`,
    );
  }
  const client = new ApiClient({ options, world });
  const prepared = await client.post<PaymentAnswer>(
    walletPath(name, "payments", how),
    given({ txid: txid.toLowerCase(), ...fee, clientId: options.clientId }),
  );
  await confirmPayment(context, client, name, prepared);
  return EXIT_CODE.ok;
}
