/**
 * `cairn status`: how a running node is doing, on one screen.
 *
 * Shows what the API says and works nothing out but ages, by the clock of this machine.
 */

import type { AloneAnswer, StatusAnswer } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import { type Span, type Terminal, wrap } from "./terminal.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDifficulty,
  formatDuration,
  formatFeerate,
  formatHashrate,
  formatPlural,
  formatShare,
} from "./units.ts";

/** Characters of the bar while catching up. */
const BAR_LENGTH = 24;

export const statusCommand = defineCommand({
  name: "status",
  summary: "How a running node is doing",
  group: "Ask a running node",
  usage: ["status [OPTIONS]"],
  description:
    "Shows the node's chain, mining, mempool, peers and use of the machine: how far it has caught up " +
    "with the others, and, where it has no peers, why that may be.",
  options: CLIENT_OPTIONS,
  maxPositionals: 0,
  examples: [
    { line: "cairn status", does: "The node on this machine" },
    { line: "cairn status --url http://10.0.0.5:8080", does: "A node on another machine" },
    { line: "cairn status --json", does: "The same for programs" },
  ],
  run: async ({ options, terminal, world }) => {
    const { text, value } = await new ApiClient({ options, world }).get<StatusAnswer>(
      "/api/status",
    );
    if (options.json) terminal.printRaw(text);
    else printStatus(terminal, value, world.clock.now() / 1_000);
    return EXIT_CODE.ok;
  },
});

function printStatus(terminal: Terminal, status: StatusAnswer, now: number): void {
  terminal.print(
    { text: `Network ${status.network}`, style: "bold" },
    ` at height ${formatCount(status.height)}`,
    ...describeSync(status),
  );

  if (status.sync.isSyncing) printSync(terminal, status);

  const { hashrate, mempool, mining } = status;
  terminal.printHeading("Chain");
  terminal.printPairs([
    ["tip", status.tip],
    ["tip found", formatAge(Math.max(0, now - status.tipTime))],
    ["difficulty", formatDifficulty(status.difficulty)],
    ["target", status.target],
    ["chainwork", status.chainwork],
    ["genesis", status.genesis],
  ]);

  terminal.printHeading("Mining");
  terminal.printPairs([
    ["state", ...describeMining(mining)],
    ["pays", mining.address ?? "no address"],
    ["blocks found", formatCount(mining.blocksFound)],
    ["own hash rate", formatHashrate(hashrate.own)],
    ["network's", `${formatHashrate(hashrate.network)} (estimate)`],
  ]);

  terminal.printHeading("Mempool and peers");
  terminal.printPairs([
    ["waiting", `${formatPlural(mempool.count, "transaction")}, ${formatBytes(mempool.bytes)}`],
    ["least feerate", formatFeerate(mempool.minFeerate)],
    ["peers", describePeers(status)],
  ]);
  if (status.alone !== null) printAlone(terminal, status.alone);

  terminal.printHeading("Node");
  terminal.printPairs([
    ["name", status.nodeName === "" ? "none" : status.nodeName],
    ["id", status.nodeId ?? "none"],
    ["mines as", status.name],
    ["version", status.version],
    ["up for", formatDuration(status.uptimeSeconds)],
    ["memory", formatBytes(status.memoryBytes)],
    ["database", formatBytes(status.databaseBytes)],
    ["signatures", `checked by ${status.signatures} code`],
  ]);

  if (status.warnings.length === 0) return;
  terminal.printHeading("Warnings");
  for (const text of status.warnings) terminal.print("  ", { text, style: "yellow" });
}

function describeSync({ sync }: StatusAnswer): readonly Span[] {
  if (sync.progress >= 1) return [];
  return [", ", { text: `${sync.state} ${formatShare(sync.progress)}`, style: "yellow" }];
}

/** How far it has come, how fast it is, how long it will take. */
function printSync(terminal: Terminal, { height, sync }: StatusAnswer): void {
  const filled = Math.min(BAR_LENGTH, Math.floor(sync.progress * BAR_LENGTH));
  const parts = [`${formatCount(height)} of ${formatCount(sync.headers)} blocks`];
  if (sync.blocksPerSecond > 0) parts.push(`${formatCount(sync.blocksPerSecond, 1)} a second`);
  if (sync.estimatedSeconds !== null) {
    parts.push(`about ${formatDuration(sync.estimatedSeconds)} left`);
  }
  terminal.print(
    { text: `[${"#".repeat(filled).padEnd(BAR_LENGTH, "-")}]`, style: "yellow" },
    ` ${parts.join(", ")}`,
  );
}

function describePeers({ peers, p2pPort }: StatusAnswer): string {
  const accepted = p2pPort === null ? "" : `; accepted at port ${p2pPort}`;
  const { inbound, outbound } = peers;
  return `${formatCount(inbound)} inbound, ${formatCount(outbound)} outbound${accepted}`;
}

function printAlone(terminal: Terminal, { reasons, advice }: AloneAnswer): void {
  terminal.printHeading("Why there are no peers");
  for (const { detail, code } of reasons) {
    const lines = wrap(`${detail} (${code})`, terminal.width - 2);
    for (const line of lines) terminal.print("  ", { text: line, style: "yellow" });
  }
  for (const line of wrap(advice, terminal.width - 2)) terminal.print("  ", line);
}

function describeMining({ running, threads }: StatusAnswer["mining"]): readonly Span[] {
  if (!running) return ["stopped"];
  return [{ text: "running", style: "green" }, ` on ${formatPlural(threads, "thread")}`];
}
