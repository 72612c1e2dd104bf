/**
 * K-09: which addresses a wallet hands out, and that its words alone bring all of them back.
 */

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { formatAddress } from "../../src/primitives/address.ts";
import { deriveAccount } from "../../src/wallet/master-key.ts";
import type { Wallet } from "../../src/wallet/wallet.ts";
import { GAP_LIMIT } from "../../src/wallet/wallet-addresses.ts";
import { WalletSecret } from "../../src/wallet/wallet-secret.ts";
import { paymentKey } from "../support/payments.ts";
import { entropyOf, MATURITY, paymentOf, readAll, WalletWorld } from "../support/wallet-world.ts";

const COIN = 1_000_000;
const ACCOUNT = deriveAccount(new WalletSecret(entropyOf(1)), "wpkh", 0);

setDefaultTimeout(60_000);

let world: WalletWorld;

beforeEach(async () => {
  world = await WalletWorld.start();
  // Enough that no payment has to mine before it.
  await world.mine(MATURITY + 30);
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const payIndexes = (branch: 0 | 1, indexes: readonly number[]) =>
  world.pay(
    indexes.map((index) => ({ value: COIN, scriptPubKey: ACCOUNT.scriptAt(branch, index) })),
  );
const textOf = (branch: 0 | 1, index: number) =>
  formatAddress(ACCOUNT.scriptAt(branch, index), world.node.network.addressPrefixes)!;
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
};

describe("restored from its words", () => {
  test.each([
    ["the first", [0], 1],
    ["the last of a gap", [19], 1],
    ["the first beyond a gap, which is not looked for", [20], 0],
    ["one gap after another", [0, 19, 38, 58], 4],
    ["a whole gap behind one", [19, 39, 60], 2],
  ] as const)("K-09: a wallet finds %s", async (_, indexes, found) => {
    payIndexes(0, indexes);
    payIndexes(1, indexes);
    await world.mine();
    const wallet = await world.make("restored");
    expect(wallet.ledger.balance().total).toBe(2 * found * COIN);
    expect(readAll((page) => wallet.ledger.listCoins(page))).toHaveLength(2 * found);
  });

  test("K-09: a wallet finds what only waits", async () => {
    payIndexes(0, [18]);
    payIndexes(0, [37]);
    const wallet = await world.make("restored");
    expect(wallet.ledger.balance()).toMatchObject({ confirmed: 0, pending: 2 * COIN });
  });

  test("K-09: a wallet of a thousand used addresses has all of them, within seconds", async () => {
    for (let first = 0; first < 1_000; first += 250) {
      payIndexes(
        0,
        Array.from({ length: 250 }, (_, index) => first + index),
      );
    }
    await world.mine();
    const startedAt = performance.now();
    const wallet = await world.make("restored");
    expect(wallet.ledger.balance().total).toBe(1_000 * COIN);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(wallet.receiveAddress(false)).toMatchObject({ index: 1_000, address: textOf(0, 1_000) });
  }, 60_000);
});

describe("handing out", () => {
  let wallet: Wallet;

  beforeEach(async () => {
    wallet = await world.make("shown");
  });

  test("gives the same address until it is paid, then the next", async () => {
    const first = wallet.receiveAddress(false);
    expect(first.address).toBe(textOf(0, 0));
    expect(wallet.receiveAddress(false)).toEqual(first);
    payIndexes(0, [0]);
    const second = wallet.receiveAddress(false);
    expect(second.address).toBe(textOf(0, 1));
    await world.mine();
    expect(wallet.receiveAddress(false)).toEqual(second);
  });

  test("gives a new one on demand, up to a gap, and again once one of the last is paid", () => {
    const given = Array.from({ length: GAP_LIMIT }, () => wallet.receiveAddress(true).index);
    expect(given).toEqual(Array.from({ length: GAP_LIMIT }, (_, index) => index));
    expect(codeOf(() => wallet.receiveAddress(true))).toBe("gap-limit");
    expect(wallet.receiveAddress(false).index).toBe(GAP_LIMIT - 1);
    payIndexes(0, [4]);
    const more = Array.from({ length: 5 }, () => wallet.receiveAddress(true).index);
    expect(more).toEqual([20, 21, 22, 23, 24]);
    expect(codeOf(() => wallet.receiveAddress(true))).toBe("gap-limit");
  });

  test("knows what was paid to an address far ahead as soon as it is asked", () => {
    payIndexes(0, [15]);
    payIndexes(0, [30]);
    payIndexes(0, [50]);
    expect(wallet.ledger.balance().pending).toBe(3 * COIN);
    expect(wallet.receiveAddress(false).index).toBe(51);
  });

  test("change is never given twice", async () => {
    await world.fund(wallet, [COIN, COIN, COIN]);
    const changes: string[] = [];
    for (let count = 0; count < 25; count++) {
      const { outputs } = await world.send(wallet, paymentOf(paymentKey(9).scriptPubKey, 20_000));
      changes.push(...outputs.filter(({ role }) => role === "change").map((out) => out.address!));
      if (count % 5 === 0) await world.mine();
    }
    expect(changes).toHaveLength(25);
    expect(new Set(changes).size).toBe(25);
    expect(changes[0]).toBe(textOf(1, 0));
  });
});

describe("a single watched address", () => {
  test("shows what it has, and pays nothing", async () => {
    payIndexes(0, [3]);
    await world.mine();
    const wallet = await world.node.wallets.watch("single", textOf(0, 3));
    expect(wallet.account.kind).toBe("addr");
    expect(wallet.ledger.balance()).toMatchObject({ total: COIN, spendable: COIN });
    expect(wallet.receiveAddress(true).address).toBe(textOf(0, 3));
    expect(codeOf(() => wallet.payments)).toBe("wallet-has-no-change");
    expect(wallet.addresses.count).toBe(1);
  });
});

describe("two names of the same keys", () => {
  test("are one wallet: labels, addresses and payments are of both", async () => {
    const [one, two] = [await world.make("one"), await world.make("two")];
    expect(two.id).toBe(one.id);
    await world.fund(one, [COIN, COIN]);
    one.putLabel({ type: "addr", ref: textOf(0, 0), label: "rent" });
    expect(two.label("addr", textOf(0, 0))).toBe("rent");
    expect(two.receiveAddress(true).index).toBe(one.receiveAddress(false).index);

    const draft = one.payments.prepare(paymentOf(paymentKey(9).scriptPubKey, COIN + 1));
    expect(two.ledger.balance()).toMatchObject({ reserved: 2 * COIN, spendable: 0 });
    const sent = await world.confirm(two, two.payments.find(draft.id));
    expect(one.payments.find(draft.id)).toMatchObject({ state: "sent", txid: sent.txid });
    expect(one.ledger.balance()).toEqual(two.ledger.balance());

    await world.node.wallets.remove("one");
    world.node.mempool.expire();
    await world.fund(two, [COIN]);
    expect(two.ledger.balance().total).toBe(3 * COIN - sent.leaving);
    expect(codeOf(() => world.node.wallets.get("one"))).toBe("wallet-not-found");
  });

  test("also when one of them only watches, without saying where its key is from", async () => {
    const one = await world.make("one");
    const bare = /[a-z]pub[0-9A-Za-z]+/.exec(one.account.descriptor)?.[0] ?? "";
    const watching = await world.node.wallets.watch("watching", bare, "wpkh");
    expect(watching.id).toBe(one.id);
    expect(watching.addresses.at(0, 7).address).toBe(one.addresses.at(0, 7).address);
    const single = await world.node.wallets.watch("single", textOf(0, 0));
    expect(single.id).not.toBe(one.id);
  });
});

describe("names", () => {
  test("of contacts and wallets are one set, whatever their case", async () => {
    await world.make("alice");
    const { wallets } = world.node;
    const contact = { address: textOf(0, 5), note: "" };
    for (const name of ["alice", "Alice", " ALICE ", "\uff41lice"]) {
      expect(codeOf(() => wallets.putContact({ ...contact, name }))).toBe("name-taken");
    }
    wallets.putContact({ ...contact, name: "Bob" });
    await expect(
      world.make("bob").then(() => wallets.create({ name: "bob", password: "x" })),
    ).rejects.toMatchObject({ code: expect.stringMatching(/name-taken|exists/) });
    // Nor is anything named like the key that the node mines to.
    await expect(wallets.create({ name: "miner", password: "x" })).rejects.toMatchObject({
      code: "name-taken",
    });
    expect(wallets.resolve("alice").address).toBe(textOf(0, 0));
    expect(wallets.resolve("bob").address).toBe(textOf(0, 5));
  });

  test("no contact takes the place of an address that it is called like", () => {
    const { wallets } = world.node;
    wallets.putContact({ name: textOf(0, 1), address: textOf(0, 2), note: "" });
    expect(wallets.resolve(textOf(0, 1)).address).toBe(textOf(0, 1));
  });
});
