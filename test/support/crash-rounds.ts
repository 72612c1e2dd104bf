/**
 * Kills a node with SIGKILL at random moments while it mines and takes transactions, and checks
 * after each death that nothing it acknowledged is missing.
 *
 * Nothing is believed but files and answers: the dead node's database by SQLite's own check and a
 * replay of every block, the acknowledged blocks and transactions by asking the next process.
 */

import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNetwork } from "../../src/consensus/networks.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { networkFolder } from "../../src/node/network-folder.ts";
import { chooseSignatureVerifier } from "../../src/node/signature-verifier.ts";
import { openStoredChain } from "../../src/node/stored-chain.ts";
import { verifyChain } from "../../src/node/verify-chain.ts";
import { formatAddress } from "../../src/primitives/address.ts";
import type { Txid } from "../../src/primitives/hash-id.ts";
import { encodeTransaction } from "../../src/primitives/transaction.ts";
import { paymentKey, signPayment } from "./payments.ts";
import { type ProcessNode, startProcessNode } from "./process-node.ts";
import { SeededRandom } from "./random.ts";

const NETWORK = "crash";
const DIFFICULTY = 2;
const FEE = 2_000;

/** Longest life of a node after its first answer, in milliseconds. */
const MAX_LIFE_MS = 400;

/** Blocks after which the first ones' coins can be spent. */
const MATURE_BLOCKS = 110;

/** What was seen over all rounds. */
export interface CrashReport {
  readonly kills: number;
  readonly blocksAcknowledged: number;
  readonly transactionsAcknowledged: number;
  readonly height: number;
}

