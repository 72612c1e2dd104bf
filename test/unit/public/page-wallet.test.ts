/** What the page's wallet asks the node, and that it believes no amount that it cannot prove. */

import { describe, expect, test } from "bun:test";
import { type PaymentWorld, preparePayment } from "../../../public/page-wallet/payment.ts";
import {
  type Ask,
  BATCH_SIZE,
  MAX_BRANCH_ADDRESSES,
  WalletScan,
} from "../../../public/page-wallet/scan.ts";
import type { AddressSummaryView, UtxoView } from "../../../src/api/address-schemas.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { AddressError, formatAddress } from "../../../src/primitives/address.ts";
import { encodeTransaction, makeTransaction } from "../../../src/primitives/transaction.ts";
import { deriveAccount } from "../../../src/wallet/master-key.ts";
import { parseMnemonic } from "../../../src/wallet/mnemonic.ts";
import { PaymentError } from "../../../src/wallet/payment-error.ts";
import { PsbtError } from "../../../src/wallet/psbt-error.ts";
import { describePsbt } from "../../../src/wallet/psbt-facts.ts";
import { WalletSecret } from "../../../src/wallet/wallet-secret.ts";
import { serialTxid } from "../../support/mempool-harness.ts";

const PREFIXES = findNetwork("dev").addressPrefixes;
const ACCOUNT = deriveAccount(
  new WalletSecret(parseMnemonic(`${"abandon ".repeat(11)}about`)),
  "wpkh",
  0,
);
const BOB = "crn1qvux25709r4uw6rzc8wyl7wwecjdhrx08h3gkw4";

function addressAt(branch: 0 | 1, index: number): string {
  return formatAddress(ACCOUNT.scriptAt(branch, index), PREFIXES) ?? "";
}

/** A node that knows payments of `value` to addresses, each made by a transaction of its own. */
class LittleNode {
  readonly asked: string[] = [];
  readonly raw = new Map<string, string>();
  readonly coins = new Map<string, UtxoView[]>();
  running = 0;
  mostRunning = 0;

  pay(branch: 0 | 1, index: number, value: number, height: number | null = 1): UtxoView {
    const scriptPubKey = ACCOUNT.scriptAt(branch, index);
    const prevout = { txid: serialTxid(this.raw.size + 1), vout: 0 };
    const tx = makeTransaction({
      version: 2,
      inputs: [{ prevout, scriptSig: new Uint8Array(), sequence: 0, witness: [] }],
      outputs: [{ value, scriptPubKey }],
      lockTime: 0,
    });
    this.raw.set(tx.txid, toHex(encodeTransaction(tx)));
    const coin = {
      txid: tx.txid,
      vout: 0,
      amount: value,
      script: toHex(scriptPubKey),
      type: "p2wpkh",
      height,
      confirmations: height === null ? 0 : 1,
      coinbase: false,
      spendable: true,
      spentInMempool: false,
    };
    const address = addressAt(branch, index);
    this.coins.set(address, [...(this.coins.get(address) ?? []), coin]);
    return coin;
  }

  readonly ask: Ask = async <Answer>(path: string): Promise<Answer> => {
    this.asked.push(path);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    await Promise.resolve();
    this.running -= 1;
    return this.#answer(path) as Answer;
  };

  #answer(path: string): unknown {
    const [, , kind = "", id = "", rest = ""] = path.split(/[/?]/);
    if (kind === "transactions") return { txid: id, hex: this.raw.get(id) };
    const coins = this.coins.get(id) ?? [];
    if (rest === "utxos") return this.#page(path, "utxos", coins);
    if (rest === "transactions") {
      const rows = coins.map(({ txid, amount, height }) => ({
        txid,
        amount,
        blockHeight: height,
        timestamp: 5,
      }));
      return this.#page(path, "transactions", rows);
    }
    const sum = (isConfirmed: boolean) =>
      coins
        .filter(({ height }) => (height !== null) === isConfirmed)
        .reduce((total, { amount }) => total + amount, 0);
    return {
      address: id,
      confirmed: sum(true),
      unconfirmed: sum(false),
      immature: 0,
      transactionCount: coins.length,
    } as AddressSummaryView;
  }

  #page(path: string, list: string, rows: readonly unknown[]) {
    const query = new URLSearchParams(path.split("?")[1]);
    const start = Number(query.get("cursor") ?? 0);
    const end = start + Number(query.get("limit"));
    return { [list]: rows.slice(start, end), cursor: end < rows.length ? String(end) : null };
  }
}

