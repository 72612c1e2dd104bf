/**
 * `cairn block`: one block by height or hash, with its header and transactions.
 *
 * Knows blocks as the API shows them; decoding and judging one is not done here.
 */

import { setting, wholeNumber } from "../node/settings.ts";
import { formatCoins } from "../primitives/amount.ts";
import type { BlockAnswer, StatusAnswer, TransactionAnswer } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE, flagOnly, UsageError } from "./command.ts";
import type { Span, Terminal } from "./terminal.ts";
import {
  formatAge,
  formatAmount,
  formatBytes,
  formatCount,
  formatDifficulty,
  formatPlural,
  formatTime,
} from "./units.ts";

export const blockCommand = defineCommand({
  name: "block",
  summary: "One block by height or hash",
  group: "Ask a running node",
  usage: ["block [HEIGHT | HASH] [OPTIONS]"],
  description: "Shows a block's header and its transactions; the tip if none is named.",
  options: {
    limit: flagOnly(
      setting({
        kind: wholeNumber(0, 1_000_000),
        group: "What to show",
        help: "Most transactions to list",
        default: 20,
      }),
    ),
    ...CLIENT_OPTIONS,
  },
  maxPositionals: 1,
  examples: [
    { line: "cairn block", does: "The newest block" },
    { line: "cairn block 0", does: "The genesis block" },
    { line: "cairn block 120 --json", does: "Block 120 for programs" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const name = positionals[0];
    if (name !== undefined) checkBlockName(name);

    const client = new ApiClient({ options, world });
    const index = name ?? (await client.get<StatusAnswer>("/api/status")).value.tip;
    const { text, value } = await client.get<BlockAnswer>(`/api/block/${index.toLowerCase()}`);
    if (options.json) terminal.printRaw(text);
    else printBlock(terminal, value, { now: world.clock.now() / 1_000, limit: options.limit });
    return EXIT_CODE.ok;
  },
});

/** The name becomes part of a URL, so nothing else may pass. */
function checkBlockName(name: string): void {
  if (/^(?:\d{1,10}|[0-9a-fA-F]{64})$/.test(name)) return;
  throw new UsageError(`${JSON.stringify(name.slice(0, 80))} is neither a height nor a hash`);
}

function printBlock(
  terminal: Terminal,
  block: BlockAnswer,
  { now, limit }: { readonly now: number; readonly limit: number },
): void {
  terminal.print({ text: `Block ${formatCount(block.height)}`, style: "bold" }, describe(block));
  terminal.printHeading("Header");
  terminal.printPairs([
    ["hash", block.hash],
    ["previous", block.previousHash ?? "none: this is the genesis block"],
    ["next", block.nextHash ?? "none yet"],
    ["merkle root", block.merkleRoot],
    ["time", `${formatTime(block.time)} (${formatAge(now - block.time)})`],
    ["version", `0x${(block.version >>> 0).toString(16).padStart(8, "0")}`],
    ["bits", block.bits],
    ["nonce", String(block.nonce)],
    ["difficulty", formatDifficulty(block.difficulty)],
    ["target", block.target],
    ["chainwork", block.chainwork],
  ]);

  terminal.printHeading("Contents");
  terminal.printPairs([
    ["transactions", formatCount(block.transactionCount)],
    ["size", `${formatBytes(block.size)}, weight ${formatCount(block.weight)}`],
    ["subsidy", formatAmount(block.subsidy)],
    [
      "fees",
      block.totalFees === null ? "unknown off the active chain" : formatAmount(block.totalFees),
    ],
    ["mined by", describeMiner(block)],
  ]);
  printTransactions(terminal, block.transactions, limit);
}

function describe({ status, confirmations }: BlockAnswer): Span {
  // Only blocks of the active chain have any.
  if (confirmations < 1) return { text: `, ${status}`, style: "yellow" };
  return `, ${formatPlural(confirmations, "confirmation")}`;
}

function describeMiner({ miner }: BlockAnswer): string {
  const names = [miner.tag, miner.address].filter((name) => name !== null && name !== "");
  return names.length === 0 ? "nobody known" : names.join(", ");
}

function printTransactions(
  terminal: Terminal,
  transactions: readonly TransactionAnswer[],
  limit: number,
): void {
  const shown = transactions.slice(0, limit);
  if (shown.length > 0) {
    terminal.printHeading("Transactions");
    terminal.printTable(
      [
        { title: "txid" },
        { title: "vbytes", align: "right" },
        { title: "paid out, coins", align: "right" },
      ],
      shown.map((transaction) => [
        transaction.txid,
        formatCount(transaction.virtualSize),
        formatCoins(sumOutputs(transaction)),
      ]),
    );
  }
  const hidden = transactions.length - shown.length;
  if (hidden > 0) {
    const text = `and ${formatPlural(hidden, "more transaction")}; --limit shows more`;
    terminal.print({ text, style: "dim" });
  }
}

function sumOutputs({ outputs }: TransactionAnswer): number {
  return outputs.reduce((sum, { amount }) => sum + amount, 0);
}
