/**
 * `cairn tx`: shows one transaction, submits one, or asks whether one would be accepted.
 *
 * Never sees a key: what is sent here is signed already.
 */

import { formatCoins } from "../primitives/amount.ts";
import type {
  SubmitAnswer,
  TestAnswer,
  TransactionAnswer,
  TransactionInput,
  TransactionOutput,
} from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS, type ClientOptions } from "./api-client.ts";
import {
  type CommandContext,
  CommandError,
  defineCommand,
  EXIT_CODE,
  UsageError,
  type World,
} from "./command.ts";
import type { Span, Terminal } from "./terminal.ts";
import { formatAge, formatCount, formatFeerate, formatPlural, formatTime } from "./units.ts";

type TxContext = CommandContext<typeof CLIENT_OPTIONS>;

export const txCommand = defineCommand({
  name: "tx",
  summary: "Show, send or test a transaction",
  group: "Ask a running node",
  usage: ["tx TXID [OPTIONS]", "tx send (HEX | -) [OPTIONS]", "tx test (HEX | -) [OPTIONS]"],
  description:
    "With a txid, shows that transaction. With send, submits a signed transaction in hexadecimal; " +
    "with test, only asks whether it would be accepted. A dash reads it from standard input.",
  options: CLIENT_OPTIONS,
  maxPositionals: 2,
  examples: [
    { line: "cairn tx 4a5e1e4b...", does: "Where it stands, what it spends and pays" },
    { line: "cairn tx test 0200000001...", does: "Would it be accepted?" },
    { line: "cairn tx send - < signed.hex", does: "Send the one in a file" },
  ],
  run: async (context) => {
    const [first, second] = context.positionals;
    switch (first) {
      case undefined:
        throw new UsageError("name a txid, or send or test with a transaction");
      case "send":
        return await send(context, await readHex(second, context.world));
      case "test":
        return await test(context, await readHex(second, context.world));
      default:
        if (second !== undefined) throw new UsageError("a txid stands alone");
        return await show(context, first);
    }
  },
});

async function show({ options, terminal, world }: TxContext, txid: string): Promise<number> {
  if (!/^[0-9a-fA-F]{64}$/.test(txid)) {
    const named = JSON.stringify(txid.slice(0, 80));
    throw new UsageError(`${named} is no txid, which has 64 hexadecimal digits`);
  }
  const { text, value } = await clientOf(options, world).get<TransactionAnswer>(
    `/api/transactions/${txid.toLowerCase()}`,
  );
  if (options.json) terminal.printRaw(text);
  else printTransaction(terminal, value, world.clock.now() / 1_000);
  return EXIT_CODE.ok;
}

async function send({ options, terminal, world }: TxContext, hex: string): Promise<number> {
  const client = clientOf(options, world);
  const { text, value } = await client.post<SubmitAnswer>("/api/transactions", { hex });
  if (options.json) terminal.printRaw(text);
  else terminal.print({ text: "accepted ", style: "green" }, value.txid);
  return EXIT_CODE.ok;
}

async function test({ options, terminal, world }: TxContext, hex: string): Promise<number> {
  const client = clientOf(options, world);
  const { text, value } = await client.post<TestAnswer>("/api/transactions/test", { hex });
  if (options.json) {
    terminal.printRaw(text);
    return value.accepted ? EXIT_CODE.ok : EXIT_CODE.failed;
  }

  if (!value.accepted) throw new CommandError(describeRefusal(value));
  const fee = value.fee ?? undefined;
  terminal.print(
    { text: "would be accepted", style: "green" },
    fee === undefined ? "" : `, with a fee of ${formatCount(fee)} sat`,
  );
  return EXIT_CODE.ok;
}

function describeRefusal({ code, detail, hint }: TestAnswer): string {
  const reason = detail ?? "the node does not say why";
  const label = code === undefined ? "" : ` (${code})`;
  return `would be refused: ${reason}${label}${hint === undefined ? "" : `: ${hint}`}`;
}

function clientOf(options: ClientOptions, world: World): ApiClient {
  return new ApiClient({ options, world });
}

/** Returns the hexadecimal digits of `argument`, or of standard input if it is a dash. */
async function readHex(argument: string | undefined, world: World): Promise<string> {
  if (argument === undefined) {
    throw new UsageError("the transaction is missing: give it in hexadecimal, or - to read it");
  }
  const hex = (argument === "-" ? await world.readStdin() : argument).replace(/\s+/g, "");
  if (hex === "" || hex.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(hex)) {
    throw new UsageError("the transaction is not hexadecimal");
  }
  return hex.toLowerCase();
}

function printTransaction(terminal: Terminal, transaction: TransactionAnswer, now: number): void {
  const { fee, feerate, timestamp } = transaction;
  terminal.print({ text: "Transaction ", style: "bold" }, transaction.txid);
  terminal.print();
  terminal.printPairs([
    ["state", ...describeState(transaction)],
    ["first seen", timestamp === null ? "unknown" : describeTime(timestamp / 1_000, now)],
    ["fee", fee === null ? "none: it mints coins" : describeFee(fee, feerate)],
    [
      "size",
      `${formatCount(transaction.size)} bytes, ${formatCount(transaction.virtualSize)} virtual, ` +
        `weight ${formatCount(transaction.weight)}`,
    ],
    ["wtxid", transaction.wtxid],
    ["version", `${transaction.version}, lock time ${transaction.lockTime}`],
  ]);

  terminal.printHeading("Spends");
  terminal.printTable(
    [{ title: "coins", align: "right" }, { title: "of" }, { title: "outpoint" }],
    transaction.inputs.map(inputRow),
  );
  terminal.printHeading("Pays");
  terminal.printTable(
    [
      { title: "#", align: "right" },
      { title: "coins", align: "right" },
      { title: "to" },
      { title: "" },
    ],
    transaction.outputs.map(outputRow),
  );
}

function describeState(transaction: TransactionAnswer): readonly Span[] {
  if (transaction.status === "mempool") return [{ text: "waiting", style: "yellow" }];
  const count = formatPlural(transaction.confirmations, "confirmation");
  const height = transaction.blockHeight;
  return [
    { text: "confirmed", style: "green" },
    height === null ? `, ${count}` : ` in block ${formatCount(height)}, ${count}`,
  ];
}

function describeTime(seconds: number, now: number): string {
  return `${formatTime(seconds)} (${formatAge(now - seconds)})`;
}

function describeFee(fee: number, feerate: number | null): string {
  const rate = feerate === null ? "" : `, ${formatFeerate(feerate)}`;
  return `${formatCount(fee)} sat${rate}`;
}

function inputRow({ txid, vout, address, amount }: TransactionInput): readonly Span[] {
  if (/^0{64}$/.test(txid)) return ["", "nobody: these coins are new", ""];
  return [amount === null ? "" : formatCoins(amount), address ?? "no address", `${txid}:${vout}`];
}

function outputRow({ index, address, amount, type, spentBy }: TransactionOutput): readonly Span[] {
  const isSpent = spentBy !== null && spentBy !== undefined;
  return [
    String(index),
    formatCoins(amount),
    address ?? `no address (${type})`,
    isSpent ? { text: "spent", style: "dim" } : "",
  ];
}
