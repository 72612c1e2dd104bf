/**
 * The rules of blocks, for the reference model, in five steps as Bitcoin Core takes them: the header's
 * work, the header after its parent, the body alone, the body after its parent, the body on its coins.
 *
 * Broken rules carry Bitcoin Core's reject reasons. Which chain is best is `reference-node.ts`'s.
 */
import {
  type Block,
  blockWeight,
  type Header,
  isCoinbase,
  merkleRoot,
  NULL_TXID,
  type Output,
  strippedBlockSize,
  type Transaction,
} from "./block-format.ts";
import { fromHex, fromLittleEndian, hash256, littleEndian, toHex } from "./bytes.ts";
import {
  countRedeemed,
  countSignatureOperations,
  countWitness,
  encodeNumber,
  isPayToScriptHash,
  pushOf,
} from "./operations.ts";
import type { ReferenceParameters } from "./parameters.ts";
import { ALL_FORKS, ScriptFailure } from "./script-interpreter.ts";
import { verifyInput } from "./verify-input.ts";

/** A broken rule. A *mutated* body says nothing about the header it came with. */
export class Invalid extends Error {
  readonly rule: string;
  readonly isMutation: boolean;

  constructor(rule: string, isMutation = false) {
    super(rule);
    this.rule = rule;
    this.isMutation = isMutation;
  }
}

/** An unspent output. */
export interface Coin {
  readonly value: bigint;
  readonly script: Uint8Array;
  readonly height: number;
  readonly isCoinbase: boolean;
}

/** Unspent outputs by `txid:vout`. */
export type Coins = Map<string, Coin>;

/** A block's place: the headers of its ancestors, from genesis to its parent. */
export type Ancestors = readonly Header[];

/** Breaks a rule unless it holds, or the parameters switch it off. */
type Check = (holds: boolean, rule: string) => void;

function checkWith({ disabledRules }: ReferenceParameters, isMutation = false): Check {
  return (holds, rule) => {
    if (!holds && !disabledRules?.has(rule)) throw new Invalid(rule, isMutation);
  };
}

/** The target of compact bits, or undefined where they are negative, zero or above 256 bits. */
export function decodeBits(bits: number): bigint | undefined {
  const size = bits >>> 24;
  const mantissa = BigInt(bits & 0x7fffff);
  const target =
    size <= 3 ? mantissa >> BigInt(8 * (3 - size)) : mantissa << BigInt(8 * (size - 3));
  const isNegative = (bits & 0x800000) !== 0 && mantissa !== 0n;
  return isNegative || target === 0n || target >= 1n << 256n ? undefined : target;
}

/** The compact bits of a target: its highest bytes, rounded down. */
export function encodeBits(target: bigint): number {
  let size = 0;
  while (target >> BigInt(8 * size) > 0n) size++;
  let mantissa = size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3));
  // The highest bit is a sign.
  if (mantissa >= 0x800000n) {
    mantissa >>= 8n;
    size++;
  }
  return Number((BigInt(size) << 24n) | mantissa);
}

/** How many hashes a block of these bits costs on average. */
export function workOf(bits: number): bigint {
  return (1n << 256n) / ((decodeBits(bits) ?? 0n) + 1n);
}

/** The hash is not above the header's own target, nor that above the network's. */
export function checkWork({ hash, bits }: Header, params: ReferenceParameters): void {
  const target = decodeBits(bits);
  const limit = decodeBits(params.limitBits) ?? 0n;
  const isDone =
    target !== undefined && target <= limit && fromLittleEndian(fromHex(hash)) <= target;
  checkWith(params)(isDone, "high-hash");
}

/** The median of the last eleven times. */
export function medianTime(ancestors: Ancestors): number {
  const times = ancestors.slice(-11).map(({ time }) => time);
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}

/** The bits that the next block must have. */
export function requiredBits(
  ancestors: Ancestors,
  { retarget, limitBits }: ReferenceParameters,
): number {
  const height = ancestors.length;
  const parent = ancestors[height - 1];
  if (parent === undefined) throw new Error("genesis has no rules");
  if (retarget === undefined || height % retarget.interval !== 0) return parent.bits;

  // Genesis lies long in the past, so the first period is measured from block 1.
  const first = Math.max(height - retarget.interval - 1, 1);
  const wanted = BigInt((height - 1 - first) * retarget.spacing);
  let span = BigInt(parent.time - (ancestors[first]?.time ?? 0));
  if (span < wanted / 4n) span = wanted / 4n;
  if (span > wanted * 4n) span = wanted * 4n;
  const limit = decodeBits(limitBits) ?? 0n;
  const target = ((decodeBits(parent.bits) ?? 0n) * span) / wanted;
  return encodeBits(target > limit ? limit : target);
}

