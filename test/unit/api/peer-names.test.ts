/**
 * How requests name peers: IP addresses and ports in their many spellings, and everything that is
 * none.
 */

import { describe, expect, test } from "bun:test";
import { findNamedPeer, parsePeerAddress } from "../../../src/api/peer-names.ts";
import { ApiError } from "../../../src/api/problem.ts";
import type { PeerNetwork } from "../../../src/p2p/peer-network.ts";
import type { PeerView } from "../../../src/p2p/peer-view.ts";
import type { NetAddress } from "../../../src/wire/net-address.ts";

function problemOf(work: () => unknown): unknown[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ApiError) return [error.problem.status, error.problem.code];
    throw error;
  }
  return [];
}

const NODE_ID = `02${"ab".repeat(32)}`;

const PEERS = [
  { id: 1, address: "10.0.0.1:8333", nodeId: NODE_ID },
  { id: 2, address: "10.0.0.1:50000", nodeId: undefined },
  { id: 3, address: "[fd00::5]:8333", nodeId: undefined },
] as unknown as PeerView[];

/** Peers of a network of which nothing else is asked. */
const NETWORK = {
  manager: {
    view: () => PEERS,
    findAt: ({ port }: NetAddress) => (port === 18_444 ? { id: 2 } : undefined),
  },
} as unknown as PeerNetwork;

const idsOf = (name: string) => findNamedPeer(NETWORK, name).peers.map(({ id }) => id);

describe("parsePeerAddress", () => {
  test.each([
    ["10.0.0.1:8333", { host: "10.0.0.1", port: 8_333 }],
    ["127.0.0.1:1", { host: "127.0.0.1", port: 1 }],
    ["[::1]:65535", { host: "::1", port: 65_535 }],
    ["[FD00:0:0::5]:8333", { host: "fd00::5", port: 8_333 }],
    ["[::ffff:10.0.0.1]:8333", { host: "10.0.0.1", port: 8_333 }],
  ])("takes %s", (text, address) => {
    expect(parsePeerAddress(text)).toEqual(address);
  });

  test.each([
    "",
    "localhost:8333",
    "node.example:8333",
    "http://10.0.0.1:8333/",
    "//10.0.0.1:8333",
    "user@10.0.0.1:8333",
    "10.0.0.1",
    "10.0.0.1:",
    "10.0.0.1:0",
    "10.0.0.1:65536",
    "10.0.0.1:-1",
    "10.0.0.1:8333 ",
    "10.0.0.1:8333/x",
    "10.0.0.1:8333\n",
    "10.0.0.1:8333\0",
    "010.0.0.1:8333",
    "10.1:8333",
    "2130706433:8333",
    "0x7f000001:8333",
    "fd00::5:8333",
    "[fe80::1%eth0]:8333",
    "[fe80::1]:8333",
    "[::]:8333",
    "0.0.0.0:8333",
    "255.255.255.255:8333",
    "239.192.7.11:8333",
    "169.254.169.254:80",
    "\uff11\uff10.0.0.1:8333",
  ])("takes no %p (A-19)", (text) => {
    expect(problemOf(() => parsePeerAddress(text))).toEqual([422, "bad-peer-address"]);
  });
});

describe("findNamedPeer", () => {
  test("finds by number, node id, address and host", () => {
    expect(idsOf("2")).toEqual([2]);
    expect(idsOf(NODE_ID)).toEqual([1]);
    expect(idsOf(NODE_ID.toUpperCase())).toEqual([1]);
    expect(idsOf("10.0.0.1:50000")).toEqual([2]);
    expect(idsOf("[FD00::5]:8333")).toEqual([3]);
    expect(idsOf("10.0.0.1")).toEqual([1, 2]);
    expect(idsOf("10.0.0.1:18444")).toEqual([2]);
  });

  test("says which hosts are meant, whether anybody is there or not", () => {
    expect(findNamedPeer(NETWORK, "3").hosts).toEqual(["fd00::5"]);
    expect(findNamedPeer(NETWORK, "9").hosts).toEqual([]);
    expect(findNamedPeer(NETWORK, "10.0.0.9")).toEqual({
      peers: [],
      address: undefined,
      hosts: ["10.0.0.9"],
    });
    expect(findNamedPeer(NETWORK, "10.0.0.9:1").address).toEqual({ host: "10.0.0.9", port: 1 });
  });

  test.each([
    "",
    "0",
    "-1",
    "1e3",
    "01",
    "1.5",
    "9".repeat(20),
    "localhost",
    "10.0.0.1:0",
    `04${"ab".repeat(32)}`,
    `02${"ab".repeat(31)}`,
  ])("knows nobody called %p", (name) => {
    expect(problemOf(() => findNamedPeer(NETWORK, name))).toEqual([400, "bad-peer-id"]);
  });
});
