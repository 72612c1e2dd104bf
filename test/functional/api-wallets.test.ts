/**
 * The life of wallets over HTTP, on a development network: made, paid, paying, watched, removed.
 *
 * Every answer is held to the OpenAPI document. Who may do it is in api-wallet-security.test.ts.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { base64, hex } from "@scure/base";
import { HDKey } from "@scure/bip32";
import { mnemonicToSeedSync } from "@scure/bip39";
import { Transaction as ForeignPsbt, p2wpkh } from "@scure/btc-signer";
import { startWalletWorld, type WalletWorld } from "../support/wallet-api.ts";

const COIN = 100_000_000;
const PASSWORD = "correct horse battery staple";
const MNEMONIC =
  "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

// Passwords take their time, and more of it on a machine that has other things to do.
setDefaultTimeout(60_000);

let world: WalletWorld;

beforeAll(async () => {
  world = await startWalletWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

const balanceOf = (name: string) => world.ask("GET", `/api/wallets/${name}/balance`);
const coinsOf = async (name: string) =>
  (await world.ask("GET", `/api/wallets/${name}/utxos?limit=100`)).utxos as any[];
const historyOf = async (name: string) =>
  (await world.ask("GET", `/api/wallets/${name}/transactions?limit=100`)).transactions as any[];

/** What holds of every wallet at every moment. */
async function expectConsistent(name: string) {
  const balance = await balanceOf(name);
  const coins = await coinsOf(name);
  const sum = (rows: any[]) => rows.reduce((total, { amount }) => total + amount, 0);
  expect(balance.total).toBe(balance.confirmed + balance.pending);
  expect(sum(coins.filter(({ spendable }) => spendable))).toBe(balance.spendable);
  expect(sum(coins.filter(({ hold }) => hold === "reserved"))).toBe(balance.reserved);
  expect(sum(coins.filter(({ blockHeight }) => blockHeight !== null))).toBe(balance.confirmed);
  return balance;
}

describe("the accounts of a development network", () => {
  test("are listed with their coins", async () => {
    const { wallets, cursor } = await world.ask("GET", "/api/wallets");
    expect(cursor).toBeNull();
    expect(wallets.map(({ name }: { name: string }) => name)).toEqual([
      ...["alice", "bob", "carol", "dave", "erin", "faucet"],
      ...["frank", "grace", "heidi", "ivan", "judy"],
    ]);
    for (const { kind, balance, problem } of wallets) {
      expect([kind, problem]).toEqual(["plain", null]);
      expect(balance.spendable).toBeGreaterThan(0);
    }
  });

  test("are listed page by page", async () => {
    const names: string[] = [];
    let cursor: string | null = "0";
    while (cursor !== null) {
      const page: any = await world.ask("GET", `/api/wallets?limit=4&cursor=${cursor}`);
      for (const { name } of page.wallets) names.push(name);
      cursor = page.cursor;
    }
    expect(new Set(names).size).toBe(11);
  });

  test("pay each other by name, without a password", async () => {
    const before = await expectConsistent("bob");
    const payment = await world.pay("alice", "bob", COIN);
    expect(payment).toMatchObject({ state: "sent", kind: "payment", leaving: COIN + payment.fee });
    expect(payment.outputs.find(({ role }: any) => role === "payment")).toMatchObject({
      amount: COIN,
      name: "bob",
    });
    expect((await expectConsistent("bob")).pending).toBe(COIN);
    expect((await historyOf("bob"))[0]).toMatchObject({
      txid: payment.txid,
      status: "pending",
      kind: "received",
      amount: COIN,
      counterparties: [{ name: "alice" }],
    });
    world.mine();
    const after = await expectConsistent("bob");
    expect(after.confirmed).toBe(before.confirmed + COIN);
    expect((await historyOf("alice"))[0]).toMatchObject({
      status: "confirmed",
      kind: "sent",
      amount: -payment.leaving,
      fee: payment.fee,
      confirmations: 1,
    });
    await expectConsistent("alice");
  });

  test("are given coins by the faucet", async () => {
    const given = await world.ask("POST", "/api/faucet", { to: "carol" }, 201);
    expect(given.amount).toBe(COIN);
    expect((await historyOf("carol"))[0]).toMatchObject({ txid: given.txid, amount: COIN });
    world.mine();
    const most = await world.ask("POST", "/api/faucet", { to: "carol", amount: 100 * COIN }, 201);
    expect(most.amount).toBe(100 * COIN);
    const [status, code] = await world.refusal("POST", "/api/faucet", {
      to: "carol",
      amount: 100 * COIN + 1,
    });
    expect([status, code]).toEqual([422, "bad-request-shape"]);
    expect(await world.refusal("POST", "/api/faucet", { to: "nobody" })).toEqual([
      404,
      "unknown-recipient",
    ]);
    world.mine();
  });
});