/** A header after its ancestors, at a time of our clock. */
export function checkHeaderInContext(
  { bits, time, version }: Header,
  ancestors: Ancestors,
  now: number,
  params: ReferenceParameters,
): void {
  const check = checkWith(params);
  const height = ancestors.length;
  const { retarget } = params;
  check(bits === requiredBits(ancestors, params), "bad-diffbits");
  check(time > medianTime(ancestors), "time-too-old");
  if (retarget && height % retarget.interval === 0) {
    const parentTime = ancestors[height - 1]?.time ?? 0;
    check(time >= parentTime - retarget.grace, "time-timewarp-attack");
  }
  if (retarget && height % retarget.interval === retarget.interval - 1) {
    // As for the target, the first period begins with block 1.
    const firstTime = ancestors[Math.max(height - retarget.interval + 1, 1)]?.time ?? 0;
    check(time >= firstTime, "time-timewarp-attack");
  }
  check(time <= now + params.maxSecondsAhead, "time-too-new");
  check(version >= 4, "bad-version");
}

/** What a body must be, whatever comes before it. */
export function checkBody(block: Block, params: ReferenceParameters): void {
  const { header, transactions } = block;
  const { root, isMutated } = merkleRoot(transactions.map(({ txid }) => fromHex(txid)));
  const checkMutation = checkWith(params, true);
  checkMutation(toHex(root) === header.merkleRoot, "bad-txnmrklroot");
  checkMutation(!isMutated, "bad-txns-duplicate");

  const [first, ...others] = transactions;
  const check = checkWith(params);
  const isShort =
    4 * transactions.length <= params.maxWeight && 4 * strippedBlockSize(block) <= params.maxWeight;
  check(first !== undefined && isShort, "bad-blk-length");
  if (first === undefined) return;
  // Two hashes can pass for a transaction of 64 bytes (CVE-2017-12842), but never for a coinbase.
  checkMutation(isCoinbase(first), "bad-cb-missing");
  check(!others.some(isCoinbase), "bad-cb-multiple");
  for (const transaction of transactions) checkTransaction(transaction, params, check);
  const cost = transactions.reduce((sum, transaction) => sum + 4 * countLegacy(transaction), 0);
  check(cost <= params.maxSignatureOperationCost, "bad-blk-sigops");
  checkCommitment(block, checkMutation);
}

/** What a transaction must be by itself. */
export function checkTransaction(
  transaction: Transaction,
  { maxWeight, maxMoney, cleanup }: ReferenceParameters,
  check: Check,
): void {
  const { inputs, outputs, strippedSize } = transaction;
  check(inputs.length > 0, "bad-txns-vin-empty");
  check(outputs.length > 0, "bad-txns-vout-empty");
  check(4 * strippedSize <= maxWeight, "bad-txns-oversize");
  if (cleanup) check(strippedSize >= cleanup.minStrippedSize, "bad-txns-undersize");
  let sum = 0n;
  for (const { value } of outputs) {
    check(value >= 0n, "bad-txns-vout-negative");
    check(value <= maxMoney, "bad-txns-vout-toolarge");
    sum += value;
    check(sum <= maxMoney, "bad-txns-txouttotal-toolarge");
  }
  const names = inputs.map(({ txid, vout }) => `${txid}:${vout}`);
  check(new Set(names).size === names.length, "bad-txns-inputs-duplicate");
  if (isCoinbase(transaction)) {
    const length = inputs[0]?.scriptSig.length ?? 0;
    check(length >= 2 && length <= 100, "bad-cb-length");
  } else {
    const isNull = inputs.some(({ txid, vout }) => txid === NULL_TXID && vout === 0xffffffff);
    check(!isNull, "bad-txns-prevout-null");
  }
}

function countLegacy({ inputs, outputs }: Transaction): number {
  const scripts = [
    ...inputs.map(({ scriptSig }) => scriptSig),
    ...outputs.map(({ script }) => script),
  ];
  return scripts.reduce((sum, script) => sum + countSignatureOperations(script, false), 0);
}

