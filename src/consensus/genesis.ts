/**
 * First blocks: Bitcoin's for regtest, and one derived from a name and parameters for every other.
 *
 * A genesis block needs no proof of work and its coinbase is never spendable, so it is made here and
 * never checked. Two networks that differ in anything have different genesis hashes.
 */

import { sha256 } from "../crypto/hash.ts";
import { concatBytes, fromHex } from "../lib/bytes.ts";
import { type Block, makeBlock } from "../primitives/block.ts";
import { ZERO_HASH } from "../primitives/hash-id.ts";
import {
  makeTransaction,
  NULL_OUTPOINT,
  SEQUENCE_FINAL,
  type Transaction,
} from "../primitives/transaction.ts";
import type { ConsensusParams } from "./params.ts";

/** 2026-01-01T00:00:00Z: long before any block that follows it. */
const CAIRN_GENESIS_TIME = 1_767_225_600;

/** Returns the first block of the network `name` under `params`, starting at `bits`. */
export function makeCairnGenesis(name: string, params: ConsensusParams, bits: number): Block {
  const text = new TextEncoder().encode(`cairn/${name}`);
  const commitment = sha256(new TextEncoder().encode(describeParams(params)));
  const coinbase = makeCoinbase(concatBytes(push(text), push(commitment)), 0, OP_RETURN_SCRIPT);
  return makeGenesis(coinbase, { time: CAIRN_GENESIS_TIME, bits, nonce: 0 });
}

/** Returns the first block of Bitcoin's regtest. */
export function makeRegtestGenesis(): Block {
  const headline = "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks";
  const scriptSig = concatBytes(
    fromHex("04ffff001d0104"),
    push(new TextEncoder().encode(headline)),
  );
  const scriptPubKey = concatBytes(push(fromHex(SATOSHI_KEY)), Uint8Array.of(0xac));
  return makeGenesis(makeCoinbase(scriptSig, 5_000_000_000, scriptPubKey), {
    time: 1_296_688_602,
    bits: 0x207fffff,
    nonce: 2,
  });
}

const OP_RETURN_SCRIPT = Uint8Array.of(0x6a);

/** The key that Bitcoin's first coinbase names. */
const SATOSHI_KEY =
  "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6" +
  "49f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f";

function makeCoinbase(scriptSig: Uint8Array, value: number, scriptPubKey: Uint8Array): Transaction {
  return makeTransaction({
    version: 1,
    inputs: [{ prevout: NULL_OUTPOINT, scriptSig, sequence: SEQUENCE_FINAL, witness: [] }],
    outputs: [{ value, scriptPubKey }],
    lockTime: 0,
  });
}

function makeGenesis(
  coinbase: Transaction,
  { time, bits, nonce }: { time: number; bits: number; nonce: number },
): Block {
  // With one transaction the Merkle root is its txid.
  const header = {
    version: 1,
    prevBlockHash: ZERO_HASH,
    merkleRoot: coinbase.txid,
    time,
    bits,
    nonce,
  };
  return makeBlock(header, [coinbase]);
}

/** All parameters in a fixed order and form, so that equal text means equal rules. */
function describeParams(params: ConsensusParams): string {
  const { retarget } = params;
  const fields: readonly (readonly [string, number | string])[] = [
    ["powLimit", params.powLimit.toString(16)],
    ["retargetInterval", retarget?.interval ?? "none"],
    ["spacingSeconds", retarget?.spacingSeconds ?? "none"],
    ["timewarpGraceSeconds", retarget?.timewarpGraceSeconds ?? "none"],
    ["subsidy", params.subsidy],
    ["halvingInterval", params.halvingInterval],
    ["maxMoney", params.maxMoney],
    ["coinbaseMaturity", params.coinbaseMaturity],
    ["maxBlockWeight", params.maxBlockWeight],
    ["maxBlockSigopCost", params.maxBlockSigopCost],
    ["maxFutureSeconds", params.maxFutureSeconds],
    ["minTransactionSize", params.minTransactionSize],
    ["maxTransactionLegacySigops", params.maxTransactionLegacySigops ?? "none"],
  ];
  return fields.map(([key, value]) => `${key}=${value}`).join("\n");
}

/** A direct push of 1..75 bytes. */
function push(data: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(data.length), data);
}
