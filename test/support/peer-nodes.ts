/**
 * Several nodes as processes of their own, in folders of their own, that may meet: on loopback, or
 * each in a host of its own.
 *
 * Asked through their API only. `await using` ends them all, and removes what they kept.
 */

import { readFileSync } from "node:fs";
import { platform } from "node:os";
import { join } from "node:path";
import type { AddressSummaryView } from "../../src/api/address-schemas.ts";
import type { BlockDetailsView } from "../../src/api/chain-schemas.ts";
import type { MineResult } from "../../src/api/mining-schemas.ts";
import type { StatusView } from "../../src/api/stats-schemas.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import { hash160 } from "../../src/crypto/hash.ts";
import { publicKeyOf, signEcdsa } from "../../src/crypto/keys.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { loadNativeSecp256k1 } from "../../src/platform/native-secp256k1.ts";
import { formatAddress, parseWif, scriptOf } from "../../src/primitives/address.ts";
import type { Txid } from "../../src/primitives/hash-id.ts";
import { encodeTransaction, type Transaction } from "../../src/primitives/transaction.ts";
import { temporaryFolder } from "./chain-builder.ts";
import type { NamespaceHost } from "./network-namespaces.ts";
import { type PaymentKey, type SpendableCoin, signPayment } from "./payments.ts";
import {
  FROM_SOURCE,
  type NodeOptions,
  type ProcessNode,
  startProcessNode,
} from "./process-node.ts";
import { until } from "./until.ts";

let groupCount = 0;

/** The API of a node, wherever it is. */
export class NodeApi {
  readonly #ask: (path: string, init: RequestInit) => Promise<Response>;

  constructor(ask: (path: string, init: RequestInit) => Promise<Response>) {
    this.#ask = ask;
  }

  /** The answer to GET; Error unless it is a good one. */
  async get<View>(path: string): Promise<View> {
    return await this.#read(path, {});
  }

  /** The answer to POST; Error unless it is a good one. */
  async post<View>(path: string, body: unknown = {}): Promise<View> {
    const headers = { "content-type": "application/json" };
    return await this.#read(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async status(): Promise<StatusView> {
    return await this.get("/api/status");
  }

  /** Mines so many blocks; returns their hashes. */
  async mine(blocks: number, address?: string): Promise<readonly string[]> {
    const payee = address === undefined ? {} : { address };
    const { hashes } = await this.post<typeof MineResult.static>("/api/mine", { blocks, ...payee });
    return hashes;
  }

  /** Hands in `tx`; returns what became of it. */
  async submit(tx: Transaction): Promise<string> {
    const hex = toHex(encodeTransaction(tx));
    return (await this.post<{ status: string }>("/api/transactions", { hex })).status;
  }

  async balance(address: string): Promise<AddressSummaryView> {
    return await this.get(`/api/addresses/${address}`);
  }

  /** Where a transaction is; "unknown" if it is nowhere. */
  async whereIs(txid: string): Promise<"mempool" | "confirmed" | "abandoned" | "unknown"> {
    const answer = await this.#ask(`/api/transactions/${txid}`, {});
    if (answer.status === 404) return "unknown";
    return ((await answer.json()) as { status: "mempool" | "confirmed" | "abandoned" }).status;
  }

  async #read<View>(path: string, init: RequestInit): Promise<View> {
    const answer = await this.#ask(path, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as View;
  }
}

/** A node of a group. */
export interface PeerNode extends ProcessNode {
  readonly api: NodeApi;
  /** Its data directory. */
  readonly directory: string;
  /** Where others dial it, on loopback or on the bridge. */
  readonly p2pAddress: string;
  readonly host: NamespaceHost | undefined;
}

/** What is particular to one node of a group. */
export interface PeerNodeOptions extends Omit<NodeOptions, "cwd"> {
  readonly argv?: readonly string[];
  /** Name of its folder in the group's; the same again continues where that one ended. */
  readonly name: string;
  readonly host?: NamespaceHost;
}

/** Nodes that end together. */
export class PeerNodes implements AsyncDisposable {
  /** A network that no other test is on: all nodes of a machine hear each other. */
  readonly network = `t-${process.pid}-${++groupCount}`;
  readonly #folder = temporaryFolder();
  readonly #children = new Set<{ kill: (signal: "SIGKILL") => void; exited: Promise<number> }>();
  #relayCount = 0;