describe("a wallet of words", () => {
  const path = "/api/wallets/savings";

  test("is made as BIP-0084 has it", async () => {
    const made = await world.ask(
      "POST",
      "/api/wallets",
      { name: "savings", password: PASSWORD, mnemonic: MNEMONIC },
      201,
    );
    expect(made).toMatchObject({
      name: "savings",
      kind: "encrypted",
      account: "wpkh",
      balance: { total: 0 },
      addressCount: 40,
    });
    const seed = mnemonicToSeedSync(MNEMONIC);
    const key = HDKey.fromMasterSeed(seed).derive("m/84'/1'/0'/0/0").publicKey as Uint8Array;
    const bech32 = world.node.network.addressPrefixes.bech32;
    const foreign = p2wpkh(key, { bech32, pubKeyHash: 0, scriptHash: 0, wif: 0 });
    expect(made.receiveAddress).toBe(foreign.address);
    expect(await world.ask("GET", path)).toEqual(made);
  });

  test("hands out one address until it is paid, and others on request", async () => {
    const first = await world.ask("POST", `${path}/addresses`, { label: "rent" }, 201);
    expect(first).toMatchObject({ path: "m/84h/1h/0h/0/0", index: 0, label: "rent" });
    expect((await world.ask("POST", `${path}/addresses`, {}, 201)).address).toBe(first.address);
    const other = await world.ask("POST", `${path}/addresses`, { new: true }, 201);
    expect(other.index).toBe(1);
    const { addresses } = await world.ask("GET", `${path}/addresses?branch=receive&limit=3`);
    expect(addresses.map(({ handedOut, used }: any) => [handedOut, used])).toEqual([
      [true, false],
      [true, false],
      [false, false],
    ]);
    expect(addresses[0].label).toBe("rent");
    for (let index = 2; index < 20; index++) {
      await world.ask("POST", `${path}/addresses`, { new: true }, 201);
    }
    const refused = await world.refusal("POST", `${path}/addresses`, { new: true });
    expect(refused).toEqual([409, "gap-limit"]);
  });

  test("is paid, and what was paid becomes its money with the block", async () => {
    const { address } = await world.ask("POST", `${path}/addresses`, {}, 201);
    await world.pay("alice", address, 5 * COIN);
    const waiting = await expectConsistent("savings");
    expect(waiting).toMatchObject({ confirmed: 0, pending: 5 * COIN, spendable: 0 });
    expect((await coinsOf("savings"))[0]).toMatchObject({ hold: "unconfirmed", spendable: false });
    world.mine();
    expect(await expectConsistent("savings")).toMatchObject({ spendable: 5 * COIN });
  });

  test("pays by password", async () => {
    const sent = await world.pay("savings", "dave", COIN, { password: PASSWORD });
    expect(sent.state).toBe("sent");
    expect(sent.inputs).toHaveLength(1);
    await expectConsistent("savings");
    world.mine();
    await expectConsistent("savings");
  });

  test("pays nothing without one, and a wrong one is told as such", async () => {
    const body = { recipients: [{ to: "dave", amount: COIN }] };
    const { id, digest } = await world.ask("POST", `${path}/payments`, body, 201);
    const confirm = `${path}/payments/${id}/confirm`;
    expect(await world.refusal("POST", confirm, { digest })).toEqual([403, "wallet-locked"]);
    expect(await world.refusal("POST", confirm, { digest, password: "wrong" })).toEqual([
      403,
      "wrong-password-or-damaged",
    ]);
    expect(await world.refusal("POST", confirm, { digest, session: "ab".repeat(32) })).toEqual([
      403,
      "wallet-locked",
    ]);
    const other = { digest: "ab".repeat(32), password: PASSWORD };
    expect(await world.refusal("POST", confirm, other)).toEqual([409, "draft-changed"]);
    expect((await expectConsistent("savings")).reserved).toBeGreaterThan(0);
    const cancelled = await world.ask("DELETE", `${path}/payments/${id}`);
    expect(cancelled.state).toBe("cancelled");
    expect((await expectConsistent("savings")).reserved).toBe(0);
    expect(await world.refusal("POST", confirm, { digest, password: PASSWORD })).toEqual([
      409,
      "draft-not-open",
    ]);
  });

  test("pays by a session, up to its limit and while it lasts", async () => {
    const unlocked = await world.ask("POST", `${path}/unlock`, {
      password: PASSWORD,
      seconds: 60,
      limit: COIN,
    });
    const { session } = unlocked;
    expect(unlocked.limit).toBe(COIN);
    await world.pay("savings", "dave", COIN / 2, { session });
    const body = { recipients: [{ to: "dave", amount: COIN }] };
    const { id, digest } = await world.ask("POST", `${path}/payments`, body, 201);
    const confirm = `${path}/payments/${id}/confirm`;
    expect(await world.refusal("POST", confirm, { digest, session })).toEqual([
      403,
      "unlock-limit-exceeded",
    ]);
    await world.ask("POST", `${path}/lock`, {});
    expect(await world.refusal("POST", confirm, { digest, session })).toEqual([
      403,
      "wallet-locked",
    ]);
    await world.ask("DELETE", `${path}/payments/${id}`, {});
    world.mine();
  });

  test("changes its password, and the old one opens nothing", async () => {
    const body = { password: PASSWORD, newPassword: `${PASSWORD}!` };
    expect(await world.ask("POST", `${path}/password`, body)).toEqual({ changed: true });
    expect(await world.refusal("POST", `${path}/unlock`, { password: PASSWORD })).toEqual([
      403,
      "wrong-password-or-damaged",
    ]);
    await world.ask("POST", `${path}/password`, {
      password: `${PASSWORD}!`,
      newPassword: PASSWORD,
    });
  });

  test("is removed, restored from its words, and knows its money and labels", async () => {
    const before = await world.ask("GET", path);
    expect(await world.ask("DELETE", path)).toEqual({ removed: true });
    expect(await world.refusal("GET", path)).toEqual([404, "wallet-not-found"]);
    expect(await world.refusal("DELETE", path)).toEqual([404, "wallet-not-found"]);
    const words = { name: "savings", password: "another", mnemonic: MNEMONIC.toUpperCase() };
    const after = await world.ask("POST", "/api/wallets", words, 201);
    expect({ ...after, createdAt: 0 }).toEqual({ ...before, createdAt: 0 });
    const { labels } = await world.ask("GET", `${path}/labels`);
    expect(labels).toContainEqual({ type: "addr", ref: expect.any(String), label: "rent" });
    expect(await world.refusal("POST", "/api/wallets", words)).toEqual([409, "wallet-exists"]);
  });
});

