/**
 * One wallet in two programs: words made here are opened by bitcoinjs-lib and bip32, which share no
 * code with ours, and the other way round; each signs what the other prepared, and a node takes it.
 */

import { describe, expect, test } from "bun:test";
import { mnemonicToSeedSync } from "@scure/bip39";
import { BIP32Factory, type BIP32Interface } from "bip32";
import * as bitcoin from "bitcoinjs-lib";
import * as tinySecp256k1 from "tiny-secp256k1";
import { decodeAll } from "../../src/lib/codec.ts";
import { openDevelopmentAccounts } from "../../src/node/development-accounts.ts";
import { mineAtOnce } from "../../src/node/development-chain.ts";
import type { Node } from "../../src/node/node.ts";
import { decodeTransaction, encodeTransaction } from "../../src/primitives/transaction.ts";
import type { AccountKind } from "../../src/wallet/account.ts";
import { makeMnemonic, parseMnemonic } from "../../src/wallet/mnemonic.ts";
import { formatPsbt, parsePsbt } from "../../src/wallet/psbt.ts";
import { startTestNode } from "../support/test-node.ts";

bitcoin.initEccLib(tinySecp256k1);
const bip32 = BIP32Factory(tinySecp256k1);

const NETWORK: bitcoin.Network = {
  messagePrefix: "",
  bech32: "crn",
  bip32: { public: 0x043587cf, private: 0x04358394 },
  pubKeyHash: 28,
  scriptHash: 87,
  wif: 156,
};
const PURPOSES: Readonly<Record<AccountKind, number>> = { wpkh: 84, tr: 86, pkh: 44 };
const PASSWORD = "correct horse battery staple";
const COIN = 100_000_000;
const INDEX_TIMEOUT_MS = 30_000;

async function startWorld() {
  const running = await startTestNode({ network: "dev" });
  await openDevelopmentAccounts(running.node);
  await caughtUp(running.node);
  return running;
}

async function caughtUp(node: Node): Promise<void> {
  expect(await node.index.caughtUp(node.chain.tip.hash, INDEX_TIMEOUT_MS)).toBe(true);
}

/** The account as the other library derives it. */
function openThere(words: string, kind: AccountKind) {
  const root = bip32.fromSeed(mnemonicToSeedSync(words), NETWORK);
  const path = `m/${PURPOSES[kind]}'/1'/0'`;
  return {
    root,
    keyAt: (branch: number, index: number) => root.derivePath(`${path}/${branch}/${index}`),
  };
}

function addressOf(kind: AccountKind, { publicKey }: BIP32Interface): string {
  const options = { pubkey: publicKey, network: NETWORK };
  switch (kind) {
    case "wpkh":
      return bitcoin.payments.p2wpkh(options).address!;
    case "tr":
      return bitcoin.payments.p2tr({ internalPubkey: publicKey.subarray(1), network: NETWORK })
        .address!;
    case "pkh":
      return bitcoin.payments.p2pkh(options).address!;
  }
}

/** Signs every input there, with the keys that the PSBT itself names. */
function signThere(text: string, root: BIP32Interface): string {
  const psbt = bitcoin.Psbt.fromBase64(text, { network: NETWORK });
  for (const [index, input] of psbt.data.inputs.entries()) {
    const { tapInternalKey } = input;
    const [origin] = input.tapBip32Derivation ?? input.bip32Derivation ?? [];
    expect(origin!.masterFingerprint).toEqual(root.fingerprint);
    const key = root.derivePath(origin!.path);
    const tweaked = () =>
      key.tweak(bitcoin.crypto.taggedHash("TapTweak", key.publicKey.subarray(1)));
    psbt.signInput(index, tapInternalKey === undefined ? key : tweaked());
  }
  return psbt.toBase64();
}

async function payFromFaucet(node: Node, to: string): Promise<void> {
  const { payments } = node.wallets.get("faucet");
  const { scriptPubKey } = node.wallets.resolve(to);
  const { id, digest } = payments.prepare({
    recipients: [{ scriptPubKey, amount: COIN }],
    feerate: 2,
  });
  await node.wallets.confirm("faucet", id, digest, undefined);
  await mineNext(node);
}

async function mineNext(node: Node): Promise<void> {
  mineAtOnce(node);
  await caughtUp(node);
}

