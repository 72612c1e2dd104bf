/**
 * Contracts on a real chain: made of wallets' keys, paid, and spent from by every way they have.
 */

import { describe, expect, test } from "bun:test";
import { sha256 } from "../../src/crypto/hash.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { openDevelopmentAccounts } from "../../src/node/development-accounts.ts";
import { mineAtOnce } from "../../src/node/development-chain.ts";
import type { Node } from "../../src/node/node.ts";
import { encodeTransaction, type Transaction } from "../../src/primitives/transaction.ts";
import { ContractError } from "../../src/wallet/contract-error.ts";
import { WalletError } from "../../src/wallet/wallet-error.ts";
import { startTestNode } from "../support/test-node.ts";

const COIN = 100_000_000;
const INDEX_TIMEOUT_MS = 30_000;

/** A development network with its accounts, all of them with coins. */
async function startWorld() {
  const running = await startTestNode({ network: "dev" });
  const { node } = running;
  await openDevelopmentAccounts(node);
  await caughtUp(node);
  return running;
}

async function caughtUp(node: Node): Promise<void> {
  expect(await node.index.caughtUp(node.chain.tip.hash, INDEX_TIMEOUT_MS)).toBe(true);
}

async function mine(node: Node, blocks = 1): Promise<void> {
  for (let count = 0; count < blocks; count++) mineAtOnce(node);
  await caughtUp(node);
}

/** Returns a new key of a wallet, as others write it into a contract. */
function keyOf({ wallets }: Node, name: string) {
  return { publicKey: toHex(wallets.contracts.newKey(name).publicKey), name };
}

/** Pays a contract, and has it confirmed. */
async function pay(node: Node, from: string, address: string, amount = COIN): Promise<void> {
  const { payments, addresses } = node.wallets.get(from);
  addresses.refresh();
  const { scriptPubKey } = node.wallets.resolve(address);
  const { id, digest } = payments.prepare({ recipients: [{ scriptPubKey, amount }], feerate: 2 });
  await node.wallets.confirm(from, id, digest, undefined);
  await mine(node);
}

function scriptOf(node: Node, name: string): Uint8Array {
  return node.wallets.get(name).receiveAddress(false).script;
}

/** Everybody has the contract, as parties on machines of their own would. */
function createFor(
  { wallets }: Node,
  names: readonly string[],
  template: string,
  parameters: unknown,
): string {
  const made = names.map((name) => wallets.contracts.create(name, template, parameters));
  expect(new Set(made.map(({ address }) => address)).size).toBe(1);
  return made[0]!.address;
}

async function expectPaid(node: Node, tx: Transaction, to: string): Promise<void> {
  await mine(node);
  expect(node.explorer.findTransaction(tx.txid)).toBeDefined();
  const { rows } = node.wallets.get(to).ledger.listHistory({ limit: 10 });
  expect(rows.some(({ txid, status }) => txid === tx.txid && status === "confirmed")).toBe(true);
}