describe("payments that wait", () => {
  test("are replaced by one that pays more, or taken back", async () => {
    const sent = await world.pay("erin", "frank", COIN);
    const path = "/api/wallets/erin/payments";
    const bump = await world.ask("POST", `${path}/bump`, { txid: sent.txid }, 201);
    expect(bump).toMatchObject({ kind: "bump", replaces: sent.txid, state: "open" });
    expect(bump.fee).toBeGreaterThan(sent.fee);
    const bumped = await world.ask("POST", `${path}/${bump.id}/confirm`, { digest: bump.digest });
    expect(bumped.state).toBe("sent");
    const old = (await historyOf("erin")).find(({ txid }) => txid === sent.txid);
    expect(old).toMatchObject({ status: "conflicted", conflictsWith: bumped.txid });
    await expectConsistent("erin");

    const abandon = await world.ask("POST", `${path}/abandon`, { txid: bumped.txid }, 201);
    expect(abandon).toMatchObject({ kind: "cancellation", leaving: abandon.fee });
    const back = await world.ask("POST", `${path}/${abandon.id}/confirm`, {
      digest: abandon.digest,
    });
    world.mine();
    expect((await historyOf("erin"))[0]).toMatchObject({ status: "conflicted" });
    const mined = (await historyOf("erin")).find(({ txid }) => txid === back.txid);
    expect(mined).toMatchObject({ status: "confirmed", kind: "self", amount: -abandon.fee });
    await expectConsistent("erin");
    await expectConsistent("frank");
  });

  test("are sped up by a child", async () => {
    const sent = await world.pay("grace", "heidi", COIN);
    const path = "/api/wallets/heidi/payments";
    const child = await world.ask("POST", `${path}/child`, { txid: sent.txid, feerate: 20 }, 201);
    expect(child).toMatchObject({ kind: "child", leaving: child.fee });
    expect(child.ancestorFee).toBeGreaterThan(0);
    await world.ask("POST", `${path}/${child.id}/confirm`, { digest: child.digest });
    await expectConsistent("heidi");
    world.mine();
    await expectConsistent("heidi");
    expect((await historyOf("heidi"))[0]).toMatchObject({ status: "confirmed" });
  });

  test("are no payments of others", async () => {
    const { txid } = await world.pay("grace", "heidi", COIN);
    for (const act of ["bump", "abandon", "child"]) {
      const body = { txid };
      expect(await world.refusal("POST", `/api/wallets/ivan/payments/${act}`, body)).toEqual([
        404,
        "not-a-payment-of-this-wallet",
      ]);
    }
    world.mine();
  });
});

