/**
 * How long it takes from the answer to a submitted transaction until a hundred clients of the push
 * API are told of it, ten of which never read, while 200 transactions come each second and a block
 * every two.
 *
 * The node is a process of its own. `bun test/bench/live.bench.ts` prints it.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNetwork } from "../../src/consensus/networks.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { decodeAll } from "../../src/lib/codec.ts";
import { formatAddress } from "../../src/primitives/address.ts";
import { decodeBlock } from "../../src/primitives/block.ts";
import { encodeTransaction, type Transaction } from "../../src/primitives/transaction.ts";
import { askForSocket, type RawSocket } from "../support/live-client.ts";
import {
  type PaymentKey,
  paymentKey,
  type SpendableCoin,
  signPayment,
} from "../support/payments.ts";
import {
  FROM_BINARY,
  FROM_SOURCE,
  HAS_BINARY,
  type ProcessNode,
  startProcessNode,
} from "../support/process-node.ts";
import { percentile, until } from "../support/until.ts";
import { report } from "./measure.ts";

const CLIENTS = 100;
const SILENT_CLIENTS = 10;
const TRANSACTIONS_PER_SECOND = 200;
const SECONDS = 12;
const BLOCK_INTERVAL_MS = 2_000;

/** Milliseconds between two looks at how many transactions are due. */
const STEP_MS = 5;

/** Coins made of one coinbase, and how much each is. */
const COINS_PER_SPLIT = 400;
const COIN_VALUE = 1_000_000;
const FEE = 1_000;

const MATURITY = 100;

/** What became of the transactions, by txid. */
interface Timeline {
  readonly sentAt: Map<string, number>;
  readonly answeredAt: Map<string, number>;
  /** By each reading client. */
  readonly toldAt: Map<string, number[]>;
}

/** Measures for about half a minute, and prints a line for each figure. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cairn-live-"));
  const program = HAS_BINARY ? FROM_BINARY : FROM_SOURCE;
  const key = paymentKey();
  const { addressPrefixes } = findNetwork("regtest");
  const address = formatAddress(key.scriptPubKey, addressPrefixes) ?? "";
  const argv = ["--network", "regtest", "--no-mine", "--address", address, "--data", folder];
  const node = await startProcessNode(argv, { program });
  try {
    const count = TRANSACTIONS_PER_SECOND * SECONDS;
    await measure(node, await preparePayments(node, key, count));
  } finally {
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(node: ProcessNode, txs: readonly Transaction[]): Promise<void> {
  const port = Number(new URL(node.url).port);
  const times: Timeline = { sentAt: new Map(), answeredAt: new Map(), toldAt: new Map() };
  const readers = await Promise.all(
    Array.from({ length: CLIENTS - SILENT_CLIENTS }, () => openReader(port, times)),
  );
  const silent: RawSocket[] = [];
  for (let count = 0; count < SILENT_CLIENTS; count++) {
    const raw = await askForSocket(port);
    raw.send('{"op":"subscribe","topics":["transactions","blocks","mempool","stats","mining"]}');
    silent.push(raw);
  }

  const memory = residentMegabytes(node);
  const blocks = setInterval(() => void mine(node, 1), BLOCK_INTERVAL_MS);
  const startedAt = performance.now();
  await submitAll(node, txs, times);
  const seconds = (performance.now() - startedAt) / 1_000;
  clearInterval(blocks);
  const isTold = () => {
    const told = [...times.toldAt.values()];
    return told.length === txs.length && told.every(({ length }) => length === readers.length);
  };
  await until("all events at all who read", isTold);

  report("transactions submitted", txs.length / seconds, "/s");
  reportDelays("from the answer to the event", times.answeredAt, times);
  reportDelays("from the request to the event", times.sentAt, times);
  report("memory more than before", residentMegabytes(node) - memory, "MB");
  for (const reader of readers) reader.close();
  for (const raw of silent) raw[Symbol.dispose]();
}

/** An event that came before the answer took no time after it. */
function reportDelays(name: string, from: ReadonlyMap<string, number>, { toldAt }: Timeline): void {
  const delays = [...toldAt].flatMap(([txid, told]) =>
    told.map((at) => Math.max(0, at - (from.get(txid) ?? Number.NaN))),
  );
  for (const [word, part] of [
    ["p50", 0.5],
    ["p95", 0.95],
    ["p99", 0.99],
  ] as const) {
    report(`${name}, ${word}`, percentile(delays, part), "ms");
  }
}