describe("contracts of wallets", () => {
  test("multisig: two of three sign on their own, in any order, one alone cannot", async () => {
    await using world = await startWorld();
    const { node } = world;
    const { contracts } = node.wallets;
    const parties = ["alice", "bob", "carol"];
    const keys = parties.map((name) => keyOf(node, name));
    const address = createFor(node, parties, "multisig", { keys, threshold: 2 });
    await pay(node, "dave", address);
    expect(contracts.get("alice", address)).toMatchObject({ balance: COIN });
    expect(contracts.get("alice", address).branches[0]!.ownKeys).toEqual([keys[0]!.publicKey]);

    const request = { branch: "spend", scriptPubKey: scriptOf(node, "erin"), feerate: 2 };
    const first = await contracts.spend("carol", address, request, undefined, true);
    expect(first.view.branches[0]).toMatchObject({ signed: ["carol"], missing: ["alice", "bob"] });
    expect(() => contracts.finish("carol", address, [first.psbt], {})).toThrow(ContractError);
    const second = await contracts.sign("alice", address, first.psbt, undefined, undefined);
    await expectPaid(node, contracts.finish("bob", address, [second.psbt], {}), "erin");
    expect(contracts.get("bob", address)).toMatchObject({ balance: 0, coins: [] });
  });

  test("escrow: buyer and seller agree, or the arbiter decides", async () => {
    await using world = await startWorld();
    const { node } = world;
    const { contracts } = node.wallets;
    const parties = ["alice", "bob", "judy"];
    const [buyer, seller, arbiter] = parties.map((name) => keyOf(node, name));
    const address = createFor(node, parties, "escrow", { buyer, seller, arbiter });
    await pay(node, "alice", address);
    await pay(node, "alice", address);

    const request = { branch: "spend", scriptPubKey: scriptOf(node, "bob"), feerate: 2 };
    const { psbt } = await contracts.spend("judy", address, request, undefined, false);
    const byJudge = await contracts.sign("judy", address, psbt, undefined, undefined);
    const bySeller = await contracts.sign("bob", address, psbt, undefined, undefined);
    const tx = contracts.finish("judy", address, [byJudge.psbt, bySeller.psbt], {});
    expect(tx.inputs).toHaveLength(2);
    await expectPaid(node, tx, "bob");
  });

  test("timelock: nothing before its height, everything at it", async () => {
    await using world = await startWorld();
    const { node } = world;
    const { contracts } = node.wallets;
    const height = node.chain.tip.height + 5;
    const parameters = { owner: keyOf(node, "alice"), lock: { height } };
    const address = createFor(node, ["alice"], "timelock", parameters);
    await pay(node, "bob", address);
    const request = { branch: "spend", scriptPubKey: scriptOf(node, "alice"), feerate: 2 };
    const spend = () => contracts.spend("alice", address, request, undefined, true);
    while (node.chain.tip.height < height) {
      expect(contracts.get("alice", address).branches[0]!.state.status).toBe("waiting");
      await expect(spend()).rejects.toThrow(WalletError);
      await mine(node);
    }
    const { psbt } = await spend();
    await expectPaid(node, contracts.finish("alice", address, [psbt], {}), "alice");
  });

  test("timelock: counted from the coin's confirmation", async () => {
    await using world = await startWorld();
    const { node } = world;
    const { contracts } = node.wallets;
    const parameters = { owner: keyOf(node, "alice"), lock: { blocks: 3 } };
    const address = createFor(node, ["alice"], "timelock", parameters);
    await pay(node, "bob", address);
    const request = { branch: "spend", scriptPubKey: scriptOf(node, "alice"), feerate: 2 };
    await expect(contracts.spend("alice", address, request, undefined, true)).rejects.toThrow(
      WalletError,
    );
    await mine(node, 2);
    const { psbt } = await contracts.spend("alice", address, request, undefined, true);
    await expectPaid(node, contracts.finish("alice", address, [psbt], {}), "alice");
  });

  test("htlc: who has the secret claims, and shows it to the other", async () => {
    await using world = await startWorld();
    const { node } = world;
    const { contracts } = node.wallets;
    const preimage = fromHex("5ec7e7".padEnd(64, "0"));
    const parameters = {
      receiver: keyOf(node, "bob"),
      sender: keyOf(node, "alice"),
      hash: toHex(sha256(preimage)),
      refundAfter: { height: node.chain.tip.height + 100 },
    };
    const address = createFor(node, ["alice", "bob"], "htlc", parameters);
    await pay(node, "alice", address);
    expect(contracts.get("alice", address).preimage).toBeUndefined();
    const request = { branch: "claim", scriptPubKey: scriptOf(node, "bob"), feerate: 2, preimage };
    const { psbt } = await contracts.spend("bob", address, request, undefined, true);
    await expectPaid(node, contracts.finish("bob", address, [psbt], {}), "bob");
    expect(contracts.get("alice", address).preimage).toEqual(preimage);
  });

  test("htlc: who paid takes it back once it is late", async () => {
    await using world = await startWorld();
    const { node } = world;
    const { contracts } = node.wallets;
    const parameters = {
      receiver: keyOf(node, "bob"),
      sender: keyOf(node, "alice"),
      hash: toHex(sha256(new Uint8Array(32))),
      refundAfter: { height: node.chain.tip.height + 3 },
    };
    const address = createFor(node, ["alice", "bob"], "htlc", parameters);
    await pay(node, "alice", address);
    const request = { branch: "refund", scriptPubKey: scriptOf(node, "alice"), feerate: 2 };
    await expect(contracts.spend("alice", address, request, undefined, true)).rejects.toThrow(
      WalletError,
    );
    await mine(node, 2);
    const { psbt } = await contracts.spend("alice", address, request, undefined, true);
    await expectPaid(node, contracts.finish("alice", address, [psbt], {}), "alice");
  });

  test("inheritance: the owner at any time, heirs when the coins have lain long enough", async () => {
    await using world = await startWorld();
    const { node } = world;
    const { contracts } = node.wallets;
    const parameters = {
      owner: keyOf(node, "alice"),
      heirs: ["bob", "carol", "dave"].map((name) => keyOf(node, name)),
      threshold: 2,
      after: { blocks: 10 },
    };
    const parties = ["alice", "bob", "carol", "dave"];
    const address = createFor(node, parties, "inheritance", parameters);
    await pay(node, "alice", address);
    const toAlice = { branch: "owner", scriptPubKey: scriptOf(node, "alice"), feerate: 2 };
    const owned = await contracts.spend("alice", address, toAlice, undefined, true);
    await expectPaid(node, contracts.finish("alice", address, [owned.psbt], {}), "alice");

    await pay(node, "alice", address);
    const toBob = { branch: "heirs", scriptPubKey: scriptOf(node, "bob"), feerate: 2 };
    await expect(contracts.spend("bob", address, toBob, undefined, true)).rejects.toThrow(
      WalletError,
    );
    await mine(node, 9);
    const bob = await contracts.spend("bob", address, toBob, undefined, true);
    const dave = await contracts.sign("dave", address, bob.psbt, "heirs", undefined);
    await expectPaid(node, contracts.finish("dave", address, [dave.psbt], {}), "bob");
  });

  test("a wallet signs for nobody else, and no PSBT whose amounts are not the chain's", async () => {
    await using world = await startWorld();
    const { node } = world;
    const { contracts } = node.wallets;
    const keys = ["alice", "bob"].map((name) => keyOf(node, name));
    const parameters = { keys, threshold: 2 };
    const address = createFor(node, ["alice", "bob", "erin"], "multisig", parameters);
    await pay(node, "dave", address);
    const request = { branch: "spend", scriptPubKey: scriptOf(node, "erin"), feerate: 2 };
    const { psbt } = await contracts.spend("erin", address, request, undefined, false);
    await expect(contracts.sign("erin", address, psbt, undefined, undefined)).rejects.toThrow(
      WalletError,
    );

    const amount = new Uint8Array(8);
    new DataView(amount.buffer).setBigUint64(0, BigInt(COIN), true);
    const text = toHex(psbt);
    const lied = fromHex(text.replaceAll(toHex(amount), toHex(amount).replace("e1f505", "e1f506")));
    expect(toHex(lied)).not.toBe(text);
    await expect(contracts.sign("alice", address, lied, undefined, undefined)).rejects.toThrow(
      ContractError,
    );
  });

  test("a restored wallet finds its keys in a contract that is made again", async () => {
    await using world = await startWorld();
    const { node } = world;
    const keys = ["alice", "bob"].map((name) => keyOf(node, name));
    const parameters = { keys, threshold: 1 };
    const address = createFor(node, ["alice"], "multisig", parameters);
    await pay(node, "dave", address);

    await using other = await startTestNode({ network: "dev" });
    for (let height = 1; height <= node.chain.tip.height; height++) {
      other.node.submitBlock(node.chain.getBlock(node.chain.index.findActive(height)!));
    }
    await openDevelopmentAccounts(other.node);
    await caughtUp(other.node);
    const { contracts } = other.node.wallets;
    expect(contracts.create("alice", "multisig", parameters)).toMatchObject({ balance: COIN });
    const request = { branch: "spend", scriptPubKey: scriptOf(other.node, "alice"), feerate: 2 };
    const { psbt } = await contracts.spend("alice", address, request, undefined, true);
    const tx = contracts.finish("alice", address, [psbt], {});
    expect(encodeTransaction(tx).length).toBeGreaterThan(0);
    await expectPaid(other.node, tx, "alice");
  });
});
