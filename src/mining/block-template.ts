/**
 * What is to be mined: a template from the mempool, and the candidates made from it.
 *
 * A template fixes everything but coinbase, time and nonce. A candidate adds a coinbase, and so its
 * own Merkle root: two with different extranonces or streams never search the same headers. Finding
 * the nonce is the business of miner.worker.ts.
 */

import { coinbaseHeightPush } from "../consensus/check-block.ts";
import {
  commitmentScript,
  WITNESS_NONCE_LENGTH,
  witnessCommitment,
} from "../consensus/witness-commitment.ts";
import { concatBytes } from "../lib/bytes.ts";
import { ByteWriter } from "../lib/codec.ts";
import { type Block, makeBlock } from "../primitives/block.ts";
import type { BlockHeader } from "../primitives/block-header.ts";
import { type BlockHash, hashToId, idToHash, type Txid, ZERO_HASH } from "../primitives/hash-id.ts";
import { merkleProof, rootFromFirstLeaf } from "../primitives/merkle.ts";
import {
  makeTransaction,
  NULL_OUTPOINT,
  SEQUENCE_FINAL,
  type Transaction,
} from "../primitives/transaction.ts";
import { pushData } from "../script/script.ts";

/** Everything a miner needs to make the block after `previousHash`. */
export interface BlockTemplate {
  readonly previousHash: BlockHash;
  readonly height: number;
  readonly version: number;
  readonly bits: number;
  /** Seconds since 1970: the time to put into the header, and the earliest that is valid. */
  readonly time: number;
  readonly minTime: number;
  /** Sats that the coinbase may pay: subsidy and fees. */
  readonly coinbaseValue: number;
  /** Without the coinbase, in a valid order. */
  readonly transactions: readonly Transaction[];
  /** Sats. */
  readonly totalFees: number;
  /** BIP-0141 commitment to the witnesses, with a witness nonce of zeros. */
  readonly commitment: Uint8Array;
  /** From the coinbase's place to the Merkle root. */
  readonly merkleBranch: readonly Uint8Array[];
}

/** A header to be searched, with the coinbase it commits to. */
export interface Candidate {
  readonly template: BlockTemplate;
  readonly header: BlockHeader;
  readonly coinbase: Transaction;
}

/** Who a block is attributed to and whom it pays. */
export interface CoinbaseOptions {
  readonly payoutScript: Uint8Array;
  /** Printable ASCII, at most MAX_MINER_TAG_LENGTH; written as `/cairn:TAG:STREAM/`. */
  readonly tag: string;
  readonly stream: string;
  /** Below 2^53; different ones give different headers. */
  readonly extranonce: number;
}

/** Characters of a tag, so that a coinbase script stays below its 100 bytes. */
export const MAX_MINER_TAG_LENGTH = 32;

/** BIP-0009 version with no deployment signalled. */
export const TEMPLATE_VERSION = 0x20000000;

/** Weight left for header, transaction count and coinbase. */
export const RESERVED_WEIGHT = 4_000;

/** Signature-operation cost left for the coinbase. */
export const RESERVED_SIGOP_COST = 400;

/** Fills in what follows from the other parts of a template. */
export function completeTemplate(
  parts: Omit<BlockTemplate, "commitment" | "merkleBranch">,
): BlockTemplate {
  // The coinbase's own hashes count as zero in one tree and do not matter in the other's branch.
  const placeholder = { txid: ZERO_HASH, wtxid: ZERO_HASH } as unknown as Transaction;
  const all = [placeholder, ...parts.transactions];
  return {
    ...parts,
    commitment: witnessCommitment(all, new Uint8Array(WITNESS_NONCE_LENGTH)),
    merkleBranch: merkleProof(
      all.map(({ txid }) => idToHash(txid)),
      0,
    ),
  };
}

/** Makes the candidate of `template` with this coinbase. */
export function makeCandidate(template: BlockTemplate, options: CoinbaseOptions): Candidate {
  const coinbase = makeCoinbase(template, options);
  const merkleRoot = rootFromFirstLeaf(idToHash(coinbase.txid), template.merkleBranch);
  const header = {
    version: template.version,
    prevBlockHash: template.previousHash,
    merkleRoot: hashToId<Txid>(merkleRoot),
    time: template.time,
    bits: template.bits,
    nonce: 0,
  };
  return { template, header, coinbase };
}

/** Makes the block of a candidate and the nonce found for it. */
export function makeMinedBlock({ template, header, coinbase }: Candidate, nonce: number): Block {
  return makeBlock({ ...header, nonce }, [coinbase, ...template.transactions]);
}

function makeCoinbase(template: BlockTemplate, options: CoinbaseOptions): Transaction {
  const extranonce = new ByteWriter(8).u64(BigInt(options.extranonce)).finish();
  const tag = new TextEncoder().encode(`/cairn:${options.tag}:${options.stream}/`);
  return makeTransaction({
    version: 2,
    inputs: [
      {
        prevout: NULL_OUTPOINT,
        scriptSig: concatBytes(
          coinbaseHeightPush(template.height),
          pushData(extranonce),
          pushData(tag),
        ),
        sequence: SEQUENCE_FINAL,
        witness: [new Uint8Array(WITNESS_NONCE_LENGTH)],
      },
    ],
    outputs: [
      { value: template.coinbaseValue, scriptPubKey: options.payoutScript },
      { value: 0, scriptPubKey: commitmentScript(template.commitment) },
    ],
    lockTime: 0,
  });
}