describe.each(["wpkh", "tr", "pkh"] as const)("a %s wallet", (kind) => {
  test("has the same addresses there, wherever its words were made", async () => {
    await using world = await startWorld();
    const { node } = world;
    const entropy = crypto.getRandomValues(new Uint8Array(32));
    const made = await node.wallets.create({ name: "ours", password: PASSWORD, kind, entropy });
    const there = openThere(makeMnemonic(entropy), kind);
    for (const branch of [0, 1] as const) {
      for (let index = 0; index < 20; index++) {
        expect(addressOf(kind, there.keyAt(branch, index))).toBe(
          made.addresses.at(branch, index).address,
        );
      }
    }

    // Words that were made there: 12 of them, as that world often has it.
    const words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    const theirs = await node.wallets.create({
      name: "theirs",
      password: PASSWORD,
      kind,
      entropy: parseMnemonic(words),
    });
    expect(theirs.receiveAddress(false).address).toBe(
      addressOf(kind, openThere(words, kind).keyAt(0, 0)),
    );
  });

  test("is watched here and signed there, and the node takes what comes of it", async () => {
    await using world = await startWorld();
    const { node } = world;
    const entropy = crypto.getRandomValues(new Uint8Array(32));
    const owner = await node.wallets.create({ name: "owner", password: PASSWORD, kind, entropy });
    const watcher = await node.wallets.watch("watcher", owner.account.descriptor);
    await payFromFaucet(node, watcher.receiveAddress(false).address);

    const { scriptPubKey } = node.wallets.resolve("bob");
    watcher.addresses.refresh();
    const prepared = watcher.payments.prepare({
      recipients: [{ scriptPubKey, amount: COIN / 4 }],
      feerate: 2,
    });
    const text = formatPsbt(parsePsbt(prepared.psbt));
    const signed = parsePsbt(signThere(text, openThere(makeMnemonic(entropy), kind).root));
    const sent = watcher.payments.confirmSigned(prepared.id, prepared.digest, signed);
    expect(sent).toMatchObject({ state: "sent" });
    await mineNext(node);
    expect(watcher.ledger.statusOf(sent.txid!)).toBe("confirmed");
    watcher.addresses.refresh();
    expect(watcher.ledger.balance().confirmed).toBe(COIN - COIN / 4 - prepared.fee);
  });

  test("signs here what was made there, and the node takes what comes of it", async () => {
    await using world = await startWorld();
    const { node } = world;
    const entropy = crypto.getRandomValues(new Uint8Array(32));
    const owner = await node.wallets.create({ name: "owner", password: PASSWORD, kind, entropy });
    await payFromFaucet(node, owner.receiveAddress(false).address);
    owner.addresses.refresh();
    const [coin] = owner.ledger.selectableCoins();
    const there = openThere(makeMnemonic(entropy), kind);

    const { publicKey } = there.keyAt(0, 0);
    const origin = {
      masterFingerprint: there.root.fingerprint,
      path: `m/${PURPOSES[kind]}'/1'/0'/0/0`,
    };
    const previous = node.chain
      .getBlock(node.chain.tip)
      .transactions.find(({ txid }) => txid === coin!.outpoint.txid);
    const witnessUtxo = { script: coin!.at.script, value: BigInt(COIN) };
    const facts = {
      wpkh: { witnessUtxo, bip32Derivation: [{ ...origin, pubkey: publicKey }] },
      pkh: {
        nonWitnessUtxo: encodeTransaction(previous!),
        bip32Derivation: [{ ...origin, pubkey: publicKey }],
      },
      tr: {
        witnessUtxo,
        tapInternalKey: publicKey.subarray(1),
        tapBip32Derivation: [{ ...origin, pubkey: publicKey.subarray(1), leafHashes: [] }],
      },
    }[kind];
    const theirs = new bitcoin.Psbt({ network: NETWORK });
    theirs.addInput({ hash: coin!.outpoint.txid, index: coin!.outpoint.vout, ...facts });
    theirs.addOutput({
      address: node.wallets.resolve("bob").address,
      value: BigInt(COIN - 1_000),
    });

    const { psbt, added } = await node.wallets.signPsbt("owner", parsePsbt(theirs.toBase64()), {
      password: PASSWORD,
    });
    expect(added).toBe(1);
    const back = bitcoin.Psbt.fromBase64(formatPsbt(psbt), { network: NETWORK });
    const raw = back.finalizeAllInputs().extractTransaction().toBuffer();
    const verdict = node.submitTransaction(decodeAll(new Uint8Array(raw), decodeTransaction));
    expect(verdict.status).toBe("accepted");
  });
});