describe("WalletScan", () => {
  const look = (node: LittleNode, scan = new WalletScan(ACCOUNT, PREFIXES)) => scan.look(node.ask);

  test("finds what was used up to the gap after the last, and nothing beyond", async () => {
    const node = new LittleNode();
    for (const index of [0, 19, 39, 60]) node.pay(0, index, 1_000 + index);
    node.pay(1, 2, 500, null);
    const picture = await look(node);
    expect(picture.coins.map(({ at }) => [at.branch, at.index])).toEqual([
      [0, 0],
      [0, 19],
      [0, 39],
      [1, 2],
    ]);
    expect(picture.confirmed).toBe(3_000 + 19 + 39);
    expect(picture.unconfirmed).toBe(500);
    expect(picture.next[0].index).toBe(40);
    expect(picture.next[1].address).toBe(addressAt(1, 3));
    expect(picture.isComplete).toBeTrue();
    // 39 and the gap after it; 2 and the gap after it.
    expect(picture.addresses).toHaveLength(60 + 23);
  });

  test("asks a few at a time, and not again what has not changed", async () => {
    const node = new LittleNode();
    for (let index = 0; index < 10; index++) node.pay(0, index, 1_000);
    const scan = new WalletScan(ACCOUNT, PREFIXES);
    await look(node, scan);
    expect(node.mostRunning).toBeLessThanOrEqual(BATCH_SIZE);
    node.asked.length = 0;
    node.pay(0, 4, 7);
    const picture = await look(node, scan);
    expect(picture.confirmed).toBe(10_007);
    const detailed = node.asked.filter((path) => path.includes("?"));
    expect(detailed).toHaveLength(2);
    for (const path of detailed) expect(path).toContain(addressAt(0, 4));
  });

  test("reads all pages of an address, and merges what one transaction moved", async () => {
    const node = new LittleNode();
    for (let count = 0; count < 250; count++) node.pay(0, 0, 10_000 + count, count + 1);
    const coin = node.pay(0, 1, 300, null);
    node.coins.set(addressAt(1, 0), [{ ...coin, amount: 200 }]);
    const picture = await look(node);
    expect(picture.coins).toHaveLength(252);
    expect(picture.history).toHaveLength(251);
    expect(picture.history[0]).toMatchObject({ txid: coin.txid, amount: 500, blockHeight: null });
    expect(picture.history[1]?.blockHeight).toBe(250);
    expect(picture.history.at(-1)?.blockHeight).toBe(1);
  });

  test("ends at its bound, and says so, whatever the node claims", async () => {
    const node = new LittleNode();
    const ask: Ask = async <Answer>(path: string) => {
      const answer = await node.ask<Record<string, unknown>>(path);
      return (
        "transactionCount" in answer
          ? { ...answer, transactionCount: 1 }
          : { ...answer, cursor: "0" }
      ) as Answer;
    };
    const picture = await new WalletScan(ACCOUNT, PREFIXES).look(ask);
    expect(picture.addresses).toHaveLength(2 * MAX_BRANCH_ADDRESSES);
    expect(picture.isComplete).toBeFalse();
  });
});