/** What a body must be after its ancestors, coins aside. */
export function checkBodyInContext(
  block: Block,
  ancestors: Ancestors,
  params: ReferenceParameters,
): void {
  const check = checkWith(params);
  const height = ancestors.length;
  const median = medianTime(ancestors);
  for (const transaction of block.transactions) {
    check(isFinal(transaction, height, median), "bad-txns-nonfinal");
  }
  const scriptSig = block.transactions[0]?.inputs[0]?.scriptSig ?? new Uint8Array(0);
  const prefix = heightPush(height);
  check(toHex(scriptSig).startsWith(toHex(prefix)), "bad-cb-height");
  check(blockWeight(block) <= params.maxWeight, "bad-blk-weight");
}

/** A height as BIP-0034 wants it: OP_1 to OP_16, or a push of a script's number. */
function heightPush(height: number): Uint8Array {
  return height <= 16 ? littleEndian(0x50 + height, 1) : pushOf(encodeNumber(BigInt(height)));
}

function isFinal({ lockTime, inputs }: Transaction, height: number, median: number): boolean {
  const now = lockTime < 500_000_000 ? height : median;
  return (
    lockTime < now || lockTime === 0 || inputs.every(({ sequence }) => sequence === 0xffffffff)
  );
}

/** The commitment of BIP-0141: the last output of the coinbase that looks like one. */
function checkCommitment({ transactions }: Block, check: Check): void {
  const [coinbase] = transactions;
  const commitment = coinbase?.outputs.findLast(
    ({ script }) => script.length >= 38 && toHex(script).startsWith("6a24aa21a9ed"),
  );
  if (commitment === undefined) {
    const hasWitness = transactions.some(({ inputs }) =>
      inputs.some(({ witness }) => witness.length > 0),
    );
    check(!hasWitness, "unexpected-witness");
    return;
  }
  const witness = coinbase?.inputs[0]?.witness ?? [];
  const reserved = witness[0] ?? new Uint8Array(0);
  check(witness.length === 1 && reserved.length === 32, "bad-witness-nonce-size");
  const leaves = transactions.map(({ wtxid }, index) => fromHex(index === 0 ? NULL_TXID : wtxid));
  const expected = hash256(merkleRoot(leaves).root, reserved);
  check(toHex(expected) === toHex(commitment.script.slice(6, 38)), "bad-witness-merkle-match");
}

/** The subsidy at a height. */
export function subsidyAt(height: number, params: ReferenceParameters): bigint {
  return params.firstSubsidy >> BigInt(Math.floor(height / params.halvingInterval));
}

/** Returns the coins after a block, or throws Invalid; `before` is left alone. */
export function connect(
  { transactions }: Block,
  ancestors: Ancestors,
  before: Coins,
  params: ReferenceParameters,
): Coins {
  const check = checkWith(params);
  const height = ancestors.length;
  const coins: Coins = new Map(before);
  for (const { txid, outputs } of transactions) {
    const isNew = outputs.every((_, vout) => !before.has(`${txid}:${vout}`));
    check(isNew, "bad-txns-BIP30");
  }

  let fees = 0n;
  let cost = 0;
  for (const transaction of transactions) {
    let spent: Coin[] = [];
    if (!isCoinbase(transaction)) {
      spent = findSpent(transaction, coins, check);
      fees += checkAmounts(transaction, spent, height, params);
      check(fees <= params.maxMoney, "bad-txns-accumulated-fee-outofrange");
      check(hasPassedLocks(transaction, spent, ancestors), "bad-txns-nonfinal");
      if (params.cleanup) {
        const count = countExecuted(transaction, spent);
        check(count <= params.cleanup.maxSignatureOperations, "bad-txns-legacy-sigops");
        // Such networks also count what BIP-0141 forgot: the operations of spent scripts.
        cost += 4 * countSpent(transaction, spent);
      }
    }
    cost += signatureOperationCost(transaction, spent);
    check(cost <= params.maxSignatureOperationCost, "bad-blk-sigops");
    check(hasGoodScripts(transaction, spent), "mandatory-script-verify-flag-failed");
    apply(transaction, height, coins);
  }
  const claimed = transactions[0]?.outputs.reduce((sum, { value }) => sum + value, 0n) ?? 0n;
  check(claimed <= subsidyAt(height, params) + fees, "bad-cb-amount");
  return coins;
}