/** Runs `rounds` rounds; throws on the first thing lost or damaged, naming round and seed. */
export async function runCrashRounds(
  rounds: number,
  seed: number,
  program?: readonly string[],
): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), "cairn-crash-"));
  const trial = new CrashTrial(folder, new SeededRandom(seed), program);
  try {
    await trial.prepare();
    for (let round = 0; round < rounds; round++) {
      try {
        await trial.round();
      } catch (cause) {
        throw new Error(`round ${round}, seed ${seed}: ${String(cause)}`, { cause });
      }
    }
    return { kills: rounds, ...(await trial.finish()) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class CrashTrial {
  readonly #folder: string;
  readonly #random: SeededRandom;
  readonly #program: readonly string[] | undefined;
  readonly #network = findNetwork(NETWORK, DIFFICULTY);
  readonly #key = paymentKey();
  readonly #address = formatAddress(this.#key.scriptPubKey, this.#network.addressPrefixes) ?? "";
  readonly #blocks = new Set<string>();
  readonly #transactions = new Set<string>();

  constructor(folder: string, random: SeededRandom, program: readonly string[] | undefined) {
    this.#folder = folder;
    this.#random = random;
    this.#program = program;
  }

  /** Mines the coins that are paid with, however slow this machine is. */
  async prepare(): Promise<void> {
    const node = await this.#start();
    const answer = await post(`${node.url}/api/mine`, { blocks: MATURE_BLOCKS });
    for (const hash of answer?.hashes ?? []) this.#blocks.add(hash);
    await node.stop();
  }

  async round(): Promise<void> {
    const node = await this.#start();
    await this.#expectAcknowledged(node);
    const life = new AbortController();
    const work = [this.#mineUntil(node, life.signal), this.#payUntil(node, life.signal)];
    await Bun.sleep(this.#random.below(MAX_LIFE_MS));
    await node.kill();
    life.abort();
    await Promise.all(work);
    await this.#checkFiles();
  }

  async finish(): Promise<Omit<CrashReport, "kills">> {
    const node = await this.#start();
    await this.#expectAcknowledged(node);
    const { height } = await getJson(`${node.url}/api/status`);
    const exitCode = await node.stop();
    if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ${node.log()}`);
    return {
      blocksAcknowledged: this.#blocks.size,
      transactionsAcknowledged: this.#transactions.size,
      height,
    };
  }

  async #start(): Promise<ProcessNode> {
    const argv = ["--data", this.#folder, "--network", NETWORK, "--difficulty", `${DIFFICULTY}`];
    const options = this.#program === undefined ? {} : { program: this.#program };
    return await startProcessNode([...argv, "--address", this.#address], options);
  }

  /** Every hash in an answer of 200 was promised to be on the disk. */
  async #mineUntil(node: ProcessNode, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const answer = await post(`${node.url}/api/mine`, { blocks: 1 }, signal);
      for (const hash of answer?.hashes ?? []) this.#blocks.add(hash);
    }
  }

  async #payUntil(node: ProcessNode, signal: AbortSignal): Promise<void> {
    const url = `${node.url}/api/addresses/${this.#address}/utxos?limit=100`;
    while (!signal.aborted) {
      const page = await getJson(url, signal).catch(() => undefined);
      for (const coin of page?.utxos ?? []) {
        if (!coin.spendable || coin.amount < 10 * FEE) continue;
        const hex = this.#payment(coin);
        const answer = await post(`${node.url}/api/transactions`, { hex }, signal);
        if (answer?.txid !== undefined) this.#transactions.add(answer.txid);
        if (signal.aborted) return;
      }
      await Bun.sleep(5);
    }
  }

  #payment({ txid, vout, amount }: { txid: string; vout: number; amount: number }): string {
    const half = Math.floor((amount - FEE) / 2);
    const output = { value: half, scriptPubKey: this.#key.scriptPubKey };
    const coin = { outpoint: { txid: txid as Txid, vout }, value: amount };
    return toHex(encodeTransaction(signPayment(this.#key, [coin], [output, output])));
  }

  async #expectAcknowledged(node: ProcessNode): Promise<void> {
    for (const hash of this.#blocks) {
      const response = await getPatiently(`${node.url}/api/block/${hash}/raw`);
      if (response.status !== 200) throw new Error(`block ${hash} is lost`);
    }
    for (const txid of this.#transactions) {
      const response = await getPatiently(`${node.url}/api/transactions/${txid}`);
      const { status } = (await response.json()) as { status: unknown };
      if (status !== "mempool" && status !== "confirmed") {
        throw new Error(`transaction ${txid} is lost: ${status}`);
      }
    }
  }

  async #checkFiles(): Promise<void> {
    const folder = networkFolder({ data: this.#folder, network: NETWORK, difficulty: DIFFICULTY });
    const database = new Database(join(folder, "cairn.db"));
    const row = database.query<{ integrity_check: string }, []>("PRAGMA integrity_check").get();
    database.close();
    if (row?.integrity_check !== "ok") throw new Error(`integrity: ${row?.integrity_check}`);

    const stored = openStoredChain(folder, this.#network);
    const result = await verifyChain({
      stored,
      network: this.#network,
      signatures: chooseSignatureVerifier(),
      now: () => Date.now(),
      onProgress: () => {},
    });
    stored.close();
    if (result.status !== "valid") throw new Error(`replay: ${JSON.stringify(result)}`);
  }
}

/** Thousands of questions in a row may meet the rate limit, which says when to ask again. */
async function getPatiently(url: string): Promise<Response> {
  for (;;) {
    const response = await fetch(url);
    if (response.status !== 429) return response;
    await Bun.sleep(1000 * Number(response.headers.get("retry-after") ?? 1));
  }
}

/** The shapes are checked where the API is tested. */
async function getJson(url: string, signal?: AbortSignal): Promise<any> {
  const response = await fetch(url, signal === undefined ? {} : { signal });
  return await response.json();
}

/** The answer to a POST, or undefined if none came or it was a refusal. */
async function post(url: string, body: unknown, signal?: AbortSignal): Promise<any> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
    const answer = await response.json();
    return response.ok ? answer : undefined;
  } catch {
    return undefined; // Killed in the middle: nothing was acknowledged.
  }
}