/** A client that looks at nothing but whose transaction an event is of. */
async function openReader(port: number, { toldAt }: Timeline): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.onmessage = ({ data }) => {
    const text = String(data);
    if (!text.includes('"event":"transaction-accepted"')) return;
    const at = performance.now();
    const start = text.indexOf('"txid":"') + 8;
    const txid = text.slice(start, start + 64);
    const told = toldAt.get(txid);
    if (told === undefined) toldAt.set(txid, [at]);
    else told.push(at);
  };
  socket.send('{"op":"subscribe","topics":["transactions","blocks"]}');
  return socket;
}

/** Submits `txs` one by one, as many a second as are to come, whether answered or not. */
async function submitAll(
  node: ProcessNode,
  txs: readonly Transaction[],
  times: Timeline,
): Promise<void> {
  const startedAt = performance.now();
  const pending: Promise<void>[] = [];
  while (pending.length < txs.length) {
    const due = ((performance.now() - startedAt) / 1_000) * TRANSACTIONS_PER_SECOND;
    for (const tx of txs.slice(pending.length, Math.ceil(due)))
      pending.push(submit(node, tx, times));
    await Bun.sleep(STEP_MS);
  }
  await Promise.all(pending);
}

async function submit(
  node: ProcessNode,
  tx: Transaction,
  { sentAt, answeredAt }: Timeline,
): Promise<void> {
  sentAt.set(tx.txid, performance.now());
  await post(node, "/api/transactions", { hex: toHex(encodeTransaction(tx)) });
  answeredAt.set(tx.txid, performance.now());
}

/** Mines coins for `key`, divides them, and returns `count` payments that are to be submitted. */
export async function preparePayments(
  node: ProcessNode,
  key: PaymentKey,
  count: number,
): Promise<Transaction[]> {
  const splits = Math.ceil(count / COINS_PER_SPLIT);
  await mine(node, MATURITY + splits);
  const coins: SpendableCoin[] = [];
  for (let height = 1; height <= splits; height++) {
    const split = splitCoin(key, await coinbaseOf(node, height));
    await post(node, "/api/transactions", { hex: toHex(encodeTransaction(split)) });
    const outputs = split.outputs.slice(0, COINS_PER_SPLIT);
    for (const [vout, { value }] of outputs.entries()) {
      coins.push({ outpoint: { txid: split.txid, vout }, value });
    }
  }
  await mine(node, 1);
  return coins.slice(0, count).map((coin) => {
    const outputs = [{ value: coin.value - FEE, scriptPubKey: key.scriptPubKey }];
    return signPayment(key, [coin], outputs);
  });
}

function splitCoin(key: PaymentKey, coin: SpendableCoin): Transaction {
  const { scriptPubKey } = key;
  const parts = Array.from({ length: COINS_PER_SPLIT }, () => ({
    value: COIN_VALUE,
    scriptPubKey,
  }));
  const rest = coin.value - COINS_PER_SPLIT * (COIN_VALUE + 100);
  return signPayment(key, [coin], [...parts, { value: rest, scriptPubKey }]);
}

async function coinbaseOf(node: ProcessNode, height: number): Promise<SpendableCoin> {
  const answer = await fetch(`${node.url}/api/block/${height}/raw`);
  const { hex } = (await answer.json()) as { hex: string };
  const [coinbase] = decodeAll(Uint8Array.fromHex(hex), decodeBlock).transactions;
  const output = coinbase?.outputs[0];
  if (coinbase === undefined || output === undefined) throw new Error(`no coinbase at ${height}`);
  return { outpoint: { txid: coinbase.txid, vout: 0 }, value: output.value };
}

/** Mines `blocks` at once. */
export async function mine(node: ProcessNode, blocks: number): Promise<void> {
  await post(node, "/api/mine", { blocks });
}

/** Sends `body`; throws unless it was taken. */
export async function post(
  node: Pick<ProcessNode, "url">,
  path: string,
  body: unknown,
): Promise<void> {
  const answer = await fetch(node.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
}

function residentMegabytes({ process: child }: ProcessNode): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

if (import.meta.main) await run();
