/**
 * `cairn peers`: who is connected to a running node, one a line.
 *
 * Shows the API's list, page after page; whom to connect to is said with connect.ts.
 */

import type { PeerAnswer, PeersAnswer } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import type { Span, Terminal } from "./terminal.ts";
import { formatAge, formatBytes, formatCount, formatPlural, shortenHash } from "./units.ts";

/** Pages asked for at most: more peers than any node has. */
const MAX_PAGES = 20;

export const peersCommand = defineCommand({
  name: "peers",
  summary: "Who is connected to a running node",
  group: "Peers of a running node",
  usage: ["peers [OPTIONS]"],
  description:
    "Lists the node's peers: where they are, who they are, who dialled whom, how quick they are, " +
    "their height and version, and what was sent. Then those named by hand that are not there.",
  options: CLIENT_OPTIONS,
  maxPositionals: 0,
  examples: [
    { line: "cairn peers", does: "Peers of the node on this machine" },
    { line: "cairn peers --json", does: "The same for programs, with all figures" },
  ],
  run: async ({ options, terminal, world }) => {
    const client = new ApiClient({ options, world });
    const first = await client.get<PeersAnswer>("/api/peers");
    if (options.json) {
      terminal.printRaw(first.text);
      return EXIT_CODE.ok;
    }
    const peers = [...first.value.peers];
    let { cursor } = first.value;
    for (let page = 1; cursor !== null && page < MAX_PAGES; page++) {
      const query = new URLSearchParams({ cursor });
      const { value } = await client.get<PeersAnswer>(`/api/peers?${query}`);
      peers.push(...value.peers);
      cursor = value.cursor;
    }
    printPeers(terminal, { ...first.value, peers }, world.clock.now());
    return EXIT_CODE.ok;
  },
});

function printPeers(terminal: Terminal, answer: PeersAnswer, now: number): void {
  const { inbound, outbound, total, peers, manual } = answer;
  terminal.print(
    { text: formatPlural(total, "peer"), style: "bold" },
    `, ${formatCount(inbound)} inbound, ${formatCount(outbound)} outbound`,
  );
  if (peers.length > 0) {
    terminal.print();
    terminal.printTable(
      [
        { title: "#", align: "right" },
        { title: "address" },
        { title: "node" },
        { title: "kind" },
        { title: "ping", align: "right" },
        { title: "height", align: "right" },
        { title: "since" },
        { title: "received", align: "right" },
        { title: "sent", align: "right" },
        { title: "version" },
      ],
      peers.map((peer) => rowOf(peer, now)),
    );
  }
  const missing = manual.filter(({ connected }) => !connected);
  if (missing.length > 0) {
    terminal.printHeading("Named by hand, and not there");
    for (const { address, problem } of missing) {
      terminal.print("  ", {
        text: problem?.detail ?? `${address}: not tried yet`,
        style: "yellow",
      });
    }
  }
  if (total > 0) return;
  terminal.print();
  terminal.print({ text: "Why that may be: cairn status", style: "dim" });
}

function rowOf(peer: PeerAnswer, now: number): Span[] {
  return [
    String(peer.id),
    { text: peer.address, style: "bold" },
    nameOf(peer),
    peer.kind,
    peer.pingMs === null ? "" : `${formatCount(peer.pingMs, 1)} ms`,
    formatCount(peer.height),
    formatAge(Math.max(0, now - peer.connectedSince) / 1_000),
    formatBytes(peer.bytesReceived),
    formatBytes(peer.bytesSent),
    { text: peer.userAgent, style: "dim" },
  ];
}

function nameOf({ name, nodeId }: PeerAnswer): string {
  if (nodeId === null) return "an ordinary Bitcoin node";
  return name === "" ? shortenHash(nodeId) : `${name} (${nodeId.slice(0, 8)}…)`;
}
