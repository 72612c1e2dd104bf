/**
 * K-03, K-04, K-05, A-16: payments of wallets on a real node, from their making to where the chain
 * has them, and back.
 */

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeAll } from "../../src/lib/codec.ts";
import { WALLET_DATABASE_NAME } from "../../src/node/open-wallets.ts";
import { decodeTransaction, type Outpoint, outpointKey } from "../../src/primitives/transaction.ts";
import { WalletStore } from "../../src/storage/wallet-store.ts";
import { ACCOUNT_KINDS } from "../../src/wallet/account.ts";
import { parsePsbt } from "../../src/wallet/psbt.ts";
import { finalizePsbt } from "../../src/wallet/psbt-signing.ts";
import type { Wallet } from "../../src/wallet/wallet.ts";
import { DRAFT_LIFE_MS } from "../../src/wallet/wallet-payments.ts";
import { HandClock } from "../support/hand-clock.ts";
import { paymentKey } from "../support/payments.ts";
import { entropyOf, lineOf, paymentOf, readAll, WalletWorld } from "../support/wallet-world.ts";

const SOMEBODY = paymentKey(9).scriptPubKey;
const COIN = 1_000_000;

setDefaultTimeout(60_000);

let directory: string;
let world: WalletWorld;
let wallet: Wallet;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "cairn-payments-"));
  await begin();
  wallet = await world.make("payer");
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function begin(options = {}): Promise<void> {
  world = await WalletWorld.start({ directory, ...options });
}

async function restart(options = {}): Promise<void> {
  await world[Symbol.asyncDispose]();
  await begin(options);
  await world.settled();
  wallet = world.node.wallets.get("payer");
}

const fund = (count: number) => world.fund(wallet, new Array<number>(count).fill(COIN));
const balance = () => wallet.ledger.balance();
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
};
/** Whether a payment is still watched over, by the store's own word once the node has ended. */
async function isLive(id: string): Promise<boolean> {
  const identity = { network: "dev", genesis: world.node.network.genesis.hash };
  await world[Symbol.asyncDispose]();
  const store = new WalletStore(join(directory, WALLET_DATABASE_NAME), identity);
  const draft = store.drafts.findDraft(id);
  store.close();
  await restart();
  return draft!.isLive;
}

const keysOf = (outpoints: readonly Outpoint[]) => outpoints.map(outpointKey);