  /** The folder of the node called `name`. */
  directoryOf(name: string): string {
    return join(this.#folder.path, name);
  }

  /** Starts a node; it is there once it accepts peers. */
  async start({ name, host, argv = [], ...options }: PeerNodeOptions): Promise<PeerNode> {
    const directory = this.directoryOf(name);
    const inHost = host === undefined ? [] : ["ip", "netns", "exec", host.name];
    const program = [...inHost, ...(options.program ?? FROM_SOURCE)];
    const node = await startProcessNode(["--data", directory, ...argv], { ...options, program });
    this.#children.add(node.process);
    const ask = host === undefined ? ordinary(node.url) : await this.#relay(host, node.url);
    const p2pAddress = `${host?.address ?? "127.0.0.1"}:${node.p2pPort}`;
    return { ...node, api: new NodeApi(ask), directory, p2pAddress, host };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all([...this.#children].map(({ exited }) => exited));
    this.#folder[Symbol.dispose]();
  }

  async #relay(host: NamespaceHost, url: string) {
    const path = join(this.#folder.path, `relay-${++this.#relayCount}`);
    const program = join(import.meta.dir, "node-relay.ts");
    const child = host.run([process.execPath, program, path, url]);
    this.#children.add(child);
    for await (const _ of child.stdout) break;
    return (where: string, init: RequestInit) =>
      fetch(`http://node${where}`, { ...init, unix: path });
  }
}

/** Waits until all of `nodes` have the same tip, at `height` or above; returns its hash. */
export async function untilOneChain(
  nodes: readonly PeerNode[],
  { height = 0, limitMs = 30_000 }: { height?: number; limitMs?: number } = {},
): Promise<string> {
  const look = async () => await Promise.all(nodes.map(({ api }) => api.status()));
  return await until(
    `one chain of ${nodes.length} nodes from height ${height}`,
    async () => {
      const [first, ...rest] = await look();
      if (first === undefined || first.height < height) return undefined;
      return rest.every(({ tip }) => tip === first.tip) ? first.tip : undefined;
    },
    limitMs,
    async () => (await look()).map((status) => `${status.height} ${status.tip}`).join(", "),
  );
}

/** Waits until the transactions `txids` are `where` on all of `nodes`. */
export async function untilAll(
  nodes: readonly PeerNode[],
  txids: readonly string[],
  where: "mempool" | "confirmed",
  limitMs = 30_000,
): Promise<void> {
  const look = async () => {
    const all = nodes.flatMap(({ api }) => txids.map((txid) => api.whereIs(txid)));
    return await Promise.all(all);
  };
  await until(
    `${txids.length} transactions ${where} on ${nodes.length} nodes`,
    async () => (await look()).every((place) => place === where),
    limitMs,
    async () => (await look()).join(" "),
  );
}

/** The coins that the blocks `hashes` have made, in order. */
export async function coinbaseCoins(
  api: NodeApi,
  hashes: readonly string[],
): Promise<readonly SpendableCoin[]> {
  return await Promise.all(
    hashes.map(async (hash) => {
      const { transactions } = await api.get<BlockDetailsView>(`/api/block/${hash}`);
      const { txid, outputs } = transactions[0]!;
      return { outpoint: { txid: txid as Txid, vout: 0 }, value: outputs[0]!.amount };
    }),
  );
}

/** Enough for any small transaction. */
const FEE = 10_000;

/** Returns a payment of all of `coin`, of `key`, less a fee. */
export function payAll(key: PaymentKey, coin: SpendableCoin, payee: PaymentKey): Transaction {
  const output = { value: coin.value - FEE, scriptPubKey: payee.scriptPubKey };
  return signPayment(key, [coin], [output], SIGN);
}

const SIGN = loadNativeSecp256k1()?.sign ?? signEcdsa;

/**
 * The ports of those who have a TCP connection with a node at its port for peers, as Linux tells;
 * undefined elsewhere.
 */
export function peerPorts({ process: { pid }, p2pPort }: PeerNode): readonly number[] | undefined {
  if (platform() !== "linux") return undefined;
  const established = "01";
  const tables = ["tcp", "tcp6"].map((name) => readFileSync(`/proc/${pid}/net/${name}`, "utf8"));
  const rows = tables.flatMap((table) => table.split("\n").slice(1));
  return rows.flatMap((row) => {
    const [, local = "", remote = "", state] = row.trim().split(/\s+/);
    return state === established && portOf(local) === p2pPort ? [portOf(remote)] : [];
  });
}

function portOf(address: string): number {
  return Number.parseInt(address.split(":")[1] ?? "", 16);
}

/** The key that a node of `network` made for the coins it mines, and the key's address. */
export function ownKey(
  { directory }: Pick<PeerNode, "directory">,
  network: string,
  folder = network,
): { readonly key: PaymentKey; readonly address: string } {
  const path = join(directory, folder, "payout-key.json");
  const { wif, address } = JSON.parse(readFileSync(path, "utf8")) as {
    wif: string;
    address: string;
  };
  const privateKey = parseWif(wif, findNetwork(network).addressPrefixes);
  const publicKey = publicKeyOf(privateKey);
  const program = hash160(publicKey);
  const scriptPubKey = scriptOf({ type: "p2wpkh", witnessVersion: 0, program });
  return { key: { privateKey, publicKey, scriptPubKey }, address };
}

/** The address of `key` on `network`. */
export function addressOf({ scriptPubKey }: PaymentKey, network: string): string {
  return formatAddress(scriptPubKey, findNetwork(network).addressPrefixes) ?? "";
}

function ordinary(url: string) {
  return (path: string, init: RequestInit) => fetch(url + path, init);
}