describe("asking twice (A-16)", () => {
  const path = "/api/wallets/judy/payments";
  const body = { recipients: [{ to: "ivan", amount: COIN }], clientId: "invoice 7" };

  test("is one payment, whatever became of it", async () => {
    const first = await world.ask("POST", path, body, 201);
    expect((await world.ask("POST", path, body, 201)).id).toBe(first.id);
    const confirm = `${path}/${first.id}/confirm`;
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.ask("POST", confirm, { digest: first.digest })),
    );
    expect(new Set(answers.map(({ txid }) => txid)).size).toBe(1);
    world.mine();
    // By now the name stands for another address, and fees may have changed.
    const again = await world.ask("POST", path, body, 201);
    expect([again.id, again.state]).toEqual([first.id, "sent"]);
    const sent = (await historyOf("judy")).filter(({ kind }) => kind === "sent");
    expect(sent).toHaveLength(1);
  });

  test("for something else under the same id is refused", async () => {
    for (const other of [
      { ...body, recipients: [{ to: "ivan", amount: COIN + 1 }] },
      { ...body, feerate: 2 },
    ]) {
      expect(await world.refusal("POST", path, other)).toEqual([409, "client-id-reused"]);
    }
    const bump = { txid: "ab".repeat(32), clientId: body.clientId };
    expect(await world.refusal("POST", `${path}/bump`, bump)).toEqual([409, "client-id-reused"]);
    expect((await world.ask("GET", path)).payments).toHaveLength(1);
  });
});