describe("prepare", () => {
  test("K-04: inputs are outputs and fee; change is internal, new each time, and never dust", async () => {
    await fund(8);
    const changes = new Set<string>();
    for (const amount of [1_000, 250_000, COIN - 400, COIN + 1_000]) {
      const draft = wallet.payments.prepare(paymentOf(SOMEBODY, amount));
      const outputs = draft.outputs.reduce((sum, { value }) => sum + value, 0);
      const inputs = draft.inputs.reduce((sum, { value }) => sum + value, 0);
      expect(inputs).toBe(outputs + draft.fee);
      expect(draft.leaving).toBe(amount + draft.fee);
      for (const { role, address, value } of draft.outputs) {
        if (role !== "change") continue;
        expect(wallet.addresses.findByText(address!)?.branch).toBe(1);
        expect(value).toBeGreaterThan(294);
        expect(changes.has(address!)).toBe(false);
        changes.add(address!);
      }
    }
    expect(changes.size).toBeGreaterThanOrEqual(3);
  });

  test("K-03: refuses a fee out of proportion unless it is forced", async () => {
    await fund(1);
    const dear = paymentOf(SOMEBODY, 20_000, 500);
    expect(codeOf(() => wallet.payments.prepare(dear))).toBe("fee-too-high");
    expect(wallet.payments.prepare({ ...dear, isForced: true }).fee).toBeGreaterThan(20_000);
  });

  test("says what is missing when there is too little, and holds nothing", async () => {
    await fund(2);
    const tooMuch = paymentOf(SOMEBODY, 3 * COIN);
    expect(() => wallet.payments.prepare(tooMuch)).toThrow(
      expect.objectContaining({
        code: "insufficient-funds",
        facts: expect.objectContaining({ available: 2 * COIN }),
      }),
    );
    expect(balance()).toMatchObject({ reserved: 0, spendable: 2 * COIN });
  });

  test("K-05: coins are held over a restart, and released by cancelling", async () => {
    await fund(2);
    const draft = wallet.payments.prepare(paymentOf(SOMEBODY, COIN + 1));
    expect(draft.inputs).toHaveLength(2);
    await restart();
    expect(balance()).toMatchObject({ total: 2 * COIN, reserved: 2 * COIN, spendable: 0 });
    expect(wallet.ledger.selectableCoins().map(({ hold }) => hold)).toEqual([
      "reserved",
      "reserved",
    ]);
    expect(codeOf(() => wallet.payments.prepare(paymentOf(SOMEBODY, 1_000)))).toBe(
      "insufficient-funds",
    );
    expect(wallet.payments.cancel(draft.id).state).toBe("cancelled");
    expect(wallet.payments.cancel(draft.id).state).toBe("cancelled");
    expect(balance()).toMatchObject({ reserved: 0, spendable: 2 * COIN });
    await expect(world.confirm(wallet, draft)).rejects.toMatchObject({ code: "draft-not-open" });
  });

  test("K-05: coins are released when the time of a payment is over, also while nobody asks", async () => {
    const clock = new HandClock(Date.now());
    await restart({ clock });
    await fund(1);
    const draft = wallet.payments.prepare(paymentOf(SOMEBODY, 1_000));
    clock.pass(DRAFT_LIFE_MS - 1);
    expect(balance()).toMatchObject({ reserved: COIN, spendable: 0 });
    clock.pass(1);
    expect(balance()).toMatchObject({ reserved: 0, spendable: COIN });
    expect(wallet.payments.find(draft.id).state).toBe("expired");
    await expect(world.confirm(wallet, draft)).rejects.toMatchObject({ code: "draft-not-open" });
  });

  test("K-09: change stays where a restored wallet finds it, however many payments are never sent", async () => {
    await fund(1);
    for (let count = 0; count < 50; count++) {
      const draft = wallet.payments.prepare(paymentOf(SOMEBODY, 1_000));
      if (count < 49) wallet.payments.cancel(draft.id);
      else await world.confirm(wallet, draft);
    }
    await world.mine();
    await using second = await WalletWorld.start();
    second.follow(world.node.chain);
    await second.settled();
    const restored = await second.make("restored");
    expect(restored.ledger.balance()).toEqual(balance());
    expect(balance().total).toBeGreaterThan(COIN - 10_000);
  });

  test("a client id stands for one payment, over a restart too, and for no other", async () => {
    await fund(3);
    const request = paymentOf(SOMEBODY, 5_000);
    const draft = wallet.payments.prepare(request, { clientId: "order-1" });
    expect(wallet.payments.prepare(request, { clientId: "order-1" }).id).toBe(draft.id);
    const other = paymentOf(SOMEBODY, 5_001);
    expect(codeOf(() => wallet.payments.prepare(other, { clientId: "order-1" }))).toBe(
      "client-id-reused",
    );
    const { txid } = await world.confirm(wallet, draft);
    await restart();
    const again = wallet.payments.prepare(request, { clientId: "order-1" });
    expect(again).toMatchObject({ id: draft.id, state: "sent", txid });
    expect(await world.confirm(wallet, again)).toMatchObject({ txid });
    expect(world.node.mempool.count).toBe(1);
  });
});

