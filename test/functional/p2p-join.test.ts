/**
 * Nodes that are told of nobody find each other and share a chain: on one machine, and on hosts of
 * their own on one bridge, where those of another network are, too.
 *
 * Real processes with real multicast, and with all that mines them blocks.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { BlockSummaryView } from "../../src/api/chain-schemas.ts";
import type { TransactionViewType } from "../../src/api/transaction-schemas.ts";
import { NAMESPACE_PROBLEM, NamespaceNetwork } from "../support/network-namespaces.ts";
import type { SpendableCoin } from "../support/payments.ts";
import {
  coinbaseCoins,
  ownKey,
  type PeerNode,
  PeerNodes,
  payAll,
  untilOneChain,
} from "../support/peer-nodes.ts";
import { FROM_BINARY, FROM_SOURCE, HAS_BINARY } from "../support/process-node.ts";
import { until } from "../support/until.ts";

/** Leading zeros of the first target: a hundred blocks take a second or two. */
const EASY = "4";

/** Blocks above a coinbase: mature, and some more in case the tip moves to another branch. */
const DEEP = 104;

const noBinary = HAS_BINARY ? "" : " (skipped: no dist/cairn, which bun run build makes)";
const noHosts = NAMESPACE_PROBLEM === undefined ? "" : ` (skipped: ${NAMESPACE_PROBLEM})`;

describe("nodes on one machine that are told of nobody", () => {
  test("three find each other, share a chain, and one mines what was given to another", async () => {
    await meetAndPay(FROM_SOURCE);
  }, 90_000);

  test.skipIf(!HAS_BINARY)(
    `three compiled ones do the same${noBinary}`,
    async () => {
      await meetAndPay(FROM_BINARY);
    },
    90_000,
  );

  async function meetAndPay(program: readonly string[]): Promise<void> {
    await using group = new PeerNodes();
    const argv = ["--network", group.network, "--difficulty", EASY];
    const nodes = await Promise.all(
      ["one", "two", "three"].map((name) =>
        group.start({ name, argv, program, looksForOthers: true }),
      ),
    );
    await expectOthersToMine(nodes, group.network, `${group.network}-difficulty-${EASY}`);
  }
});

describe.skipIf(NAMESPACE_PROBLEM !== undefined)(`nodes on hosts of their own${noHosts}`, () => {
  let bridge: NamespaceNetwork;

  beforeAll(() => {
    bridge = NamespaceNetwork.create(5);
  });

  afterAll(async () => {
    await bridge?.remove();
  });

  test("three share a chain with no flag but --data; two of another network stay apart", async () => {
    await using group = new PeerNodes();
    const hosts = bridge.hosts.slice(0, 3);
    const nodes = await Promise.all(
      hosts.map((host) => group.start({ name: host.name, host, isPlain: true })),
    );
    const strangers = await Promise.all(
      bridge.hosts.slice(3).map((host) => {
        const argv = ["--network", "strangers", "--no-mine"];
        return group.start({ name: host.name, host, argv, isPlain: true });
      }),
    );
    const [stranger, other] = strangers as [PeerNode, PeerNode];
    await until("strangers meet", () => neighborsOf(stranger).includes(other.host!.address));
    await stranger.api.mine(3);
    await untilOneChain(strangers, { height: 3 });

    await expectOthersToMine(nodes, "cairn", "cairn");

    // Both have heard each other all the while.
    const { genesis } = await nodes[0]!.api.status();
    for (const { api } of strangers) {
      const status = await api.status();
      expect(status.height).toBe(3);
      expect(status.genesis).not.toBe(genesis);
    }
    const strange = strangers.map(({ host }) => host!.address);
    for (const node of nodes) {
      const own = nodes.filter((other) => other !== node).map(({ host }) => host!.address);
      const neighbors = neighborsOf(node);
      expect([...neighbors].sort()).toEqual(own.sort());
      expect(neighbors.filter((address) => strange.includes(address))).toEqual([]);
    }
  }, 150_000);
});

/** Gives the first of `nodes` a transaction once it can pay, and waits until another has mined it. */
async function expectOthersToMine(
  nodes: readonly PeerNode[],
  network: string,
  folder: string,
): Promise<void> {
  const [first, ...others] = nodes as [PeerNode, ...PeerNode[]];
  const { key, address } = ownKey(first, network, folder);
  const coin = await until("a coin to spend", () => findOldCoin(first, address), 90_000);
  await first.api.post("/api/mining/stop");
  const payee = ownKey(others[0]!, network, folder);
  const tx = payAll(key, coin, payee.key);
  expect(await first.api.submit(tx)).toBe("accepted");

  const mined = await until(
    "the transaction is mined",
    async () => {
      if ((await first.api.whereIs(tx.txid)) !== "confirmed") return undefined;
      return await first.api.get<TransactionViewType>(`/api/transactions/${tx.txid}`);
    },
    60_000,
    async () => {
      const states = nodes.map(async ({ api }) => {
        const { height, tip, mining } = await api.status();
        return `${height} ${tip} mining ${mining.running}, there ${await api.whereIs(tx.txid)}`;
      });
      return (await Promise.all(states)).join("; ");
    },
  );
  const block = await first.api.get<BlockSummaryView>(`/api/block/${mined.blockHash}`);
  const addresses = others.map((node) => ownKey(node, network, folder).address);
  expect(addresses).toContain(block.miner.address ?? "");

  for (const { api } of others) await api.post("/api/mining/stop");
  // Two branches of the same length may be left, and nobody would ever choose between them.
  await others[0]!.api.mine(1);
  await untilOneChain(nodes, { height: 100 });
  await until("the same balance everywhere", async () => {
    const balances = await Promise.all(nodes.map(({ api }) => api.balance(address)));
    return new Set(balances.map((balance) => JSON.stringify(balance))).size === 1;
  });
  // A branch that gives way may bring it back for a moment.
  await until("the payment in every chain", async () => {
    const places = await Promise.all(nodes.map(({ api }) => api.whereIs(tx.txid)));
    return places.every((place) => place === "confirmed");
  });
}

/** A coin that the node mined so long ago that no other branch has another block in its place. */
async function findOldCoin({ api }: PeerNode, address: string): Promise<SpendableCoin | undefined> {
  const { height } = await api.status();
  const [from, to] = [Math.max(1, height - 2 * DEEP), height - DEEP];
  if (to < from) return undefined;
  const { blocks } = await api.get<{ blocks: BlockSummaryView[] }>(
    `/api/blocks?from=${from}&to=${to}`,
  );
  const own = blocks.find(({ miner }) => miner.address === address);
  if (own === undefined) return undefined;
  return (await coinbaseCoins(api, [own.hash]))[0];
}

/** The other hosts to which the host of a node has TCP connections that stand. */
function neighborsOf({ process: { pid }, host }: PeerNode): readonly string[] {
  const established = "01";
  const found = new Set<string>();
  for (const file of ["tcp", "tcp6"]) {
    for (const line of readFileSync(`/proc/${pid}/net/${file}`, "utf8").split("\n").slice(1)) {
      const [, , remote = "", state] = line.trim().split(/\s+/);
      if (state === established) found.add(ipv4Of(remote.split(":")[0] ?? ""));
    }
  }
  return [...found].filter((address) => address.startsWith("10.83.") && address !== host?.address);
}

/** The last four bytes of an address as the kernel prints it: in words of the machine's order. */
function ipv4Of(hex: string): string {
  return [...Buffer.from(hex.slice(-8), "hex")].reverse().join(".");
}
