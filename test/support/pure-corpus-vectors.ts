/**
 * The part of the pure corpus that others published: scripts, transactions, signatures, blocks,
 * targets and addresses.
 *
 * What these vectors must give is asserted by the unit tests; here it is only written down.
 */

import { checkProofOfWork } from "../../src/consensus/check-header.ts";
import { checkTransaction } from "../../src/consensus/check-transaction.ts";
import { type HeaderContext, nextBits, scaleBits } from "../../src/consensus/difficulty.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import { RuleError } from "../../src/consensus/rule-error.ts";
import { workOfBits } from "../../src/consensus/target.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import {
  PORTABLE_SIGNATURES,
  type SignatureVerifier,
} from "../../src/crypto/signature-verifier.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { DecodeError, decodeAll } from "../../src/lib/codec.ts";
import {
  AddressError,
  type AddressPrefixes,
  destinationOf,
  formatAddress,
  parseAddress,
  parseWif,
} from "../../src/primitives/address.ts";
import {
  type Block,
  blockSize,
  blockWeight,
  decodeBlock,
  encodeBlock,
} from "../../src/primitives/block.ts";
import { hashToId, idToHash } from "../../src/primitives/hash-id.ts";
import { merkleProof, merkleRoot } from "../../src/primitives/merkle.ts";
import {
  decodeTransaction,
  makeTransaction,
  NULL_OUTPOINT,
  outpointKey,
  SEQUENCE_FINAL,
  type Transaction,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS, ScriptFlag } from "../../src/script/flags.ts";
import { legacySighash } from "../../src/script/legacy-sighash.ts";
import { createSighashCache } from "../../src/script/sighash.ts";
import {
  checkSignatureEncoding,
  toCompactLowS,
  toCompressedKey,
} from "../../src/script/signature-encoding.ts";
import { transactionSigopCost } from "../../src/script/sigops.ts";
import { verifyInput } from "../../src/script/verify-input.ts";
import { assembleScript, parseScriptFlags } from "./script-assembly.ts";

/** The files of the corpus. */
export type CorpusFileName =
  | "scriptTests"
  | "txValid"
  | "txInvalid"
  | "sighash"
  | "scriptAssets"
  | "blocks"
  | "testnetBlock"
  | "base58Valid"
  | "base58Invalid"
  | "bip350"
  | "difficulty"
  | "wycheproof";

/** What was parsed from each; the shapes are those of their publishers. */
export type CorpusFiles = Readonly<Record<CorpusFileName, any>>;

/** Writes down, in order, what it finds. */
export type CorpusSection = (files: CorpusFiles) => string[];

/** Bitcoin's networks, and one that shares no prefix with them. */
export const ADDRESS_PREFIXES: readonly AddressPrefixes[] = [
  { bech32: "bc", p2pkh: 0x00, p2sh: 0x05, wif: 0x80 },
  { bech32: "tb", p2pkh: 0x6f, p2sh: 0xc4, wif: 0xef },
  findNetwork("cairn").addressPrefixes,
];

/** The sections over published data, one entry for each case unless its function says otherwise. */
export const VECTOR_SECTIONS: Readonly<Record<string, CorpusSection>> = {
  "script_tests.json": ({ scriptTests }) => withoutComments(scriptTests).map(scriptOutcome),
  "tx_valid.json": ({ txValid }) => withoutComments(txValid).map(transactionOutcome),
  "tx_invalid.json": ({ txInvalid }) => withoutComments(txInvalid).map(transactionOutcome),
  "sighash.json": ({ sighash }) => withoutComments(sighash).map(sighashOutcome),
  "script_assets_test.json": ({ scriptAssets }) => scriptAssets.flatMap(taprootOutcomes),
  "real blocks": (files) => realBlocksOf(files).map(describeBlock),
  "real transactions": (files) =>
    realBlocksOf(files).flatMap(({ transactions }) => transactions.map(describeTransaction)),
  "Wycheproof ECDSA": ({ wycheproof }) => wycheproof.testGroups.flatMap(ecdsaOutcomes),
  "scaled bits": ({ difficulty }) => difficulty.scaled.map(scaledOutcome),
  "retarget scenarios": ({ difficulty }) => difficulty.scenarios.map(scenarioOutcome),
  "base58 addresses and keys": ({ base58Valid, base58Invalid }) =>
    [...base58Valid, ...base58Invalid].map(([text]) => addressOutcomes(text)),
  "bech32 addresses": ({ bip350 }) =>
    [...bip350.valid, ...bip350.invalid, ...bip350.notAddresses.map((text: string) => [text])].map(
      ([text]) => addressOutcomes(text),
    ),
};