describe("confirm", () => {
  test("K-05: a hundred payments at once take no coin twice, and all are sent", async () => {
    await fund(60);
    await fund(60);
    const sent = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        await Promise.resolve();
        return await world.send(wallet, paymentOf(SOMEBODY, 10_000 + index));
      }),
    );
    expect(new Set(sent.map(({ txid }) => txid)).size).toBe(100);
    const spent = sent.flatMap(({ inputs }) => keysOf(inputs));
    expect(new Set(spent).size).toBe(spent.length);
    expect(world.node.mempool.count).toBe(100);
    const fees = sent.reduce((sum, { leaving }) => sum + leaving, 0);
    await world.mine();
    expect(balance()).toMatchObject({ total: 120 * COIN - fees, pending: 0, reserved: 0 });
  });

  test("twice, one after the other or at once, pays once", async () => {
    await fund(2);
    const draft = wallet.payments.prepare(paymentOf(SOMEBODY, 10_000));
    const [first, second] = await Promise.all([
      world.confirm(wallet, draft),
      world.confirm(wallet, draft),
    ]);
    const third = await world.confirm(wallet, draft);
    expect([first.txid, second.txid, third.txid]).toEqual(Array(3).fill(first.txid));
    expect(world.node.mempool.count).toBe(1);
    expect(balance().total).toBe(2 * COIN - draft.leaving);
  });

  test("another digest than was shown is refused", async () => {
    await fund(1);
    const draft = wallet.payments.prepare(paymentOf(SOMEBODY, 10_000));
    await expect(world.confirm(wallet, { ...draft, digest: "00" })).rejects.toMatchObject({
      code: "draft-changed",
    });
  });

  test("a watched wallet's payment is signed by the one with the keys", async () => {
    const watching = await world.node.wallets.watch("watching", wallet.account.descriptor);
    expect(watching.id).toBe(wallet.id);
    await fund(1);
    const draft = watching.payments.prepare(paymentOf(SOMEBODY, 10_000));
    await expect(world.confirm(watching, draft)).rejects.toMatchObject({
      code: "wallet-watch-only",
    });
    const { psbt, added } = await world.node.wallets.signPsbt(
      "payer",
      parsePsbt(draft.psbt),
      undefined,
    );
    expect(added).toBe(1);
    const sent = watching.payments.confirmSigned(draft.id, draft.digest, psbt);
    await world.mine();
    expect(lineOf(watching, sent.txid)).toMatchObject({ status: "confirmed", kind: "sent" });
    expect(watching.ledger.balance()).toEqual(balance());
  });

  test("what was signed for another payment is refused", async () => {
    await fund(2);
    const [one, other] = [10_000, 20_000].map((amount) =>
      wallet.payments.prepare(paymentOf(SOMEBODY, amount)),
    );
    const signed = await world.node.wallets.signPsbt("payer", parsePsbt(other!.psbt), undefined);
    expect(codeOf(() => wallet.payments.confirmSigned(one!.id, one!.digest, signed.psbt))).toBe(
      "draft-changed",
    );
  });
});

describe("a refused payment", () => {
  test("fails, releases its coins and is in no history", async () => {
    await fund(1);
    const elsewhere = wallet.payments.prepare(paymentOf(SOMEBODY, 10_000, 50));
    const { psbt } = await world.node.wallets.signPsbt(
      "payer",
      parsePsbt(elsewhere.psbt),
      undefined,
    );
    wallet.payments.cancel(elsewhere.id);
    const draft = wallet.payments.prepare(paymentOf(SOMEBODY, 20_000));
    // Another with the same keys was quicker, and pays miners more.
    const tx = decodeAll(finalizePsbt(psbt), decodeTransaction);
    world.submit(tx);
    await expect(world.confirm(wallet, draft)).rejects.toMatchObject({ code: "insufficient-fee" });
    expect(wallet.payments.find(draft.id).state).toBe("failed");
    const history = readAll((page) => wallet.ledger.listHistory(page));
    expect(history.map(({ status }) => status)).toEqual(["pending", "confirmed"]);
    expect(lineOf(wallet, tx.txid).amount).toBe(-elsewhere.leaving);
    expect(balance()).toMatchObject({ reserved: 0, total: COIN - elsewhere.leaving });
  });
});

