/**
 * `cairn mempool`: the transactions that wait for a block, by feerate.
 *
 * Knows only the API's summary; single transactions are the business of tx.ts.
 */

import type { MempoolAnswer } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { formatAmount, formatBytes, formatCount, formatFeerate, formatPlural } from "./units.ts";

/** Longest bar of the histogram, in characters. */
const MAX_BAR_LENGTH = 30;

export const mempoolCommand = defineCommand({
  name: "mempool",
  summary: "The transactions that wait for a block",
  group: "Ask a running node",
  usage: ["mempool [OPTIONS]"],
  description:
    "Shows how many transactions wait, at which feerates, and what the next block would take.",
  options: CLIENT_OPTIONS,
  maxPositionals: 0,
  examples: [
    { line: "cairn mempool", does: "What waits on this machine's node" },
    { line: "cairn mempool --json", does: "The same for programs" },
  ],
  run: async ({ options, terminal, world }) => {
    const client = new ApiClient({ options, world });
    const { text, value } = await client.get<MempoolAnswer>("/api/mempool");
    if (options.json) terminal.printRaw(text);
    else printMempool(terminal, value);
    return EXIT_CODE.ok;
  },
});

function printMempool(terminal: Terminal, mempool: MempoolAnswer): void {
  const { count, bytes, minFeerate, nextBlock, histogram } = mempool;
  const waiting = `${formatPlural(count, "transaction")} waiting`;
  terminal.print({ text: waiting, style: "bold" }, `, ${formatBytes(bytes)}`);
  terminal.print();
  terminal.printPairs([
    ["least feerate", formatFeerate(minFeerate)],
    [
      "next block",
      `${formatPlural(nextBlock.count, "transaction")}, ` +
        `weight ${formatCount(nextBlock.weight)}, fees ${formatAmount(nextBlock.fees)}`,
    ],
  ]);

  if (histogram.length === 0) return;
  const largest = Math.max(1, ...histogram.map(({ virtualSize }) => virtualSize));
  terminal.printHeading("By feerate");
  terminal.printTable(
    [
      { title: "from", align: "right" },
      { title: "txs", align: "right" },
      { title: "vbytes", align: "right" },
      { title: "" },
    ],
    histogram.map((bin) => [
      formatFeerate(bin.feerate),
      formatCount(bin.count),
      formatCount(bin.virtualSize),
      { text: "#".repeat(Math.ceil((bin.virtualSize / largest) * MAX_BAR_LENGTH)), style: "cyan" },
    ]),
  );
}
