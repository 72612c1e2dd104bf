/**
 * Wallets on a whole node of the development network, whose blocks are mined when a test says so, on
 * the tip or anywhere else.
 *
 * Mined coins mature quickly, so that little has to be mined before there is something to spend.
 */

import { findNetwork } from "../../src/consensus/networks.ts";
import { subsidyAt } from "../../src/consensus/subsidy.ts";
import { mineAtOnce } from "../../src/node/development-chain.ts";
import type { Node } from "../../src/node/node.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { BlockHash, Txid } from "../../src/primitives/hash-id.ts";
import {
  makeTransaction,
  type Transaction,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import type { Wallet } from "../../src/wallet/wallet.ts";
import type { WalletTransaction } from "../../src/wallet/wallet-ledger.ts";
import type { PaymentRequest, PreparedPayment } from "../../src/wallet/wallet-payments.ts";
import { coinbaseParts, mineHeader, rootOf, withCommitment, withParams } from "./chain-builder.ts";
import { type PaymentKey, type SpendableCoin, signPayment } from "./payments.ts";
import { startTestNode, type TestNodeOptions } from "./test-node.ts";

export const MATURITY = 5;

/** The development network, with coins that mature within five blocks. */
export const QUICK_DEV = withParams(findNetwork("dev"), { coinbaseMaturity: MATURITY });

/** Sats that strangers pay miners for a payment, and for each output besides. */
const STRANGERS_FEE = 2_000;
const STRANGERS_OUTPUT_FEE = 100;

const CATCH_UP_MS = 20_000;

let salt = 0;

/** A node, its wallets, and a stranger with a key, to whom its blocks pay. */
export class WalletWorld implements AsyncDisposable {
  readonly node: Node;
  readonly key: PaymentKey;
  readonly directory: string;
  readonly #end: () => PromiseLike<void>;

  private constructor(running: Awaited<ReturnType<typeof startTestNode>>) {
    this.node = running.node;
    this.key = running.key;
    this.directory = running.directory;
    this.#end = () => running[Symbol.asyncDispose]();
  }

  static async start(options: TestNodeOptions = {}): Promise<WalletWorld> {
    return new WalletWorld(await startTestNode({ network: QUICK_DEV, ...options }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  /** Makes a wallet without a password, the same for the same number. */
  async make(name: string, number = 1): Promise<Wallet> {
    return await this.node.wallets.createPlain(name, entropyOf(number), 0);
  }

  /** Resolves once the index shows the tip. */
  async settled(): Promise<void> {
    const { index, chain } = this.node;
    if (!(await index.caughtUp(chain.tip.hash, CATCH_UP_MS))) throw new Error("the index lags");
  }

  /** Mines `count` blocks on the tip of all that waits, and waits for the index. */
  async mine(count = 1, payoutScript?: Uint8Array): Promise<Block> {
    let block = mineAtOnce(this.node, payoutScript);
    for (let more = 1; more < count; more++) block = mineAtOnce(this.node, payoutScript);
    await this.settled();
    return block;
  }

  /** Takes over all blocks of another node's chain. */
  follow(chain: Node["chain"]): void {
    for (let height = 1; height <= chain.tip.height; height++) {
      this.node.submitBlock(chain.getBlock(chain.index.findActive(height)!));
    }
  }

  /** Pays `outputs` from a coin that the stranger has mined; it waits in the mempool. */
  pay(outputs: readonly TxOutput[]): Transaction {
    const tx = this.makePayment([this.takeCoin()], outputs);
    this.submit(tx);
    return tx;
  }

  submit(tx: Transaction): void {
    const verdict = this.node.submitTransaction(tx);
    if (verdict.status !== "accepted") throw new Error(`not accepted: ${JSON.stringify(verdict)}`);
  }

  /** Pays `amounts` to new addresses of a wallet, as many of them as there are, and mines it. */
  async fund({ name }: Wallet, amounts: readonly number[]): Promise<Transaction> {
    const outputs = amounts.map((value) => {
      return { value, scriptPubKey: this.node.wallets.receiveAddress(name, false).script };
    });
    const tx = this.pay(outputs);
    await this.mine();
    return tx;
  }

  /** A payment of the stranger's, not yet sent; what is left goes back to the stranger. */
  makePayment(coins: readonly SpendableCoin[], outputs: readonly TxOutput[]): Transaction {
    const sum = (items: readonly { readonly value: number }[]) =>
      items.reduce((total, { value }) => total + value, 0);
    const rest = sum(coins) - sum(outputs) - STRANGERS_FEE - outputs.length * STRANGERS_OUTPUT_FEE;
    return signPayment(this.key, coins, [
      ...outputs,
      { value: rest, scriptPubKey: this.key.scriptPubKey },
    ]);
  }

  /** A mature coin of the stranger's, mined if there is none. */
  takeCoin(): SpendableCoin {
    for (;;) {
      const { chain, mempool } = this.node;
      for (let height = 1; height <= chain.tip.height - MATURITY + 1; height++) {
        const [coinbase] = chain.getBlock(chain.index.findActive(height)!).transactions;
        const { value, scriptPubKey } = coinbase!.outputs[0]!;
        const outpoint = { txid: coinbase!.txid, vout: 0 };
        if (Buffer.compare(scriptPubKey, this.key.scriptPubKey) !== 0) continue;
        if (mempool.coins.findCoin(outpoint) !== undefined) return { outpoint, value };
      }
      mineAtOnce(this.node);
    }
  }

  /** Makes the block after `parent` with these transactions, and offers it. */
  mineOn(
    parent: BlockHash,
    transactions: readonly Transaction[] = [],
    scriptPubKey: Uint8Array = this.key.scriptPubKey,
  ): Block {
    const { chain, network } = this.node;
    const entry = chain.index.find(parent)!;
    const height = entry.height + 1;
    const value = subsidyAt(height, network.params);
    salt += 1;
    const parts = coinbaseParts(height, [{ value, scriptPubKey }], salt);
    const body = [makeTransaction(withCommitment(parts, transactions)), ...transactions];
    const block = mineHeader(
      {
        version: 0x20000000,
        prevBlockHash: parent,
        merkleRoot: rootOf(body),
        time: chain.getBlock(entry).header.time + 1,
        bits: network.genesis.header.bits,
        nonce: 0,
      },
      body,
    );
    const verdict = this.node.submitBlock(block);
    if (verdict.status === "invalid") throw verdict.error;
    return block;
  }

  /**
   * Abandons the last `depth` blocks for one more than that; `transactions` are in the first of them.
   * What it abandons and these do not exclude comes back to the mempool.
   */
  async reorganise(depth: number, transactions: readonly Transaction[] = []): Promise<void> {
    const { chain } = this.node;
    const fork = chain.index.findActive(chain.tip.height - depth)!;
    let { hash } = this.mineOn(fork.hash, transactions);
    for (let more = 0; more < depth; more++) hash = this.mineOn(hash).hash;
    if (chain.tip.hash !== hash) throw new Error("the other branch did not win");
    await this.settled();
  }

  /** Prepares a payment and confirms it. */
  async send(wallet: Wallet, request: PaymentRequest): Promise<PreparedPayment> {
    return await this.confirm(wallet, wallet.payments.prepare(request));
  }

  async confirm({ name }: Wallet, { id, digest }: PreparedPayment): Promise<PreparedPayment> {
    return await this.node.wallets.confirm(name, id, digest, undefined);
  }
}

/** The entropy of the wallet with this number. */
export function entropyOf(number: number): Uint8Array {
  const entropy = new Uint8Array(16).fill(0x5a);
  new DataView(entropy.buffer).setUint32(0, number);
  return entropy;
}

/** Asks for one payment of `amount` to `scriptPubKey`. */
export function paymentOf(
  scriptPubKey: Uint8Array,
  amount: number | "max",
  feerate = 2,
): PaymentRequest {
  return { recipients: [{ scriptPubKey, amount }], feerate };
}

/** Reads all pages of a list. */
export function readAll<Row>(
  list: (page: { limit: number; cursor?: string }) => {
    readonly rows: readonly Row[];
    readonly nextCursor: string | undefined;
  },
  limit = 50,
): Row[] {
  const rows: Row[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = list(cursor === undefined ? { limit } : { limit, cursor });
    if (page.rows.length > limit) throw new Error("a page has more rows than asked for");
    rows.push(...page.rows);
    cursor = page.nextCursor;
    if (cursor === undefined) return rows;
  }
}

/** The line of a wallet's history for a transaction. */
export function lineOf(wallet: Wallet, txid: Txid | undefined): WalletTransaction {
  const line = readAll((page) => wallet.ledger.listHistory(page)).find((row) => row.txid === txid);
  if (line === undefined) throw new Error(`${wallet.name} does not show ${txid}`);
  return line;
}
