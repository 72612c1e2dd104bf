/**
 * Rules of blocks: those that hold whichever chain it sits on, then those that need its parent.
 *
 * Nothing here reads a coin. Rules of headers are in check-header.ts; rules that need coins are in
 * check-inputs.ts.
 */

import { equalBytes } from "../lib/bytes.ts";
import { compactSizeLength } from "../lib/codec.ts";
import { type Block, blockWeight } from "../primitives/block.ts";
import { HEADER_SIZE } from "../primitives/block-header.ts";
import { idToHash } from "../primitives/hash-id.ts";
import { merkleRoot } from "../primitives/merkle.ts";
import {
  hasWitness,
  isCoinbase,
  type Transaction,
  type TxInput,
} from "../primitives/transaction.ts";
import { encodeNumber, pushData } from "../script/script.ts";
import { countLegacySigops } from "../script/sigops.ts";
import { checkTransaction, isFinal } from "./check-transaction.ts";
import { type HeaderContext, medianTimePast } from "./difficulty.ts";
import type { ConsensusParams } from "./params.ts";
import { RuleError } from "./rule-error.ts";
import { findCommitment, WITNESS_NONCE_LENGTH, witnessCommitment } from "./witness-commitment.ts";

/** Weight of a byte outside witnesses, and cost of a legacy signature operation (BIP-0141). */
const WITNESS_SCALE_FACTOR = 4;

/**
 * Throws RuleError unless the body of `block` is valid on its own. The Merkle root comes first, so
 * that nothing is said of a body that is not the header's.
 */
export function checkBlock(block: Block, params: ConsensusParams): void {
  checkMerkleRoot(block);
  checkLength(block, params);
  checkCoinbasePlace(block);
  for (const tx of block.transactions) checkTransaction(tx, params);
  checkLegacySigops(block, params);
  checkWitnessCommitment(block);
}

/** Throws RuleError unless the body of `block` may follow `parent`. */
export function checkBlockInContext(
  block: Block,
  parent: HeaderContext,
  params: ConsensusParams,
): void {
  const height = parent.height + 1;
  checkFinality(block, height, medianTimePast(parent));
  checkCoinbaseHeight(block, height);
  checkWeight(block, params);
}

/** Returns how the script of the coinbase at `height` must begin (BIP-0034). */
export function coinbaseHeightPush(height: number): Uint8Array {
  // BIP-0034 in Bitcoin Core's form: small heights are single opcodes.
  if (height <= 16) return Uint8Array.of(height === 0 ? 0 : 0x50 + height);
  return pushData(encodeNumber(height));
}

function checkMerkleRoot({ header, transactions }: Block): void {
  const { root, mutated } = merkleRoot(transactions.map(({ txid }) => idToHash(txid)));
  if (!equalBytes(root, idToHash(header.merkleRoot))) {
    throw new RuleError("bad-txnmrklroot", "the header commits to other transactions", {
      merkleRoot: header.merkleRoot,
    });
  }

  // CVE-2012-2459: repeating the tail of an odd level leaves the root unchanged, so a forger can
  // give an honest block's hash a false body. That hash must not be remembered as invalid.
  if (mutated) {
    throw new RuleError("bad-txns-duplicate", "transactions repeat at the end of a Merkle level");
  }
}

function checkLength({ transactions }: Block, { maxBlockWeight }: ConsensusParams): void {
  let size = HEADER_SIZE + compactSizeLength(transactions.length);
  for (const { baseSize } of transactions) size += baseSize;
  if (transactions.length === 0 || WITNESS_SCALE_FACTOR * size > maxBlockWeight) {
    throw new RuleError("bad-blk-length", "it has no transaction, or too many bytes", {
      transactions: transactions.length,
      size,
    });
  }
}

function checkCoinbasePlace({ transactions }: Block): void {
  // There is a first one, or checkLength would have thrown.
  const [first, ...rest] = transactions as readonly [Transaction, ...Transaction[]];
  if (!isCoinbase(first)) {
    throw new RuleError("bad-cb-missing", "its first transaction is not a coinbase");
  }
  if (rest.some(isCoinbase)) throw new RuleError("bad-cb-multiple", "it has a second coinbase");
}

function checkLegacySigops({ transactions }: Block, params: ConsensusParams): void {
  let sigops = 0;
  for (const tx of transactions) sigops += countLegacySigops(tx);
  if (WITNESS_SCALE_FACTOR * sigops > params.maxBlockSigopCost) {
    throw new RuleError("bad-blk-sigops", "it has too many signature operations", {
      cost: WITNESS_SCALE_FACTOR * sigops,
      most: params.maxBlockSigopCost,
    });
  }
}

function checkFinality({ transactions }: Block, height: number, medianTime: number): void {
  const early = transactions.find((tx) => !isFinal(tx, height, medianTime));
  if (early !== undefined) {
    throw new RuleError("bad-txns-nonfinal", `transaction ${early.txid} is locked until later`, {
      txid: early.txid,
      lockTime: early.lockTime,
      height,
      medianTimePast: medianTime,
    });
  }
}

function checkCoinbaseHeight({ transactions }: Block, height: number): void {
  const script = transactions[0]?.inputs[0]?.scriptSig ?? new Uint8Array();
  const expected = coinbaseHeightPush(height);
  if (!equalBytes(script.subarray(0, expected.length), expected)) {
    throw new RuleError("bad-cb-height", `the coinbase does not begin with height ${height}`, {
      height,
    });
  }
}

function checkWitnessCommitment({ transactions }: Block): void {
  const coinbase = transactions[0] as Transaction;
  const commitment = findCommitment(coinbase);
  if (commitment === undefined) {
    if (transactions.some(hasWitness)) {
      throw new RuleError("unexpected-witness", "it has witnesses but no commitment to them");
    }
    return;
  }

  const { witness } = coinbase.inputs[0] as TxInput;
  const [nonce] = witness;
  if (nonce === undefined || witness.length !== 1 || nonce.length !== WITNESS_NONCE_LENGTH) {
    throw new RuleError("bad-witness-nonce-size", "the coinbase's witness is not one 32-byte item");
  }
  if (!equalBytes(witnessCommitment(transactions, nonce), commitment)) {
    throw new RuleError("bad-witness-merkle-match", "the coinbase commits to other witnesses");
  }
}

function checkWeight({ transactions }: Block, { maxBlockWeight }: ConsensusParams): void {
  const weight = blockWeight(transactions);
  if (weight > maxBlockWeight) {
    throw new RuleError("bad-blk-weight", `weight ${weight}, at most ${maxBlockWeight}`, {
      weight,
      most: maxBlockWeight,
    });
  }
}