/** The blocks of Bitcoin's that the files hold. */
export function realBlocksOf({ blocks, testnetBlock }: CorpusFiles): Block[] {
  // Four bytes of magic, four of length, the block, padding.
  const file = fromHex(testnetBlock);
  const length = new DataView(file.buffer, file.byteOffset).getUint32(4, true);
  const encodings = [...blocks.map(({ data }: any) => fromHex(data)), file.subarray(8, 8 + length)];
  return encodings.map((bytes) => decodeAll(bytes, decodeBlock));
}

/** What `run` returns, or what it throws: our own errors with all they say, others by their kind. */
export function outcomeOf(run: () => string): string {
  try {
    return run();
  } catch (error) {
    if (error instanceof RuleError) return `${error.code} ${JSON.stringify(error.facts)}`;
    if (error instanceof DecodeError) return `DecodeError: ${error.message}`;
    if (error instanceof AddressError) return `AddressError: ${error.reason}`;
    if (error instanceof RangeError) return "RangeError";
    throw error;
  }
}

/** What the text says as an address and as a key, on each network. */
export function addressOutcomes(text: string): string {
  const outcomes = ADDRESS_PREFIXES.map((prefixes) => {
    const address = outcomeOf(() => {
      const script = parseAddress(text, prefixes);
      const type = destinationOf(script)?.type;
      return `${type} ${toHex(script)} ${formatAddress(script, prefixes)}`;
    });
    return `${address}, ${outcomeOf(() => toHex(parseWif(text, prefixes)))}`;
  });
  return outcomes.join("; ");
}

/** All that is computed of a transaction by itself. */
export function describeTransaction(tx: Transaction): string {
  const { txid, wtxid, baseSize, totalSize, weight } = tx;
  return `${txid} ${wtxid} ${baseSize} ${totalSize} ${weight}`;
}

/** All that is computed of a block by itself. */
export function describeBlock(block: Block): string {
  const { hash, header, transactions } = block;
  const leaves = transactions.map(({ txid }) => idToHash(txid));
  const { root, mutated } = merkleRoot(leaves);
  const proof = leaves.length === 0 ? [] : merkleProof(leaves, leaves.length - 1);
  const pow = outcomeOf(() => {
    checkProofOfWork(hash, header.bits, { ...params, powLimit: (1n << 224n) - 1n });
    return `work ${workOfBits(header.bits)}`;
  });
  return [
    hash,
    header.merkleRoot,
    hashToId(root),
    mutated,
    toHex(sha256(encodeBlock(block))),
    proof.map(toHex).join(),
    blockSize(transactions),
    blockWeight(transactions),
    pow,
  ].join(" ");
}

const { params } = findNetwork("regtest");

/** The vectors ask about the same signatures many times; each is computed once an engine. */
const SIGNATURES: SignatureVerifier = {
  ...PORTABLE_SIGNATURES,
  verifyEcdsa: remembering(PORTABLE_SIGNATURES.verifyEcdsa),
  verifySchnorr: remembering(PORTABLE_SIGNATURES.verifySchnorr),
};

function remembering(
  verify: (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array) => boolean,
): typeof verify {
  const verdicts = new Map<string, boolean>();
  return (signature, digest, publicKey) => {
    const question = [signature, digest, publicKey].map(toHex).join();
    const verdict = verdicts.get(question) ?? verify(signature, digest, publicKey);
    verdicts.set(question, verdict);
    return verdict;
  };
}

/** A line of one element is a comment. */
function withoutComments(lines: readonly any[]): any[] {
  return lines.filter((line) => line.length > 1);
}

/** A case is [[witness..., amount]?, scriptSig, scriptPubKey, flags, expected, comment?]. */
function scriptOutcome(vector: any[]): string {
  const hasWitness = Array.isArray(vector[0]);
  const witness = hasWitness ? vector[0].slice(0, -1).map(fromHex) : [];
  const value = hasWitness ? Math.round(vector[0].at(-1) * 1e8) : 0;
  const [scriptSig, scriptPubKey, flagList] = hasWitness ? vector.slice(1) : vector;
  const spent = { value, scriptPubKey: assembleScript(scriptPubKey) };

  // The pair of transactions that Bitcoin Core makes of each case.
  const input = { sequence: SEQUENCE_FINAL, witness: [] };
  const crediting = makeTransaction({
    version: 1,
    inputs: [{ ...input, prevout: NULL_OUTPOINT, scriptSig: Uint8Array.of(0, 0) }],
    outputs: [spent],
    lockTime: 0,
  });
  const prevout = { txid: crediting.txid, vout: 0 };
  const spending = makeTransaction({
    version: 1,
    inputs: [{ ...input, prevout, scriptSig: assembleScript(scriptSig), witness }],
    outputs: [{ value, scriptPubKey: new Uint8Array(0) }],
    lockTime: 0,
  });
  const outcome = inputOutcome(spending, 0, [spent], withNeeded(parseScriptFlags(flagList)));
  return `${outcome} ${spending.txid}`;
}

