/**
 * Every message comes to its owner, and lists of things by hash to two.
 */

import { describe, expect, test } from "bun:test";
import type { Conversation } from "../../../src/p2p/conversation.ts";
import { MessageRouter } from "../../../src/p2p/message-router.ts";
import type { BlockHash } from "../../../src/primitives/hash-id.ts";
import type { InventoryEntry } from "../../../src/wire/inventory-messages.ts";
import { COMMANDS, type Command, type Message } from "../../../src/wire/message.ts";
import { letter, PeerLab } from "../../support/peer-lab.ts";

/** A conversation that notes what it is told. */
class Listener implements Conversation {
  readonly commands: readonly Command[];
  readonly inventory?: "blocks" | "transactions";
  readonly told: string[] = [];
  onReady: (() => void) | undefined;

  constructor(commands: readonly Command[], inventory?: "blocks" | "transactions") {
    this.commands = commands;
    if (inventory !== undefined) this.inventory = inventory;
  }

  peerReady(): void {
    this.told.push("ready");
    this.onReady?.();
  }

  peerClosed(): void {
    this.told.push("closed");
  }

  receive(_: unknown, { command }: Message): void {
    this.told.push(command);
  }

  receiveInventory(_: unknown, command: string, entries: readonly InventoryEntry[]): void {
    this.told.push(`${command} ${entries.map(({ hash }) => hash.slice(0, 1)).join("")}`);
  }

  stop(): void {
    this.told.push("stop");
  }
}

const HASHES = [..."abcdefg"].map((digit) => digit.repeat(64) as BlockHash);

function entry(type: InventoryEntry["type"], place: number): InventoryEntry {
  return { type, hash: HASHES[place] } as InventoryEntry;
}

describe("MessageRouter", () => {
  test("hands every command to the one that claims it, and to nobody else", () => {
    const claimed = COMMANDS.filter(
      (command) => !/^(version|verack|wtxid|sendaddr|cairn|p[io]ng|inv|getdata|notf)/.test(command),
    );
    const listeners = claimed.map((command) => new Listener([command]));
    const router = new MessageRouter(listeners);
    const lab = new PeerLab().shakeHands();
    for (const command of claimed) router.receive(lab.peer, { command } as Message);
    expect(listeners.map(({ told }) => told)).toEqual(claimed.map((command) => [command]));
    expect(claimed.length).toBe(17);
  });

  test("ignores what nobody claims", () => {
    const listener = new Listener(["tx"]);
    const router = new MessageRouter([listener]);
    router.receive(new PeerLab().shakeHands().peer, letter(1));
    expect(listener.told).toEqual([]);
  });

  test("divides lists by hash, keeps their order, and tells nobody of an empty half", () => {
    const blocks = new Listener(["block"], "blocks");
    const transactions = new Listener(["tx"], "transactions");
    const neither = new Listener(["headers"]);
    const router = new MessageRouter([blocks, transactions, neither]);
    const { peer } = new PeerLab().shakeHands();
    const mixed = [entry(1, 0), entry(2, 1), entry(0x40000002, 2), entry(5, 3), entry(4, 4)];
    router.receive(peer, { command: "inv", entries: mixed });
    router.receive(peer, { command: "getdata", entries: [entry(0x40000001, 5)] });
    router.receive(peer, { command: "notfound", entries: [entry(2, 6)] });
    router.receive(peer, { command: "inv", entries: [] });
    expect(blocks.told).toEqual(["inv bce", "notfound g"]);
    expect(transactions.told).toEqual(["inv ad", "getdata f"]);
    expect(neither.told).toEqual([]);
  });

  test("tells nobody of the second half once the first has ended the peer", () => {
    const lab = new PeerLab().shakeHands();
    const blocks = new Listener([], "blocks");
    blocks.receiveInventory = () => lab.peer.punish("malformed-message");
    const transactions = new Listener([], "transactions");
    const router = new MessageRouter([blocks, transactions]);
    router.receive(lab.peer, { command: "inv", entries: [entry(1, 0), entry(2, 1)] });
    expect(transactions.told).toEqual([]);
  });

  test("tells all of a peer that comes, unless one ends it, and all of one that goes", () => {
    const lab = new PeerLab().shakeHands();
    const [first, second] = [new Listener([]), new Listener([])];
    const router = new MessageRouter([first, second]);
    router.peerReady(lab.peer);
    first.onReady = () => lab.peer.disconnect("by-hand");
    router.peerReady(lab.peer);
    router.peerClosed(lab.peer);
    router.stop();
    expect(first.told).toEqual(["ready", "ready", "closed", "stop"]);
    expect(second.told).toEqual(["ready", "closed", "stop"]);
  });

  test("tells nobody of anything after the stop", () => {
    const listener = new Listener(["feefilter"], "blocks");
    const router = new MessageRouter([listener]);
    const { peer } = new PeerLab().shakeHands();
    router.stop();
    router.stop();
    router.peerReady(peer);
    router.receive(peer, letter(1));
    router.receive(peer, { command: "inv", entries: [entry(2, 0)] });
    router.peerClosed(peer);
    expect(listener.told).toEqual(["stop"]);
  });

  test("cannot be made of conversations that claim the same, or what is not to be had", () => {
    expect(() => new MessageRouter([new Listener(["tx"]), new Listener(["tx"])])).toThrow("tx");
    for (const command of [
      "inv",
      "getdata",
      "notfound",
      "version",
      "ping",
      "cairnproof",
    ] as const) {
      expect(() => new MessageRouter([new Listener([command])])).toThrow(command);
    }
  });
});