describe("a wallet without keys", () => {
  const account = HDKey.fromMasterSeed(mnemonicToSeedSync(MNEMONIC, "elsewhere"));
  const path = "/api/wallets/cold";

  test("watches an account, prepares its payments, and sends what is signed elsewhere", async () => {
    await world.ask(
      "POST",
      "/api/wallets",
      { name: "hot", password: PASSWORD, mnemonic: MNEMONIC, passphrase: "elsewhere" },
      201,
    );
    const { descriptor } = await world.ask("GET", "/api/wallets/hot");
    const made = await world.ask("POST", "/api/wallets", { name: "cold", watch: descriptor }, 201);
    expect(made).toMatchObject({ kind: "watch", account: "wpkh", contractKey: null, descriptor });
    await world.ask("POST", "/api/faucet", { to: "cold", amount: 3 * COIN }, 201);
    world.mine();
    const body = { recipients: [{ to: "bob", amount: "max" }], lifeSeconds: 604_800 };
    const payment = await world.ask("POST", `${path}/payments`, body, 201);
    const confirm = `${path}/payments/${payment.id}/confirm`;
    expect(await world.refusal("POST", confirm, { digest: payment.digest })).toEqual([
      409,
      "wallet-watch-only",
    ]);
    const unsigned = { digest: payment.digest, psbt: payment.psbt };
    const signed = `${path}/payments/${payment.id}/signed`;
    expect(await world.refusal("POST", signed, unsigned)).toEqual([422, "psbt-incomplete"]);

    const foreign = ForeignPsbt.fromPSBT(base64.decode(payment.psbt));
    const { privateKey } = account.derive("m/84'/1'/0'/0/0");
    expect(foreign.sign(privateKey as Uint8Array)).toBe(1);
    const psbt = base64.encode(foreign.toPSBT());
    const sent = await world.ask("POST", signed, { digest: payment.digest, psbt });
    expect(sent.state).toBe("sent");
    expect((await world.ask("POST", signed, { digest: payment.digest, psbt })).txid).toBe(
      sent.txid,
    );
    world.mine();
    expect((await expectConsistent("cold")).total).toBe(0);
  });

  test("watches a single address, which pays nothing", async () => {
    const { receiveAddress } = await world.ask("GET", "/api/wallets/bob");
    const made = await world.ask(
      "POST",
      "/api/wallets",
      { name: "eye", watch: receiveAddress },
      201,
    );
    expect(made).toMatchObject({ account: "addr", addressCount: 1, receiveAddress });
    const body = { recipients: [{ to: "alice", amount: COIN }] };
    for (const refused of [
      await world.refusal("POST", "/api/wallets/eye/payments", body),
      await world.refusal("GET", "/api/wallets/eye/payments"),
    ]) {
      expect(refused).toEqual([409, "wallet-has-no-change"]);
    }
    expect(await world.refusal("POST", "/api/wallets/eye/unlock", { password: "" })).toEqual([
      409,
      "wallet-watch-only",
    ]);
  });
});