/** CLEANSTACK needs WITNESS, which needs P2SH. */
function withNeeded(flags: number): number {
  let all = flags;
  if ((all & ScriptFlag.CLEANSTACK) !== 0) all |= ScriptFlag.WITNESS;
  if ((all & ScriptFlag.WITNESS) !== 0) all |= ScriptFlag.P2SH;
  return all;
}

/** A case is [[[txid, vout, scriptPubKey, amount?]...], transaction, flags]. */
function transactionOutcome([prevouts, hex, flagList]: any[]): string {
  return outcomeOf(() => {
    const tx = decodeAll(fromHex(hex), decodeTransaction);
    checkTransaction(tx, params);
    const outputs = new Map<string, TxOutput>();
    for (const [txid, vout, script, amount] of prevouts) {
      const output = { value: Number(amount ?? 0), scriptPubKey: assembleScript(script) };
      outputs.set(outpointKey({ txid, vout: vout >>> 0 }), output);
    }
    const spent = tx.inputs.map(({ prevout }) => outputs.get(outpointKey(prevout)) as TxOutput);
    const flags = parseScriptFlags(flagList);
    const outcomes = tx.inputs.map((_, index) => inputOutcome(tx, index, spent, flags));
    const cost = transactionSigopCost(tx, spent, flags);
    return `${outcomes.join()} ${describeTransaction(tx)} ${cost}`;
  });
}

function inputOutcome(
  tx: Transaction,
  inputIndex: number,
  spentOutputs: readonly TxOutput[],
  flags: number,
): string {
  const cache = createSighashCache(tx);
  const signatures = SIGNATURES;
  return verifyInput({ tx, inputIndex, spentOutputs, flags, cache, signatures }) ?? "OK";
}

/** A case is [transaction, script, input index, hash type, expected]. */
function sighashOutcome([hex, script, inputIndex, hashType]: any[]): string {
  const cache = createSighashCache(decodeAll(fromHex(hex), decodeTransaction));
  return hashToId(legacySighash(cache, inputIndex, fromHex(script), hashType));
}

/** One entry for the witness that succeeds and one for that which fails, where there are such. */
function taprootOutcomes(vector: any): string[] {
  const template = decodeAll(fromHex(vector.tx), decodeTransaction);
  const spent: TxOutput[] = vector.prevouts.map((hex: string) =>
    decodeAll(fromHex(hex), (reader) => ({
      value: reader.i64AsNumber(),
      scriptPubKey: reader.variableBytes(),
    })),
  );
  const flags = parseScriptFlags(vector.flags);
  // A "final" success holds under all rules.
  const successFlags = vector.final === true ? MANDATORY_FLAGS : flags;
  const attempts = [
    { name: "success", spend: vector.success, flags: successFlags },
    { name: "failure", spend: vector.failure, flags },
  ].filter(({ spend }) => spend !== undefined);
  return attempts.map((attempt) => {
    const scripts = {
      scriptSig: fromHex(attempt.spend.scriptSig),
      witness: attempt.spend.witness.map(fromHex),
    };
    const inputs = template.inputs.map((input, index) =>
      index === vector.index ? { ...input, ...scripts } : input,
    );
    const tx = makeTransaction({ ...template, inputs });
    return `${attempt.name}: ${inputOutcome(tx, vector.index, spent, attempt.flags)} ${tx.wtxid}`;
  });
}

function ecdsaOutcomes({ publicKey, tests }: any): string[] {
  const key = toCompressedKey(fromHex(publicKey)) ?? new Uint8Array(0);
  return tests.map(({ msg, sig }: any) => {
    const der = fromHex(sig);
    const compact = toCompactLowS(der) ?? new Uint8Array(0);
    const form = checkSignatureEncoding(Uint8Array.of(...der, 1), ScriptFlag.LOW_S) ?? "strict";
    const isValid = SIGNATURES.verifyEcdsa(compact, sha256(fromHex(msg)), key);
    return `${form} ${toHex(compact)} ${isValid}`;
  });
}

const cairn = findNetwork("cairn");

function scaledOutcome({ bits, actual, expected }: any): string {
  const scaled = scaleBits(Number.parseInt(bits, 16), actual, expected, cairn.params.powLimit);
  return `${scaled.toString(16)} ${workOfBits(scaled)}`;
}

function scenarioOutcome({ firstBits, steps }: any): string {
  const all: number[] = [];
  let parent: HeaderContext = {
    height: 0,
    time: cairn.genesis.header.time,
    bits: Number.parseInt(firstBits, 16),
    parent: undefined,
  };
  for (const step of steps) {
    const bits = nextBits(parent, cairn.params);
    parent = { height: parent.height + 1, time: parent.time + step, bits, parent };
    all.push(bits);
  }
  return all.map((bits) => bits.toString(16)).join();
}
