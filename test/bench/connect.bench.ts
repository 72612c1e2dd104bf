/**
 * Blocks connected a second: empty ones, and full of signed payments, checked for the first time
 * and remembered from the mempool.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
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
import { chooseSignatureVerifier } from "../../src/node/signature-verifier.ts";
import { loadNativeSecp256k1 } from "../../src/platform/native-secp256k1.ts";
import type { Block } from "../../src/primitives/block.ts";
import { encodeHeader } from "../../src/primitives/block-header.ts";
import type { Transaction, TxOutput } from "../../src/primitives/transaction.ts";
import { closeChainDatabase, openChainDatabase } from "../../src/storage/database.ts";
import { paymentKey, type SpendableCoin, signPayment } from "../support/payments.ts";
import { report } from "./measure.ts";

const EMPTY_BLOCKS = 2_000;
const FULL_BLOCKS = 10;
const PAYMENTS_PER_BLOCK = 2_000;

const network = findNetwork("regtest");
const key = paymentKey();
const kernel = loadKernel();
const sign = loadNativeSecp256k1()?.sign ?? signEcdsa;

/** Measures for some ten seconds and prints a line for each kind of block. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cairn-bench-"));
  try {
    const first = openChain(join(folder, "first.db"));
    const blocks: Block[] = [];
    const emptySeconds = timed(() => {
      for (let count = 0; count < EMPTY_BLOCKS; count++) blocks.push(mine(first.chain, []));
    });
    report("empty blocks mined (easiest target)", EMPTY_BLOCKS / emptySeconds, "blocks/s");

    const full = minePayments(first.chain, blocks);
    first.close();

    const second = openChain(join(folder, "second.db"));
    const before = blocks;
    const restSeconds = timed(() => connectAll(second.chain, before));
    report("empty blocks connected", before.length / restSeconds, "blocks/s");
    const coldSeconds = timed(() => connectAll(second.chain, full));
    report(
      `blocks of ${PAYMENTS_PER_BLOCK} payments connected`,
      FULL_BLOCKS / coldSeconds,
      "blocks/s",
    );
    const payments = FULL_BLOCKS * PAYMENTS_PER_BLOCK;
    report("payments connected, signatures unknown", payments / coldSeconds, "tx/s");
    second.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openChain(path: string) {
  const identity = { network: network.name, genesis: network.genesis.hash };
  const database = openChainDatabase(path, identity);
  const scripts = new ScriptVerifier(chooseSignatureVerifier());
  const now = () => Date.now();
  const chain = new Chain({ network, database, scripts, now, log: SILENT_LOGGER });
  return { chain, close: () => closeChainDatabase(database) };
}

function mine(chain: Chain, transactions: readonly Transaction[]): Block {
  const builder = new TemplateBuilder({
    chain,
    select: () => ({ transactions, totalFees: 0 }),
    now: () => Date.now(),
    log: SILENT_LOGGER,
  });
  const template = builder.build();
  if (template.transactions.length !== transactions.length) throw new Error("template refused");
  const options = { payoutScript: key.scriptPubKey, tag: "bench", stream: "A", extranonce: 0 };
  const candidate = makeCandidate(template, options);
  const target = targetBytes(template.bits);
  const nonce = kernel.search(encodeHeader(candidate.header), target, 0, 1_000_000);
  if (nonce === undefined) throw new Error("no nonce found");
  const block = makeMinedBlock(candidate, nonce);
  connectAll(chain, [block]);
  return block;
}

/**
 * Spreads mature coinbases over many coins, in blocks added to `mined`, then returns blocks full of
 * payments that spend those.
 */
function minePayments(chain: Chain, mined: Block[]): Block[] {
  const coins: SpendableCoin[][] = [];
  for (let count = 0; count < FULL_BLOCKS; count++) {
    const coinbase = (mined[count] as Block).transactions[0] as Transaction;
    const { value } = coinbase.outputs[0] as TxOutput;
    const share = Math.floor(value / PAYMENTS_PER_BLOCK);
    const outputs = Array.from({ length: PAYMENTS_PER_BLOCK }, () => ({
      value: share,
      scriptPubKey: key.scriptPubKey,
    }));
    const outpoint = { txid: coinbase.txid, vout: 0 };
    const spread = signPayment(key, [{ outpoint, value }], outputs, sign);
    mined.push(mine(chain, [spread]));
    coins.push(outputs.map((_, vout) => ({ outpoint: { txid: spread.txid, vout }, value: share })));
  }
  return coins.map((some) => mine(chain, some.map(pay)));
}

function pay(coin: SpendableCoin): Transaction {
  const half = Math.floor(coin.value / 2) - 200;
  const output = { value: half, scriptPubKey: key.scriptPubKey };
  return signPayment(key, [coin], [output, output], sign);
}

function connectAll(chain: Chain, blocks: readonly Block[]): void {
  for (const block of blocks) {
    const verdict = chain.submitBlock(block);
    if (verdict.status !== "connected") throw new Error(`block ${verdict.status}`);
  }
}

function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return (performance.now() - startedAt) / 1000;
}

if (import.meta.main) await run();
