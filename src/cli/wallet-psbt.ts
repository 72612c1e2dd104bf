/**
 * `cairn wallet psbt`: payments that are signed in several places (BIP-0174).
 *
 * PSBTs go to standard output alone, so that one command's can be the next one's; all else goes
 * beside.
 */

import { formatCoins } from "../primitives/amount.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { type CommandContext, defineCommand, EXIT_CODE, UsageError } from "./command.ts";
import { printSent } from "./confirm-payment.ts";
import { PASSWORD_OPTIONS, withPassword } from "./read-password.ts";
import { printPsbt, readPsbt } from "./read-psbt.ts";
import { MAX_RECIPIENT_ARGUMENTS, readRecipients } from "./read-recipients.ts";
import { PAYMENT_OPTIONS, preparePayment } from "./send.ts";
import type { Terminal } from "./terminal.ts";
import { formatCount } from "./units.ts";
import { runVerb, takeArguments } from "./verbs.ts";
import type {
  CombinedPsbtAnswer,
  DecodedPsbtAnswer,
  FinalTransactionAnswer,
  SignedPsbtAnswer,
} from "./wallet-answers.ts";
import { MONEY_GROUP, switchOption, WALLET_GROUP, walletPath } from "./wallet-options.ts";

/** Seconds for which coins are kept for a payment that is signed elsewhere: a week. */
const LIFE_SECONDS = 604_800;

/** PSBTs that are combined at once. */
const MAX_PSBTS = 20;

const PSBT_OPTIONS = {
  submit: switchOption(WALLET_GROUP, "Send the finished transaction (finalize)"),
  ...PAYMENT_OPTIONS,
  ...PASSWORD_OPTIONS,
  ...CLIENT_OPTIONS,
} as const;

type PsbtContext = CommandContext<typeof PSBT_OPTIONS>;

export const walletPsbtCommand = defineCommand({
  name: "wallet psbt",
  summary: "Payments that are signed elsewhere",
  group: MONEY_GROUP,
  usage: [
    "wallet psbt create NAME TO AMOUNT [TO AMOUNT ...] [OPTIONS]",
    "wallet psbt sign NAME PSBT [OPTIONS]",
    "wallet psbt combine PSBT PSBT [PSBT ...] [OPTIONS]",
    "wallet psbt finalize PSBT [--submit] [OPTIONS]",
    "wallet psbt show PSBT [OPTIONS]",
  ],
  description:
    "PSBT is base64, a file with it, or - for standard input. create plans a payment and keeps its " +
    "coins for a week, unless cairn wallet payments cancels it; sign adds the signatures that the " +
    "wallet can give; combine joins those of several; finalize makes the transaction, and sends it " +
    "with --submit.",
  options: PSBT_OPTIONS,
  maxPositionals: 2 + MAX_RECIPIENT_ARGUMENTS,
  examples: [
    { line: "cairn wallet psbt create cold bob 1.5 > pay.psbt", does: "To be signed elsewhere" },
    { line: "cairn wallet psbt sign alice pay.psbt > signed.psbt", does: "Add alice's signatures" },
    { line: "cairn wallet psbt finalize signed.psbt --submit", does: "Send it" },
  ],
  run: (context) => runVerb(context, { create, sign, combine, finalize, show }),
});

async function create({ options, positionals, terminal, world }: PsbtContext): Promise<number> {
  const [name, ...rest] = positionals;
  if (name === undefined) throw new UsageError("NAME is missing");
  const client = new ApiClient({ options, world });
  const life = { lifeSeconds: LIFE_SECONDS };
  const recipients = readRecipients(rest);
  const { text, value } = await preparePayment(client, name, recipients, options, life);
  if (options.json) {
    terminal.printRaw(text);
    return EXIT_CODE.ok;
  }
  printPsbt(terminal, value);
  const { id, fee, leaving } = value;
  terminal.printError(
    `Payment ${id}: ${formatCoins(leaving)} coins leave, ${formatCount(fee)} sat of them as fee`,
  );
  return EXIT_CODE.ok;
}

async function sign({ options, positionals, terminal, world }: PsbtContext): Promise<number> {
  const [name, argument] = takeArguments(positionals, ["NAME", "PSBT"]);
  const psbt = await readPsbt(argument, world);
  const client = new ApiClient({ options, world });
  const { passwordFile } = options;
  const { text, value } = await withPassword(name, { client, world, passwordFile }, (authority) =>
    client.post<SignedPsbtAnswer>(walletPath(name, "psbt"), { psbt, ...authority }),
  );
  if (options.json) terminal.printRaw(text);
  else {
    printPsbt(terminal, value);
    terminal.printError(`Signatures added: ${formatCount(value.added)}`);
  }
  return EXIT_CODE.ok;
}

async function combine({ options, positionals, terminal, world }: PsbtContext): Promise<number> {
  if (positionals.length < 2 || positionals.length > MAX_PSBTS) {
    throw new UsageError(`2 to ${MAX_PSBTS} PSBTs are combined`);
  }
  const psbts: string[] = [];
  for (const argument of positionals) psbts.push(await readPsbt(argument, world));
  const client = new ApiClient({ options, world });
  const { text, value } = await client.post<CombinedPsbtAnswer>("/api/psbt/combine", { psbts });
  if (options.json) terminal.printRaw(text);
  else printPsbt(terminal, value);
  return EXIT_CODE.ok;
}

async function finalize({ options, positionals, terminal, world }: PsbtContext): Promise<number> {
  const [argument] = takeArguments(positionals, ["PSBT"]);
  const psbt = await readPsbt(argument, world);
  const client = new ApiClient({ options, world });
  const { text, value } = await client.post<FinalTransactionAnswer>("/api/psbt/finalize", {
    psbt,
    ...(options.submit && { submit: true }),
  });
  if (options.json) terminal.printRaw(text);
  else if (value.submitted) printSent(terminal, value.txid);
  else terminal.printRaw(value.hex);
  return EXIT_CODE.ok;
}

async function show({ options, positionals, terminal, world }: PsbtContext): Promise<number> {
  const [argument] = takeArguments(positionals, ["PSBT"]);
  const psbt = await readPsbt(argument, world);
  const client = new ApiClient({ options, world });
  const { text, value } = await client.post<DecodedPsbtAnswer>("/api/psbt/decode", { psbt });
  if (options.json) terminal.printRaw(text);
  else printDecoded(terminal, value);
  return EXIT_CODE.ok;
}

function printDecoded(terminal: Terminal, decoded: DecodedPsbtAnswer): void {
  const { inputs, outputs, fee, feeVerified, complete } = decoded;
  const doubt = feeVerified ? "" : ", by what the PSBT itself says";
  terminal.printPairs([
    ["state", complete ? "complete" : "signatures are missing"],
    ["fee", fee === null ? "unknown" : `${formatCount(fee)} sat${doubt}`],
  ]);
  terminal.printHeading("Spends");
  terminal.printTable(
    [{ title: "coins", align: "right" }, { title: "of" }, { title: "outpoint" }],
    inputs.map(({ amount, address, txid, vout }) => [
      amount === null ? "unknown" : formatCoins(amount),
      address ?? "no address",
      `${txid}:${vout}`,
    ]),
  );
  terminal.printHeading("Pays");
  terminal.printTable(
    [{ title: "coins", align: "right" }, { title: "to" }],
    outputs.map(({ amount, address }) => [formatCoins(amount), address ?? "no address"]),
  );
}
