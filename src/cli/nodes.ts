/**
 * `cairn nodes`: the nodes of the network that a running node knows, one a line.
 *
 * Shows what nodes say of themselves; who is connected to the node itself is in peers.ts.
 */

import type { NodeAnswer, NodesAnswer } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import type { Span, Terminal } from "./terminal.ts";
import { formatAge, formatCount, formatHashrate, formatPlural, shortenHash } from "./units.ts";

/** Pages asked for at most: more nodes than any node remembers. */
const MAX_PAGES = 20;

export const nodesCommand = defineCommand({
  name: "nodes",
  summary: "The nodes that a running node knows",
  group: "Peers of a running node",
  usage: ["nodes [OPTIONS]"],
  description:
    "Lists the node itself and those that are its peers or were lately, with what they say of " +
    "themselves.",
  options: CLIENT_OPTIONS,
  maxPositionals: 0,
  examples: [
    { line: "cairn nodes", does: "Nodes known to that of this machine" },
    { line: "cairn nodes --json", does: "The same for programs" },
  ],
  run: async ({ options, terminal, world }) => {
    const client = new ApiClient({ options, world });
    const first = await client.get<NodesAnswer>("/api/nodes");
    if (options.json) {
      terminal.printRaw(first.text);
      return EXIT_CODE.ok;
    }
    const nodes = [...first.value.nodes];
    let { cursor } = first.value;
    for (let page = 1; cursor !== null && page < MAX_PAGES; page++) {
      const query = new URLSearchParams({ cursor });
      const { value } = await client.get<NodesAnswer>(`/api/nodes?${query}`);
      nodes.push(...value.nodes);
      cursor = value.cursor;
    }
    printNodes(terminal, { ...first.value, nodes }, world.clock.now());
    return EXIT_CODE.ok;
  },
});

function printNodes(terminal: Terminal, answer: NodesAnswer, now: number): void {
  const { count, addressCount, nodes } = answer;
  terminal.print(
    { text: `${formatPlural(count, "node")} known`, style: "bold" },
    `, and ${addressCount === 1 ? "1 address" : `${formatCount(addressCount)} addresses`}`,
  );
  if (nodes.length === 0) return;
  terminal.print();
  terminal.printTable(
    [
      { title: "node" },
      { title: "name" },
      { title: "address" },
      { title: "state" },
      { title: "height", align: "right" },
      { title: "peers", align: "right" },
      { title: "hash rate", align: "right" },
    ],
    nodes.map((node) => rowOf(node, now)),
  );
}

function rowOf(node: NodeAnswer, now: number): Span[] {
  const { height, hashrate, peerCount } = node;
  return [
    shortenHash(node.nodeId),
    { text: node.name, style: "bold" },
    addressOf(node),
    stateOf(node, now),
    height === null ? "" : formatCount(height),
    peerCount === null ? "" : formatCount(peerCount),
    hashrate === null ? "" : formatHashrate(hashrate),
  ];
}

function addressOf({ host, port }: NodeAnswer): string {
  if (host === null) return "";
  if (port === null) return host;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function stateOf({ self, connected, lastSeen }: NodeAnswer, now: number): Span {
  if (self) return "the node asked";
  if (connected) return { text: "connected", style: "green" };
  return `seen ${formatAge(Math.max(0, now - lastSeen) / 1_000)}`;
}