describe("preparePayment", () => {
  async function worldOf(node: LittleNode): Promise<PaymentWorld> {
    const picture = await new WalletScan(ACCOUNT, PREFIXES).look(node.ask);
    return {
      account: ACCOUNT,
      prefixes: PREFIXES,
      picture,
      tipHeight: 77,
      minFeerate: 1,
      randomBelow: () => 0,
      ask: node.ask,
    };
  }
  const order = { to: BOB, amount: 5_000, feerate: 2 };

  async function failure(promise: Promise<unknown>): Promise<unknown> {
    return await promise.then(
      () => undefined,
      (error) => error,
    );
  }

  test("pays, gives the rest back to an address of its own, and proves every coin", async () => {
    const node = new LittleNode();
    node.pay(0, 3, 4_000);
    node.pay(1, 0, 4_000);
    const { psbt, shown } = await preparePayment(order, await worldOf(node));
    const { inputs, outputs, fee, lockTime } = describePsbt(psbt);
    expect(lockTime).toBe(77);
    expect(inputs).toHaveLength(2);
    expect(inputs.every(({ isProven, keys }) => isProven && keys.length === 1)).toBeTrue();
    expect(fee).toBe(shown.fee);
    expect(shown.leaving).toBe(5_000 + shown.fee);
    const paid = outputs.map(({ value, scriptPubKey }) => [
      formatAddress(scriptPubKey, PREFIXES),
      value,
    ]);
    expect(paid).toContainEqual([BOB, 5_000]);
    expect(paid).toContainEqual([addressAt(1, 1), 3_000 - shown.fee]);
    expect(shown.outputs.map(({ role }) => role).sort()).toEqual(["change", "payment"]);
  });

  test("everything goes, less the fee", async () => {
    const node = new LittleNode();
    node.pay(0, 0, 4_000);
    const { shown } = await preparePayment({ ...order, amount: "max" }, await worldOf(node));
    expect(shown.outputs).toHaveLength(1);
    expect(shown.leaving).toBe(4_000);
  });

  test("does not spend what waits", async () => {
    const node = new LittleNode();
    node.pay(0, 0, 40_000, null);
    const error = await failure(preparePayment(order, await worldOf(node)));
    expect(error).toBeInstanceOf(PaymentError);
    expect((error as PaymentError).code).toBe("insufficient-funds");
  });

  test.each([-1, 1])("an amount that is told wrong by %d sat is found out", async (difference) => {
    const node = new LittleNode();
    const coin = node.pay(0, 0, 40_000);
    node.coins.set(addressAt(0, 0), [{ ...coin, amount: coin.amount + difference }]);
    const error = await failure(preparePayment(order, await worldOf(node)));
    expect(error).toBeInstanceOf(PsbtError);
    expect((error as PsbtError).code).toBe("wrong-output");
  });

  test("a transaction that is not the one that was asked for proves nothing", async () => {
    const node = new LittleNode();
    const small = node.pay(0, 0, 10_000);
    const large = node.pay(0, 0, 40_000);
    // The node claims that the small coin is large, and shows the other one for it.
    node.coins.set(addressAt(0, 0), [{ ...small, amount: large.amount }]);
    node.raw.set(small.txid, node.raw.get(large.txid) ?? "");
    const error = await failure(preparePayment(order, await worldOf(node)));
    expect((error as PsbtError).code).toBe("wrong-output");
  });

  test("a coin at an output that is not there, or of somebody else, is none", async () => {
    const node = new LittleNode();
    const coin = node.pay(0, 0, 40_000);
    for (const told of [
      { address: addressAt(0, 0), coin: { ...coin, vout: 9 } },
      { address: addressAt(0, 1), coin },
    ]) {
      node.coins.clear();
      node.coins.set(told.address, [told.coin]);
      const error = await failure(preparePayment(order, await worldOf(node)));
      expect((error as PsbtError).code).toBe("wrong-output");
    }
  });

  test("an address of another network is refused", async () => {
    const node = new LittleNode();
    node.pay(0, 0, 40_000);
    const world = await worldOf(node);
    const to = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk";
    expect(await failure(preparePayment({ ...order, to }, world))).toBeInstanceOf(AddressError);
  });
});
