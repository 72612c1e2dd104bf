/**
 * `cairn chain`: the newest blocks, one a line.
 *
 * Knows blocks as the API shows them, and pages through them by its cursor alone.
 */

import { setting, textLike, wholeNumber } from "../node/settings.ts";
import type { BlockchainAnswer, BlockSummary } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE, flagOnly } from "./command.ts";
import type { Span, Terminal } from "./terminal.ts";
import { formatAge, formatBytes, formatCount, formatDuration, shortenHash } from "./units.ts";

/** Most blocks that the API gives at once. */
const MAX_LIMIT = 100;

export const chainCommand = defineCommand({
  name: "chain",
  summary: "The newest blocks",
  group: "Ask a running node",
  usage: ["chain [OPTIONS]"],
  description:
    "Lists blocks from the tip downward: how old each is, how long it took to find, what is in it " +
    "and who mined it.",
  options: {
    limit: flagOnly(
      setting({
        kind: wholeNumber(1, MAX_LIMIT),
        group: "What to show",
        help: `How many blocks, up to ${MAX_LIMIT}`,
        default: 15,
      }),
    ),
    cursor: flagOnly(
      setting<string | undefined>({
        kind: textLike(/^[\x21-\x7e]{1,200}$/, "what an earlier page gave", "CURSOR"),
        group: "What to show",
        help: "Where an earlier page ended",
        default: undefined,
      }),
    ),
    ...CLIENT_OPTIONS,
  },
  maxPositionals: 0,
  examples: [
    { line: "cairn chain", does: "The newest blocks" },
    { line: "cairn chain --limit 100", does: "More of them" },
    { line: "cairn chain --json", does: "The same for programs" },
  ],
  run: async ({ options, terminal, world }) => {
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (options.cursor !== undefined) query.set("cursor", options.cursor);
    const client = new ApiClient({ options, world });
    const { text, value } = await client.get<BlockchainAnswer>(`/api/blockchain?${query}`);

    if (options.json) terminal.printRaw(text);
    else printChain(terminal, value, world.clock.now() / 1_000);
    return EXIT_CODE.ok;
  },
});

function printChain(terminal: Terminal, { blocks, cursor }: BlockchainAnswer, now: number): void {
  terminal.printTable(
    [
      { title: "height", align: "right" },
      { title: "age", align: "right" },
      { title: "interval", align: "right" },
      { title: "txs", align: "right" },
      { title: "size", align: "right" },
      { title: "miner" },
      { title: "hash" },
    ],
    blocks.map((block, index) => rowOf(block, blocks[index + 1], now)),
  );
  if (cursor !== null) {
    terminal.print();
    terminal.print({ text: `Older blocks: cairn chain --cursor ${cursor}`, style: "dim" });
  }
}

function rowOf(block: BlockSummary, parent: BlockSummary | undefined, now: number): Span[] {
  return [
    { text: formatCount(block.height), style: "bold" },
    formatAge(now - block.time),
    parent === undefined ? "" : formatInterval(block.time - parent.time),
    formatCount(block.transactionCount),
    formatBytes(block.size),
    describeMiner(block),
    { text: shortenHash(block.hash), style: "dim" },
  ];
}

/** A block's time may lie before its parent's. */
function formatInterval(seconds: number): string {
  return seconds < 0 ? `-${formatDuration(-seconds)}` : formatDuration(seconds);
}

function describeMiner({ miner }: BlockSummary): string {
  if (miner.tag) return miner.tag;
  return miner.address === null ? "" : shortenHash(miner.address);
}
