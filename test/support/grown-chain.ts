/**
 * A chain as it is after some hours of use, made at once in this process: the folder of a node that has
 * been there all the while.
 *
 * Blocks by our own templates, payments with true signatures; only its times are made up.
 */

import { cpSync } from "node:fs";
import { join } from "node:path";
import { Chain } from "../../src/chain/chain.ts";
import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import { signEcdsa } from "../../src/crypto/keys.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { makeCandidate, makeMinedBlock } from "../../src/mining/block-template.ts";
import { loadKernel } from "../../src/mining/kernel/load-kernel.ts";
import { targetBytes } from "../../src/mining/stream.ts";
import { TemplateBuilder } from "../../src/mining/template-builder.ts";
import { networkFolder } from "../../src/node/network-folder.ts";
import { chooseSignatureVerifier } from "../../src/node/signature-verifier.ts";
import { loadNativeSecp256k1 } from "../../src/platform/native-secp256k1.ts";
import { encodeHeader } from "../../src/primitives/block-header.ts";
import type { Transaction, TxOutput } from "../../src/primitives/transaction.ts";
import { closeChainDatabase, openChainDatabase } from "../../src/storage/database.ts";
import { temporaryFolder } from "./chain-builder.ts";
import { paymentKey, type SpendableCoin, signPayment } from "./payments.ts";

/** Sats that each payment pays for its place. */
const FEE = 1_000;

/** A data directory with such a chain. */
export interface GrownChain extends Disposable {
  readonly network: string;
  readonly difficulty: number;
  readonly height: number;
  readonly tip: string;
  readonly payments: number;
  /** What the last block's payments leave, of `paymentKey()`. */
  readonly coins: readonly SpendableCoin[];
  /** Makes `directory` the data directory of a node that has the chain. */
  copyTo(directory: string): void;
}

/**
 * Makes `blocks` blocks of `paymentsPerBlock` payments each, after as many empty ones as it takes to
 * have something to pay with. Each block is a block interval after the one before, the last now.
 */
export function grownChain({
  network: name,
  blocks,
  paymentsPerBlock,
}: {
  network: string;
  blocks: number;
  paymentsPerBlock: number;
}): GrownChain {
  const difficulty = 1;
  const network = findNetwork(name, difficulty);
  const { coinbaseMaturity, retarget } = network.params;
  const height = coinbaseMaturity + 1 + blocks;
  const spacingMs = (retarget?.spacingSeconds ?? 1) * 1_000;
  const startMs = Date.now() - height * spacingMs;
  const folder = temporaryFolder();
  const path = join(folder.path, "cairn.db");
  const database = openChainDatabase(path, { network: name, genesis: network.genesis.hash });
  database.run("PRAGMA synchronous = OFF");
  let nowMs = startMs;
  const now = () => nowMs;
  const scripts = new ScriptVerifier(chooseSignatureVerifier());
  const chain = new Chain({ network, database, scripts, now, log: SILENT_LOGGER });

  let waiting: readonly Transaction[] = [];
  const log = SILENT_LOGGER;
  const select = () => ({ transactions: waiting, totalFees: FEE * waiting.length });
  const templates = new TemplateBuilder({ chain, select, now, log });
  const kernel = loadKernel();
  const key = paymentKey();
  const mine = (transactions: readonly Transaction[]): Transaction => {
    waiting = transactions;
    nowMs += spacingMs;
    const template = templates.build();
    const options = { payoutScript: key.scriptPubKey, tag: "old", stream: "A", extranonce: 0 };
    const candidate = makeCandidate(template, options);
    const target = targetBytes(template.bits);
    const nonce = kernel.search(encodeHeader(candidate.header), target, 0, 1_000_000_000);
    if (nonce === undefined) throw new Error("no nonce found");
    const block = makeMinedBlock(candidate, nonce);
    const verdict = chain.submitBlock(block);
    if (verdict.status !== "connected") throw new Error(`block ${verdict.status}`);
    return block.transactions[0] as Transaction;
  };

  const first = mine([]);
  while (chain.tip.height < coinbaseMaturity) mine([]);
  const { value } = first.outputs[0] as TxOutput;
  const script = key.scriptPubKey;
  const share = Math.floor((value - FEE) / paymentsPerBlock);
  const outputs = Array.from({ length: paymentsPerBlock }, () => ({
    value: share,
    scriptPubKey: script,
  }));
  const sign = loadNativeSecp256k1()?.sign ?? signEcdsa;
  const firstCoin = { outpoint: { txid: first.txid, vout: 0 }, value };
  // To the sat, since the template's fees are what the select function says.
  const rest = value - share * paymentsPerBlock - FEE;
  outputs[0] = { value: share + rest, scriptPubKey: script };
  const spread = signPayment(key, [firstCoin], outputs, sign);
  mine([spread]);
  let coins: readonly SpendableCoin[] = outputs.map((output, vout) => ({
    outpoint: { txid: spread.txid, vout },
    value: output.value,
  }));
  while (chain.tip.height < height) {
    const payments = coins.map((coin) =>
      signPayment(key, [coin], [{ value: coin.value - FEE, scriptPubKey: script }], sign),
    );
    mine(payments);
    coins = payments.map(({ txid, outputs: [output] }) => ({
      outpoint: { txid, vout: 0 },
      value: (output as TxOutput).value,
    }));
  }
  const { hash: tip } = chain.tip;
  closeChainDatabase(database);
  return {
    network: name,
    difficulty,
    height,
    tip,
    coins,
    payments: blocks * paymentsPerBlock,
    copyTo: (directory) => {
      const place = networkFolder({ data: directory, network: name, difficulty });
      cpSync(folder.path, place, { recursive: true });
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** Returns payments that spend the coins of `chain`, each a coin of its own. */
export function paymentsFrom({ coins }: GrownChain): readonly Transaction[] {
  const key = paymentKey();
  const sign = loadNativeSecp256k1()?.sign ?? signEcdsa;
  return coins.map((coin) => {
    const output = { value: coin.value - FEE, scriptPubKey: key.scriptPubKey };
    return signPayment(key, [coin], [output], sign);
  });
}
