/**
 * `cairn connect` and `cairn disconnect`: whom a running node is to talk to.
 *
 * Addresses are checked here for a clear word at once, and again by the node. Names are never looked
 * up.
 */

import { formatNetAddress, parseNetAddress } from "../wire/net-address.ts";
import type { ConnectAnswer, DisconnectAnswer } from "./api-answers.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { CommandError, defineCommand, EXIT_CODE, UsageError } from "./command.ts";
import { formatCount, formatPlural } from "./units.ts";

/** The node itself waits 15 s for a peer. */
const TIMEOUT_MS = 30_000;

const GROUP = "Peers of a running node";

export const connectCommand = defineCommand({
  name: "connect",
  summary: "Connect a running node to another",
  group: GROUP,
  usage: ["connect IP:PORT [OPTIONS]"],
  description:
    "Has the node dial the one at that address now, and keep a connection to it from then on, also " +
    "after a restart. Exits with 1 if it cannot be reached at once; it is tried again all the same.",
  options: CLIENT_OPTIONS,
  maxPositionals: 1,
  examples: [
    { line: "cairn connect 192.168.1.5:8333", does: "To a node on another machine" },
    { line: "cairn connect [fd00::5]:8333", does: "The same by IPv6" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [text] = positionals;
    if (text === undefined) throw new UsageError("the address is missing: give IP:PORT");
    const address = parseNetAddress(text);
    if (address === undefined) {
      throw new UsageError(
        `${JSON.stringify(text.slice(0, 60))} is no IP address and port like 192.168.1.5:8333`,
      );
    }
    const client = new ApiClient({ options, world, timeoutMs: TIMEOUT_MS });
    const answer = await client.post<ConnectAnswer>("/api/peers", {
      address: formatNetAddress(address),
    });
    const { status, detail, peer } = answer.value;
    if (options.json) terminal.printRaw(answer.text);
    else if (status !== "connected") throw new CommandError(detail.replace(/\.$/, ""));
    else {
      const who = peer === null || peer.name === "" ? "" : ` (${peer.name})`;
      const height = peer === null ? "" : `, height ${formatCount(peer.height)}`;
      terminal.print({ text: "Connected", style: "green" }, ` to ${text}${who}${height}`);
    }
    return status === "connected" ? EXIT_CODE.ok : EXIT_CODE.failed;
  },
});

export const disconnectCommand = defineCommand({
  name: "disconnect",
  summary: "Send a peer of a running node away",
  group: GROUP,
  usage: ["disconnect PEER [OPTIONS]"],
  description:
    "Ends the connection with a peer, named by its address, its number or its node id as cairn " +
    "peers shows them; one that was named by hand is no longer kept. It is not dialled for five " +
    "minutes, but it may dial: cairn ban keeps it away.",
  options: CLIENT_OPTIONS,
  maxPositionals: 1,
  examples: [
    { line: "cairn disconnect 192.168.1.5:8333", does: "Whoever is at that address" },
    { line: "cairn disconnect 7", does: "Peer number 7" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = positionals;
    if (name === undefined) throw new UsageError("say which peer: cairn peers lists them");
    const client = new ApiClient({ options, world });
    const path = `/api/peers/${encodeURIComponent(name)}`;
    const { text, value } = await client.delete<DisconnectAnswer>(path);
    if (options.json) terminal.printRaw(text);
    else {
      const forgotten = value.forgotten ? "; it is no longer kept" : "";
      terminal.print(`${formatPlural(value.disconnected, "connection")} ended${forgotten}`);
    }
    return EXIT_CODE.ok;
  },
});