describe("PSBTs", () => {
  test("are signed by each of their wallets, combined, finished and sent", async () => {
    // Of other words: all accounts of the network are of the same.
    await world.ask("POST", "/api/wallets", { name: "own", password: PASSWORD }, 201);
    await world.ask("POST", "/api/faucet", { to: "own" }, 201);
    world.mine();
    const [alice] = (await coinsOf("alice")).filter(({ spendable }) => spendable);
    const [own] = await coinsOf("own");
    const parts = [
      { wallet: "alice", coin: alice },
      { wallet: "own", coin: own, password: PASSWORD },
    ];
    const psbt = new ForeignPsbt();
    for (const { wallet, coin } of parts) {
      const { addresses, keyAccount } = world.node.wallets.get(wallet);
      const at = addresses.findByText(coin.address)!;
      const { publicKey, fingerprint, path } = keyAccount.derivationAt(at.branch, at.index);
      psbt.addInput({
        txid: coin.txid,
        index: coin.vout,
        witnessUtxo: { amount: BigInt(coin.amount), script: at.script },
        bip32Derivation: [[publicKey, { fingerprint, path: [...path] }]],
      });
    }
    const to = world.node.wallets.resolve("carol").scriptPubKey;
    psbt.addOutput({ amount: BigInt(alice.amount + own.amount - 10_000), script: to });
    const text = base64.encode(psbt.toPSBT());

    const decoded = await world.ask("POST", "/api/psbt/decode", { psbt: text });
    expect(decoded).toMatchObject({ fee: 10_000, feeVerified: true, complete: false });
    expect(decoded.inputs.map(({ amount }: any) => amount)).toEqual([alice.amount, own.amount]);

    const signed: string[] = [];
    for (const { wallet, password } of parts) {
      const body = password === undefined ? { psbt: text } : { psbt: text, password };
      const part = await world.ask("POST", `/api/wallets/${wallet}/psbt`, body);
      expect(part).toMatchObject({ added: 1, complete: false });
      signed.push(part.psbt);
    }
    expect(await world.refusal("POST", "/api/psbt/finalize", { psbt: signed[0] })).toEqual([
      422,
      "psbt-incomplete",
    ]);
    const combined = await world.ask("POST", "/api/psbt/combine", { psbts: signed });
    expect(combined.complete).toBeTrue();
    const shown = await world.ask("POST", "/api/psbt/decode", { psbt: combined.psbt });
    expect(shown.inputs.map(({ signedBy }: any) => signedBy.length)).toEqual([1, 1]);
    const done = await world.ask("POST", "/api/psbt/finalize", { psbt: combined.psbt });
    expect(done.submitted).toBeFalse();
    expect(world.node.mempool.has(done.txid)).toBeFalse();
    const foreign = ForeignPsbt.fromPSBT(base64.decode(combined.psbt));
    foreign.finalize();
    expect(hex.encode(foreign.extract())).toBe(done.hex);
    await world.ask("POST", "/api/psbt/finalize", { psbt: combined.psbt, submit: true });
    expect(world.node.mempool.has(done.txid)).toBeTrue();
    world.mine();
    for (const name of ["alice", "own", "carol"]) await expectConsistent(name);
  });

  test("that lie about what they spend are not signed (K-03)", async () => {
    const [coin] = (await coinsOf("dave")).filter(({ spendable }) => spendable);
    const own = world.node.wallets.get("dave");
    const at = own.addresses.findByText(coin.address)!;
    const { publicKey, fingerprint, path } = own.keyAccount.derivationAt(at.branch, at.index);
    for (const [change, code] of [
      [{ witnessUtxo: { amount: BigInt(coin.amount - 1), script: at.script } }, "wrong-output"],
      [{ txid: "ab".repeat(32) }, "missing-output"],
    ] as const) {
      const psbt = new ForeignPsbt();
      psbt.addInput({
        txid: coin.txid,
        index: coin.vout,
        witnessUtxo: { amount: BigInt(coin.amount), script: at.script },
        bip32Derivation: [[publicKey, { fingerprint, path: [...path] }]],
        ...change,
      });
      psbt.addOutput({ amount: 1_000n, script: at.script });
      const text = base64.encode(psbt.toPSBT());
      expect(await world.refusal("POST", "/api/wallets/dave/psbt", { psbt: text })).toEqual([
        422,
        `psbt-${code}`,
      ]);
      const { feeVerified } = await world.ask("POST", "/api/psbt/decode", { psbt: text });
      expect(feeVerified).toBeFalse();
    }
  });
});

describe("messages", () => {
  test("are signed by a wallet's address and verified by anybody", async () => {
    const { receiveAddress: address } = await world.ask("GET", "/api/wallets/frank");
    const message = "I am Frank.";
    const { signature } = await world.ask("POST", "/api/wallets/frank/messages", {
      address,
      message,
    });
    const verify = (change: object) =>
      world.ask("POST", "/api/messages/verify", { address, message, signature, ...change });
    expect(await verify({})).toEqual({ valid: true, reason: null });
    expect((await verify({ message: "I am Grace." })).valid).toBeFalse();
    expect(await verify({ signature: "x" })).toEqual({ valid: false, reason: "format" });
    const foreign = { address, message, password: "any" };
    expect(await world.refusal("POST", "/api/wallets/grace/messages", foreign)).toEqual([
      404,
      "address-not-of-this-wallet",
    ]);
  });
});