describe("what waits", () => {
  test("bump takes its place: the replaced one is conflicted with its successor", async () => {
    await fund(2);
    const first = await world.send(wallet, paymentOf(SOMEBODY, 300_000));
    const draft = wallet.payments.bump(first.txid!, { feerate: 10 });
    expect(codeOf(() => wallet.payments.bump(first.txid!, { feerate: 11 }))).toBe("unknown-coin");
    const second = await world.confirm(wallet, draft);
    expect(lineOf(wallet, first.txid)).toMatchObject({
      status: "conflicted",
      conflictsWith: second.txid!,
      amount: -first.leaving,
      kind: "sent",
    });
    const third = await world.confirm(wallet, wallet.payments.bump(second.txid!, { feerate: 20 }));
    expect(lineOf(wallet, second.txid)).toMatchObject({ conflictsWith: third.txid! });
    expect(lineOf(wallet, first.txid)).toMatchObject({ conflictsWith: third.txid! });
    expect(balance().total).toBe(2 * COIN - third.leaving);
    await world.mine();
    expect(lineOf(wallet, third.txid)).toMatchObject({ status: "confirmed" });
    expect(lineOf(wallet, first.txid)).toMatchObject({ status: "conflicted" });
    world.node.wallets.resend();
    expect(world.node.mempool.count).toBe(0);
  });

  test("cancelPending takes it back", async () => {
    await fund(1);
    const first = await world.send(wallet, paymentOf(SOMEBODY, 300_000));
    const back = await world.confirm(wallet, wallet.payments.cancelPending(first.txid!, {}));
    await world.mine();
    expect(balance()).toMatchObject({ total: COIN - back.fee, pending: 0 });
    expect(lineOf(wallet, back.txid)).toMatchObject({ kind: "self", amount: -back.fee });
    expect(codeOf(() => wallet.payments.bump(back.txid!, {}))).toBe("not-a-payment-of-this-wallet");
  });

  test("speedUp pays for what others sent, whose coins are trusted no more than before", async () => {
    const script = wallet.receiveAddress(false).script;
    const { txid } = world.pay([{ value: COIN, scriptPubKey: script }]);
    expect(balance()).toMatchObject({ pending: COIN, spendable: 0 });
    const draft = wallet.payments.speedUp(txid, { feerate: 40 });
    expect(balance()).toMatchObject({ reserved: COIN, spendable: 0 });
    const child = await world.confirm(wallet, draft);
    // Whoever sent it could still take it back, and the child with it.
    expect(balance()).toMatchObject({ total: COIN - child.fee, spendable: 0 });
    expect(codeOf(() => wallet.payments.prepare(paymentOf(SOMEBODY, 1_000)))).toBe(
      "insufficient-funds",
    );
    await world.mine();
    expect(balance()).toMatchObject({ total: COIN - child.fee, spendable: COIN - child.fee });
  });

  test("a payment whose parent is confirmed alone counts what it spends as confirmed", async () => {
    await fund(1);
    const parent = await world.send(wallet, paymentOf(SOMEBODY, 200_000));
    const child = await world.send(wallet, paymentOf(SOMEBODY, 100_000));
    world.mineOn(world.node.chain.tip.hash, [world.node.mempool.find(parent.txid!)!.tx]);
    await world.settled();
    const total = COIN - parent.leaving - child.leaving;
    expect(balance()).toMatchObject({
      confirmed: COIN - parent.leaving,
      pending: -child.leaving,
      spendable: total,
    });
  });

  test("is sent again once it is nowhere: evicted, expired or abandoned with its block", async () => {
    const clock = new HandClock(Date.now());
    await restart({ clock, mempool: { expiryMs: 3_600_000 } });
    await fund(1);
    const { txid } = await world.send(wallet, paymentOf(SOMEBODY, 300_000));
    clock.pass(3_600_001);
    world.node.mempool.expire();
    expect(lineOf(wallet, txid)).toMatchObject({ status: "dropped", amount: expect.any(Number) });
    world.node.wallets.resend();
    expect(lineOf(wallet, txid).status).toBe("pending");
    await world.mine();
    await world.reorganise(1);
    expect(lineOf(wallet, txid).status).toBe("pending");
    expect(balance().reserved).toBe(0);
  });

  test("is left alone once it is deep in the chain", async () => {
    await fund(1);
    const { id, txid } = await world.send(wallet, paymentOf(SOMEBODY, 300_000));
    await world.mine(100);
    world.node.wallets.resend();
    expect(await isLive(id)).toBe(true);
    await world.mine();
    world.node.wallets.resend();
    expect(await isLive(id)).toBe(false);
    expect(wallet.payments.find(id)).toMatchObject({ state: "sent", txid });
  });
});

describe("kinds", () => {
  test.each(ACCOUNT_KINDS)(
    "a %s wallet receives, pays, bumps and signs on a real chain",
    async (kind) => {
      const password = "correct horse";
      const request = { name: `kind-${kind}`, password, kind, entropy: entropyOf(77) };
      const made = await world.node.wallets.create(request);
      await world.fund(made, [COIN, COIN]);
      const { token } = await world.node.wallets.unlock(made.name, password, {
        limit: 10 * COIN,
        boundTo: "test",
      });
      const authority = { session: token, boundTo: "test" };
      const confirm = ({ id, digest }: { id: string; digest: string }) =>
        world.node.wallets.confirm(made.name, id, digest, authority);
      const first = await confirm(made.payments.prepare(paymentOf(SOMEBODY, COIN + 5_000)));
      const second = await confirm(made.payments.bump(first.txid!, { feerate: 7 }));
      const third = await confirm(made.payments.prepare(paymentOf(SOMEBODY, 5_000)));
      await world.mine();
      expect(lineOf(made, third.txid).status).toBe("confirmed");
      expect(made.ledger.balance()).toMatchObject({
        total: 2 * COIN - second.leaving - third.leaving,
        pending: 0,
      });
      await expect(
        world.node.wallets.confirm(made.name, third.id, third.digest, undefined),
      ).resolves.toMatchObject({ txid: third.txid });
    },
    60_000,
  );
});