/** Takes what a transaction spends from the coins, and adds what it makes. */
export function apply(transaction: Transaction, height: number, coins: Coins): void {
  for (const { txid, vout } of transaction.inputs) coins.delete(`${txid}:${vout}`);
  for (const [vout, { value, script }] of transaction.outputs.entries()) {
    // What begins with OP_RETURN, or is too long to run, can never be spent: it is no coin.
    if (script[0] === 0x6a || script.length > 10_000) continue;
    const coin = { value, script, height, isCoinbase: isCoinbase(transaction) };
    coins.set(`${transaction.txid}:${vout}`, coin);
  }
}

function findSpent({ inputs }: Transaction, coins: Coins, check: Check): Coin[] {
  const found = inputs.flatMap(({ txid, vout }) => coins.get(`${txid}:${vout}`) ?? []);
  check(found.length === inputs.length, "bad-txns-inputs-missingorspent");
  return found;
}

/** Maturity and values; returns the fee. */
function checkAmounts(
  { outputs }: Transaction,
  spent: readonly Coin[],
  height: number,
  params: ReferenceParameters,
): bigint {
  const check = checkWith(params);
  let sumIn = 0n;
  for (const coin of spent) {
    const isMature = !coin.isCoinbase || height - coin.height >= params.coinbaseMaturity;
    check(isMature, "bad-txns-premature-spend-of-coinbase");
    sumIn += coin.value;
    check(sumIn <= params.maxMoney, "bad-txns-inputvalues-outofrange");
  }
  const sumOut = outputs.reduce((sum, { value }) => sum + value, 0n);
  check(sumIn >= sumOut, "bad-txns-in-belowout");
  return sumIn - sumOut;
}

/** BIP-0068: every input that asks for it has waited long enough, in blocks or in time. */
function hasPassedLocks(
  { version, inputs }: Transaction,
  spent: readonly Coin[],
  ancestors: Ancestors,
): boolean {
  if (version < 2) return true;
  return inputs.every(({ sequence }, index) => {
    if (sequence >= 2 ** 31) return true;
    const coinHeight = spent[index]?.height ?? 0;
    const wait = sequence & 0xffff;
    if ((sequence & (1 << 22)) === 0) return ancestors.length >= coinHeight + wait;
    // Counted from the median time of the block before the one that made the coin.
    const coinTime = medianTime(ancestors.slice(0, Math.max(coinHeight, 1)));
    return medianTime(ancestors) >= coinTime + wait * 512;
  });
}

/** Operations that spending may run outside of witnesses (BIP-0054). */
function countExecuted(transaction: Transaction, spent: readonly Coin[]): number {
  return transaction.inputs.reduce(
    (sum, { scriptSig }, index) => {
      const script = spent[index]?.script ?? new Uint8Array(0);
      return sum + countSignatureOperations(scriptSig, true) + countRedeemed(script, scriptSig);
    },
    countSpent(transaction, spent),
  );
}

/** Operations of the spent scripts themselves; P2SH has none of its own. */
function countSpent({ inputs }: Transaction, spent: readonly Coin[]): number {
  const scripts = inputs.map((_, index) => spent[index]?.script ?? new Uint8Array(0));
  const bare = scripts.filter((script) => !isPayToScriptHash(script));
  return bare.reduce((sum, script) => sum + countSignatureOperations(script, true), 0);
}

/** The cost of BIP-0141: four for each legacy operation, one for each in a witness. */
function signatureOperationCost(transaction: Transaction, spent: readonly Coin[]): number {
  return spent.reduce((sum, { script }, index) => {
    const { scriptSig, witness } = transaction.inputs[index] ?? {
      scriptSig: new Uint8Array(0),
      witness: [],
    };
    return sum + 4 * countRedeemed(script, scriptSig) + countWitness(script, scriptSig, witness);
  }, 4 * countLegacy(transaction));
}

function hasGoodScripts(transaction: Transaction, spent: readonly Output[]): boolean {
  try {
    for (const index of spent.keys()) {
      verifyInput({ transaction, index, spent, forks: ALL_FORKS });
    }
    return true;
  } catch (error) {
    if (error instanceof ScriptFailure) return false;
    throw error;
  }
}

/** One line a coin, in order of its outpoint: the text that a digest of coins is taken of. */
export function describeCoins(coins: Iterable<readonly [string, Coin]>): string {
  const lines = [...coins].map(([outpoint, { value, script, height, isCoinbase: isNew }]) =>
    [outpoint, value, height, isNew ? "coinbase" : "payment", toHex(script)].join(" "),
  );
  return lines.sort().join("\n");
}