describe("labels and contacts", () => {
  test("labels are put on what has a name, and taken off", async () => {
    const path = "/api/wallets/carol/labels";
    const [{ txid }] = (await historyOf("carol")) as [any];
    const label = { type: "tx", ref: txid, label: "Grüße 🦊" };
    expect(await world.ask("PUT", path, { ...label, ref: txid.toUpperCase() })).toEqual(label);
    expect((await historyOf("carol"))[0].label).toBe(label.label);
    const [coin] = await coinsOf("carol");
    const ref = `${coin.txid}:${coin.vout}`;
    await world.ask("PUT", path, { type: "output", ref, label: "kept" });
    expect((await coinsOf("carol"))[0].label).toBe("kept");
    expect((await world.ask("GET", `${path}?limit=1`)).labels).toHaveLength(1);
    await world.ask("PUT", path, { ...label, label: "" });
    expect((await historyOf("carol"))[0].label).toBeNull();
    for (const [type, bad] of [
      ["tx", "xyz"],
      ["output", txid],
      ["output", `${txid}:01`],
    ]) {
      expect(await world.refusal("PUT", path, { type, ref: bad, label: "x" })).toEqual([
        422,
        "bad-request-shape",
      ]);
    }
  });

  test("contacts are paid by name, and can be called neither like a wallet nor an address", async () => {
    const { receiveAddress: address } = await world.ask("GET", "/api/wallets/ivan");
    const made = await world.ask("PUT", "/api/contacts/Zo%C3%AB", { address, note: "hi" });
    expect(made).toMatchObject({ name: "Zoë", address, note: "hi" });
    expect(await world.ask("GET", "/api/contacts/ZO%C3%8B")).toEqual(made);
    expect((await world.ask("GET", "/api/contacts")).contacts).toEqual([made]);
    const paid = await world.pay("carol", "zoë", COIN);
    expect(paid.outputs.find(({ role }: any) => role === "payment")).toMatchObject({
      address,
      name: "Zoë",
    });
    expect(await world.refusal("PUT", "/api/contacts/bob", { address })).toEqual([
      409,
      "name-taken",
    ]);
    const theirs = world.node.wallets.resolve("bob").address;
    await world.ask("PUT", `/api/contacts/${theirs}`, { address });
    expect(world.node.wallets.resolve(theirs).address).toBe(theirs);
    await world.ask("DELETE", `/api/contacts/${theirs}`);
    await world.ask("DELETE", "/api/contacts/zo%C3%AB", {});
    expect(await world.refusal("DELETE", "/api/contacts/zo%C3%AB")).toEqual([
      404,
      "contact-not-found",
    ]);
    world.mine();
  });
});

test("every operation of wallets was answered with success", async () => {
  await world.ask("GET", `/api/wallets/judy/payments/${await anyPayment("judy")}`);
  expect(await world.unanswered(["Wallets", "Address book"])).toEqual([]);
});

async function anyPayment(wallet: string): Promise<string> {
  return (await world.ask("GET", `/api/wallets/${wallet}/payments`)).payments[0].id;
}

test("every example of the document can be pressed", async () => {
  await using fresh = await startWalletWorld();
  const { paths } = await fresh.ask("GET", "/swagger/json");
  // Each needs what an example cannot name: a payment, or a coin, of this very chain.
  const needsMore =
    /payments\/(?:\{id\}|bump|abandon|child)|\{name\}\/psbt$|\/(?:spend|sign|combine|finish)$/;
  const order = ["post", "put", "get", "delete"];
  const pressed: [string, string, any][] = Object.entries<any>(paths).flatMap(([path, methods]) =>
    Object.entries<any>(methods)
      .filter(([, { tags }]) => ["Wallets", "Contracts", "Address book"].includes(tags[0]))
      .map(([method, operation]): [string, string, any] => [method, path, operation]),
  );
  expect(pressed.length).toBeGreaterThan(25);
  // What is made comes before what is done with it; a password is changed last.
  const rank = ([method, path]: [string, string, any]) =>
    order.indexOf(method) + (path.endsWith("/password") ? 2.5 : path.split("/").length / 100);
  for (const [method, path, operation] of pressed.sort((a, b) => rank(a) - rank(b))) {
    if (needsMore.test(path)) continue;
    const shown = path.replace(/\{(\w+)\}/g, (_, name) => {
      const parameter = operation.parameters.find((one: any) => one.name === name);
      return encodeURIComponent(parameter.example);
    });
    const body = operation.requestBody?.content["application/json"].example;
    const [status] = Object.keys(operation.responses);
    await fresh.ask(method.toUpperCase(), shown, body, Number(status));
  }
});
