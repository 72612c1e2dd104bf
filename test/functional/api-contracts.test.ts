/**
 * Contracts over HTTP, on a development network: parties who share nothing but public keys, an
 * address, and PSBTs.
 *
 * Every answer is held to the OpenAPI document. What contracts are is tried without HTTP in
 * wallet-contracts.test.ts; who may ask, in api-wallet-security.test.ts.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { sha256 } from "../../src/crypto/hash.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { startWalletWorld, type WalletWorld } from "../support/wallet-api.ts";

const COIN = 100_000_000;

// Passwords take their time, and more of it on a machine that has other things to do.
setDefaultTimeout(60_000);

let world: WalletWorld;

beforeAll(async () => {
  world = await startWalletWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

const pathOf = (wallet: string) => `/api/wallets/${wallet}/contracts`;

/** A party of that name, with a new key of the wallet of that name. */
async function partyOf(name: string) {
  const { publicKey } = await world.ask("POST", `/api/wallets/${name}/contract-keys`, {}, 201);
  return { name, publicKey };
}

/** Makes a contract in each of the wallets, and puts a coin into it. */
async function makeFunded(wallets: string[], template: string, parameters: object) {
  const made: any[] = [];
  for (const wallet of wallets) {
    made.push(await world.ask("POST", pathOf(wallet), { template, parameters, label: "x" }, 201));
  }
  const addresses = new Set(made.map(({ address }) => address));
  expect(addresses.size).toBe(1);
  const [address] = addresses;
  await world.ask("POST", "/api/faucet", { to: address }, 201);
  world.mine();
  return address as string;
}

const contractOf = (wallet: string, address: string) =>
  world.ask("GET", `${pathOf(wallet)}/${address}`);

test("templates are told with all that they ask for", async () => {
  const { templates } = await world.ask("GET", "/api/contracts/templates");
  for (const { name, parameters } of templates) {
    const fields = Object.keys(parameters);
    const path = pathOf("alice");
    const nothing = { template: name, parameters: {} };
    expect(await world.refusal("POST", path, nothing)).toEqual([422, "contract-parameter-missing"]);
    const strange = await world.client.send(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ template: name, parameters: { strange: 1 } }),
    });
    expect(strange.body).toMatchObject({ code: "contract-parameter-unknown" });
    expect(strange.body.known.split(", ").sort()).toEqual(fields.sort());
  }
  expect(templates).toHaveLength(5);
});

test("an escrow is spent by two of its three parties", async () => {
  const wallets = ["alice", "bob", "carol"];
  const [buyer, seller, arbiter] = await Promise.all(wallets.map(partyOf));
  const address = await makeFunded(wallets, "escrow", { buyer, seller, arbiter });
  const seen = await contractOf("bob", address);
  expect(seen).toMatchObject({ address, template: "escrow", label: "x", balance: COIN });
  expect(seen.branches[0]).toMatchObject({ name: "spend", threshold: 2, canSpendNow: true });
  expect(seen.branches[0].keys.map(({ name, mine }: any) => [name, mine])).toEqual([
    ["alice", false],
    ["bob", true],
    ["carol", false],
  ]);
  expect((await world.ask("GET", pathOf("bob"))).contracts[0]).toEqual(seen);

  const path = (wallet: string) => `${pathOf(wallet)}/${address}`;
  const body = { branch: "spend", to: "bob" };
  const unsigned = await world.ask("POST", `${path("alice")}/spend`, { ...body, sign: false });
  expect(unsigned).toMatchObject({ added: 0, complete: false });
  const first = await world.ask("POST", `${path("alice")}/spend`, body);
  expect(first).toMatchObject({ added: 1, complete: false });
  expect(first.missing).toHaveLength(1);
  expect(first.branches[0]).toMatchObject({ signed: ["alice"], missing: ["bob", "carol"] });
  const finish = `${path("bob")}/finish`;
  expect(await world.refusal("POST", finish, { psbts: [first.psbt] })).toEqual([
    422,
    "spend-signatures-missing",
  ]);
  const second = await world.ask("POST", `${path("bob")}/sign`, { psbt: unsigned.psbt });
  const both = await world.ask("POST", `${path("bob")}/combine`, {
    psbts: [first.psbt, second.psbt],
  });
  expect(both).toMatchObject({ complete: true, fee: first.fee });
  const done = await world.ask("POST", finish, { psbts: [both.psbt] });
  expect(world.node.mempool.has(done.txid)).toBeTrue();
  expect((await contractOf("carol", address)).coins[0].spent).toBeTrue();
  world.mine();
  expect((await contractOf("carol", address)).balance).toBe(0);
  const { transactions } = await world.ask("GET", "/api/wallets/bob/transactions");
  expect(transactions[0]).toMatchObject({ txid: done.txid, amount: COIN - first.fee });
});

test("a secret opens a contract, and the chain shows it to the others", async () => {
  const preimage = "5e".repeat(32);
  const hash = toHex(sha256(new Uint8Array(32).fill(0x5e)));
  const [receiver, sender] = await Promise.all(["dave", "erin"].map(partyOf));
  const refundAfter = { height: world.node.chain.tip.height + 100 };
  const parameters = { receiver, sender, hash, refundAfter };
  const address = await makeFunded(["dave", "erin"], "htlc", parameters);
  const path = `${pathOf("dave")}/${address}`;
  const body = { branch: "claim", to: "dave" };
  const wrong = { ...body, preimage: "00".repeat(32) };
  expect(await world.refusal("POST", `${path}/spend`, wrong)).toEqual([
    422,
    "spend-preimage-wrong",
  ]);
  const refund = { branch: "refund", to: "erin" };
  expect(await world.refusal("POST", `${pathOf("erin")}/${address}/spend`, refund)).toEqual([
    409,
    "contract-has-no-coins",
  ]);
  const { psbt } = await world.ask("POST", `${path}/spend`, { ...body, preimage });
  await world.ask("POST", `${path}/finish`, { psbts: [psbt], branch: "claim", preimage });
  expect((await contractOf("erin", address)).preimage).toBe(preimage);
  world.mine();
  expect((await contractOf("erin", address)).preimage).toBe(preimage);
});

test("a lock opens with the chain", async () => {
  const owner = await partyOf("frank");
  const height = world.node.chain.tip.height + 5;
  const address = await makeFunded(["frank"], "timelock", { owner, lock: { height } });
  const path = `${pathOf("frank")}/${address}`;
  const body = { branch: "spend", to: "frank" };
  const [branch] = (await contractOf("frank", address)).branches;
  expect(branch).toMatchObject({ lock: { unit: "height", value: height }, canSpendNow: false });
  expect(await world.refusal("POST", `${path}/spend`, body)).toEqual([
    409,
    "contract-has-no-coins",
  ]);
  world.mine(height - world.node.chain.tip.height);
  expect((await contractOf("frank", address)).branches[0].canSpendNow).toBeTrue();
  const { psbt, complete } = await world.ask("POST", `${path}/spend`, body);
  expect(complete).toBeTrue();
  await world.ask("POST", `${path}/finish`, { psbts: [psbt] });
  world.mine();
});

describe("refuses", () => {
  test("a signature without leave, and counts what a session gives away", async () => {
    const password = "correct horse battery staple";
    await world.ask("POST", "/api/wallets", { name: "vault", password }, 201);
    const owner = await partyOf("vault");
    const parameters = { keys: [owner], threshold: 1 };
    const address = await makeFunded(["vault"], "multisig", parameters);
    const path = `${pathOf("vault")}/${address}`;
    const { psbt } = await world.ask("POST", `${path}/spend`, {
      branch: "spend",
      to: "bob",
      sign: false,
    });
    expect(await world.refusal("POST", `${path}/sign`, { psbt })).toEqual([403, "wallet-locked"]);
    const { session } = await world.ask("POST", "/api/wallets/vault/unlock", {
      password,
      limit: COIN - 1,
    });
    expect(await world.refusal("POST", `${path}/sign`, { psbt, session })).toEqual([
      403,
      "unlock-limit-exceeded",
    ]);
    // It names no keys as the wallet's own, so the wallet as such has nothing to sign.
    const plain = await world.ask("POST", "/api/wallets/vault/psbt", { psbt, session });
    expect(plain.added).toBe(0);
    const signed = await world.ask("POST", `${path}/sign`, { psbt, password });
    expect(signed.complete).toBeTrue();
  });

  test("what is no contract, no PSBT of it, or no party", async () => {
    const path = pathOf("grace");
    const owner = await partyOf("grace");
    expect(await world.refusal("POST", path, { template: "x", parameters: {} })).toEqual([
      422,
      "contract-template-unknown",
    ]);
    const twice = { keys: [owner, { ...owner, name: "b" }], threshold: 1 };
    expect(await world.refusal("POST", path, { template: "multisig", parameters: twice })).toEqual([
      422,
      "contract-key-twice",
    ]);
    expect(await world.refusal("GET", `${path}/nowhere`)).toEqual([404, "contract-not-found"]);
    const foreign = await partyOf("heidi");
    const parameters = { keys: [foreign], threshold: 1 };
    const address = await makeFunded(["grace", "heidi"], "multisig", parameters);
    const spend = { branch: "spend", to: "grace" };
    expect(await world.refusal("POST", `${path}/${address}/spend`, spend)).toEqual([
      422,
      "key-not-of-this-wallet",
    ]);
    expect(
      await world.refusal("POST", `${path}/${address}/spend`, { ...spend, branch: "heirs" }),
    ).toEqual([422, "spend-branch-unknown"]);
    for (const psbt of ["", "x", "cHNidP8="]) {
      const [status] = await world.refusal("POST", `${path}/${address}/sign`, { psbt });
      expect([400, 422]).toContain(status);
    }
    expect(await world.ask("DELETE", `${path}/${address}`, {})).toEqual({ removed: true });
    expect(await world.refusal("DELETE", `${path}/${address}`)).toEqual([
      404,
      "contract-not-found",
    ]);
  });

  test("keys of a wallet that has none", async () => {
    const { descriptor } = await world.ask("GET", "/api/wallets/ivan");
    await world.ask("POST", "/api/wallets", { name: "eye", watch: descriptor }, 201);
    expect(await world.refusal("POST", "/api/wallets/eye/contract-keys")).toEqual([
      409,
      "wallet-watch-only",
    ]);
  });
});

test("every operation of contracts was answered with success", async () => {
  expect(await world.unanswered(["Contracts"])).toEqual([]);
});
