/**
 * What the most expensive transactions and blocks cost to validate, and that twice as much of them
 * costs about twice as long: no input of a miner's may make a node's work explode (C-18).
 *
 * Everything is checked but proof of work and the disk: the bytes are decoded, the block is checked
 * by itself and in its place, and its coins and scripts are run by the default network's rules.
 */

import { schnorr } from "@noble/curves/secp256k1.js";
import { CoinOverlay } from "../../src/chain/coin-overlay.ts";
import { connectBlock } from "../../src/chain/connect-block.ts";
import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import { checkBlock, checkBlockInContext } from "../../src/consensus/check-block.ts";
import type { Coin } from "../../src/consensus/check-inputs.ts";
import { checkTransactionSigops } from "../../src/consensus/check-sigops.ts";
import { DEFAULT_NETWORK_NAME, findNetwork } from "../../src/consensus/networks.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { publicKeyOf } from "../../src/crypto/keys.ts";
import { concatBytes, fromHex } from "../../src/lib/bytes.ts";
import { decodeAll } from "../../src/lib/codec.ts";
import { chooseSignatureVerifier } from "../../src/node/signature-verifier.ts";
import { blockWeight, decodeBlock, encodeBlock, makeBlock } from "../../src/primitives/block.ts";
import { hashToId, type Txid } from "../../src/primitives/hash-id.ts";
import {
  hasWitness,
  makeTransaction,
  type Outpoint,
  outpointKey,
  SEQUENCE_FINAL,
  type Transaction,
  type TxInput,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { startTaproot } from "../../src/script/machine.ts";
import { Opcode } from "../../src/script/opcodes.ts";
import { pushData } from "../../src/script/script.ts";
import { createSighashCache, SighashType } from "../../src/script/sighash.ts";
import { taprootSighash } from "../../src/script/witness-sighash.ts";
import { someHeader } from "../support/builders.ts";
import { ANYONE, coinbaseParts, rootOf, withCommitment } from "../support/chain-builder.ts";
import { report } from "./measure.ts";

/** What doubling may cost at the most; 2 is linear, the rest is noise and caches. */
const MOST_PER_DOUBLING = 2.5;
const ROUNDS = 5;

const network = findNetwork(DEFAULT_NETWORK_NAME);
const { params } = network;
const HEIGHT = 1_000;
const signatures = chooseSignatureVerifier();
const NO_BYTES = new Uint8Array(0);
const SOME_OUTPUT: TxOutput = { value: 0, scriptPubKey: new Uint8Array(22) };

/** A block ready to be validated, and the coins that it spends. */
interface Case {
  readonly bytes: Uint8Array;
  /** The part of what a block may weigh, or of what its signatures may cost, that it takes. */
  readonly share: number;
  readonly coins: ReadonlyMap<string, Coin>;
}

/** A kind of coin, and how it is spent. */
interface Spend {
  readonly scriptPubKey: Uint8Array;
  readonly scriptSig: Uint8Array;
  readonly witness: readonly Uint8Array[];
}

/** A transaction, what it spends, and whether a transaction before it in the block made that. */
interface Spending {
  readonly tx: Transaction;
  readonly coins: readonly Coin[];
  readonly isChained?: boolean;
}

/** A kind of block that grows with `size`, which counts `unit`. */
interface Scenario {
  readonly name: string;
  readonly unit: string;
  /** Measured at this size, and at half of it. */
  readonly size: number;
  readonly make: (size: number) => Case;
}

/** A signature of the right form that is wrong: refuting it takes as long as proving a good one. */
const SIGNATURE = concatBytes(
  fromHex("3044022079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
  fromHex("0220483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
);
const SECRET = new Uint8Array(32).fill(9);
const KEY = publicKeyOf(SECRET);

/** Hash types that all sign all outputs; no rule of consensus forbids them (BIP-0062 never came). */
const HASH_TYPES = Array.from({ length: 20 }, (_, index) => 4 + index);

/** Costs nothing. */
const FREE: Spend = bareSpend(ANYONE, NO_BYTES);

/** One signature in a script without a witness. */
const BARE = bareSpend(
  concatBytes(pushData(KEY), opcodes("OP_CHECKSIG", "OP_NOT")),
  pushSignature(SighashType.ALL),
);

/** Twenty signatures of one message that differs in the hash type at its end. */
const MANY_HASH_TYPES = bareSpend(
  concatBytes(
    ...HASH_TYPES.flatMap(() => [pushData(KEY), opcodes("OP_CHECKSIG", "OP_DROP")]),
    ANYONE,
  ),
  concatBytes(...HASH_TYPES.map(pushSignature)),
);

/** Checks one signature 66 times: three operations each, of 201. */
const CHECKS = 66;
const MANY_CHECKS = concatBytes(
  ...new Array<Uint8Array>(CHECKS).fill(opcodes("OP_2DUP", "OP_CHECKSIG", "OP_DROP")),
  opcodes("OP_2DROP", "OP_1"),
);

/** Nearly 10,000 opcodes that are read at each of 49 signatures, each of another script code. */
const SEPARATED_CHECKS = 49;
const SEPARATORS = bareSpend(
  concatBytes(
    opcodes("OP_0", "OP_IF"),
    new Uint8Array(9_700).fill(Opcode.OP_1),
    opcodes("OP_ENDIF"),
    ...new Array<Uint8Array>(SEPARATED_CHECKS).fill(
      opcodes("OP_2DUP", "OP_CHECKSIG", "OP_DROP", "OP_CODESEPARATOR"),
    ),
    opcodes("OP_2DROP", "OP_1"),
  ),
  concatBytes(pushSignature(SighashType.ALL), pushData(KEY)),
);

/** What BIP-0054 allows one transaction. */
const LEGACY_SIGOPS = params.maxTransactionLegacySigops ?? 2_500;

/** Anybody's, and long enough for a transaction of the least size. */
const LONG_FREE = concatBytes(pushData(new Uint8Array(5).fill(1)), ANYONE);

const SCENARIOS: readonly Scenario[] = [
  {
    name: "legacy signatures over all outputs, as many as one transaction may have",
    unit: "bytes of outputs",
    size: 800_000,
    make: (size) => oneTransaction(LEGACY_SIGOPS, BARE, largeOutputs(size)),
  },
  {
    name: "the same, of 20 hash types in each input",
    unit: "bytes of outputs",
    size: 1_600_000,
    make: (size) => oneTransaction(LEGACY_SIGOPS / 20, MANY_HASH_TYPES, largeOutputs(size)),
  },
  {
    name: "signatures in version 0 witnesses, one transaction",
    unit: "inputs",
    size: 10_000,
    make: (size) =>
      oneTransaction(
        size,
        witnessSpend(concatBytes(pushData(KEY), opcodes("OP_CHECKSIG", "OP_NOT")), [
          signature(SighashType.ALL),
        ]),
      ),
  },
  {
    name: "Taproot key spends, one transaction",
    unit: "inputs",
    size: 2_000,
    make: taprootSpends,
  },
  {
    name: "signature operations in witness scripts",
    unit: "inputs of 66",
    size: 200,
    make: (size) =>
      oneTransaction(size, witnessSpend(MANY_CHECKS, [signature(SighashType.ALL), KEY])),
  },
  {
    name: "signature operations in bare scripts, each of another script code",
    unit: "inputs of 49",
    size: 200,
    make: (size) =>
      blockOf(
        ...Array.from({ length: size / 50 }, (_, index) =>
          spend(50, SEPARATORS, [SOME_OUTPUT], 50 * index),
        ),
      ),
  },
  {
    name: "inputs without signatures, one transaction",
    unit: "inputs",
    size: 80_000,
    make: (size) => oneTransaction(size, FREE),
  },
  {
    name: "outputs, one transaction",
    unit: "outputs",
    size: 300_000,
    make: (size) =>
      oneTransaction(1, FREE, new Array<TxOutput>(size).fill({ value: 0, scriptPubKey: ANYONE })),
  },
  {
    name: "transactions, each spending the one before it",
    unit: "transactions",
    size: 40_000,
    make: chainOfTransactions,
  },
];

/** Measures for some two minutes, prints a line for each kind, and throws if one is not linear. */
export async function run(): Promise<void> {
  const tooSteep: string[] = [];
  for (const { name, unit, size, make } of SCENARIOS) {
    const [small, large] = [make(size / 2), make(size)];
    // The least of several: what else the machine does can only add. More of them where it did much.
    let [half, whole] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < ROUNDS || isDoubtful(whole / half, round); round++) {
      half = Math.min(half, secondsToValidate(small));
      whole = Math.min(whole, secondsToValidate(large));
    }
    const ratio = whole / half;
    console.log(name);
    report(`  ${size.toLocaleString("en")} ${unit}`, whole * 1000, "ms");
    report("  twice as many take", ratio, "times as long");
    report("  as many as fit into a block would take", whole / large.share, "s");
    if (ratio > MOST_PER_DOUBLING) tooSteep.push(`${name}: ${ratio.toFixed(2)}`);
  }
  if (tooSteep.length > 0) throw new Error(`more than linear: ${tooSteep.join("; ")}`);
}

function isDoubtful(ratio: number, round: number): boolean {
  return ratio > MOST_PER_DOUBLING && round < 4 * ROUNDS;
}

function secondsToValidate({ bytes, coins }: Case): number {
  const scripts = new ScriptVerifier(signatures);
  const parent = { height: HEIGHT - 1, time: 0, bits: 0, parent: undefined };
  const view = new CoinOverlay({ findCoin: (outpoint) => coins.get(outpointKey(outpoint)) });
  Bun.gc(true);

  const startedAt = performance.now();
  const block = decodeAll(bytes, decodeBlock);
  checkBlock(block, params);
  checkBlockInContext(block, parent, params);
  connectBlock(block, view, {
    height: HEIGHT,
    params,
    medianTimePast: 0,
    medianTimePastAt: () => 0,
    scripts,
  });
  return (performance.now() - startedAt) / 1000;
}

function opcodes(...names: (keyof typeof Opcode)[]): Uint8Array {
  return Uint8Array.from(names, (name) => Opcode[name]);
}

function signature(hashType: number): Uint8Array {
  return concatBytes(SIGNATURE, Uint8Array.of(hashType));
}

function pushSignature(hashType: number): Uint8Array {
  return pushData(signature(hashType));
}

function bareSpend(scriptPubKey: Uint8Array, scriptSig: Uint8Array): Spend {
  return { scriptPubKey, scriptSig, witness: [] };
}

function witnessSpend(script: Uint8Array, elements: readonly Uint8Array[]): Spend {
  const scriptPubKey = concatBytes(Uint8Array.of(0x00, 32), sha256(script));
  return { scriptPubKey, scriptSig: NO_BYTES, witness: [...elements, script] };
}

/** Outputs of 10,000 bytes each, together `size`. */
function largeOutputs(size: number): TxOutput[] {
  const scriptPubKey = new Uint8Array(10_000 - 11);
  return new Array<TxOutput>(size / 10_000).fill({ value: 0, scriptPubKey });
}

/** Spends `count` coins of one kind, whose made-up names begin with `first`. */
function spend(
  count: number,
  { scriptPubKey, scriptSig, witness }: Spend,
  outputs: readonly TxOutput[] = [SOME_OUTPUT],
  first = 0,
): Spending {
  const outpoints = Array.from({ length: count }, (_, index) => someOutpoint(first + index));
  const coin = { value: 0, scriptPubKey, height: 1, isCoinbase: false };
  const inputs = outpoints.map((prevout) => ({
    prevout,
    scriptSig,
    sequence: SEQUENCE_FINAL,
    witness,
  }));
  return {
    tx: makeTransaction({ version: 2, inputs, outputs, lockTime: 0 }),
    coins: new Array<Coin>(count).fill(coin),
  };
}

function someOutpoint(index: number): Outpoint {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, index + 1);
  return { txid: hashToId<Txid>(bytes), vout: 0 };
}

function oneTransaction(count: number, kind: Spend, outputs?: readonly TxOutput[]): Case {
  return blockOf(spend(count, kind, outputs));
}

/** Key spends must be right, or the block is not: these are signed. */
function taprootSpends(count: number): Case {
  const outputKey = schnorr.getPublicKey(SECRET);
  const scriptPubKey = concatBytes(Uint8Array.of(0x51, 32), outputKey);
  const { tx, coins } = spend(count, bareSpend(scriptPubKey, NO_BYTES));
  const spent = tx.inputs.map(() => ({ value: 0, scriptPubKey }));
  const cache = createSighashCache(tx);
  const inputs = tx.inputs.map((input, index) => {
    const execution = startTaproot(undefined, undefined, 0);
    const digest = taprootSighash(cache, index, spent, SighashType.DEFAULT, execution);
    return { ...input, witness: [schnorr.sign(digest as Uint8Array, SECRET)] };
  });
  return blockOf({ tx: makeTransaction({ ...tx, inputs }), coins });
}

function chainOfTransactions(count: number): Case {
  const first = spend(1, FREE, [{ value: 0, scriptPubKey: LONG_FREE }]);
  const spendings = [first];
  for (let { tx } = first; spendings.length < count; tx = (spendings.at(-1) as Spending).tx) {
    const [input] = tx.inputs as [TxInput];
    const inputs = [{ ...input, prevout: { txid: tx.txid, vout: 0 } }];
    const next = makeTransaction({ ...tx, inputs });
    spendings.push({ tx: next, coins: first.coins, isChained: true });
  }
  return blockOf(...spendings);
}

function blockOf(...spendings: readonly Spending[]): Case {
  const transactions = spendings.map(({ tx }) => tx);
  const parts = coinbaseParts(HEIGHT, [{ value: 0, scriptPubKey: ANYONE }]);
  const coinbase = makeTransaction(
    transactions.some(hasWitness) ? withCommitment(parts, transactions) : parts,
  );
  const all = [coinbase, ...transactions];
  const cost = spendings.reduce(
    (sum, { tx, coins }) => sum + checkTransactionSigops(tx, coins, params),
    0,
  );
  return {
    bytes: encodeBlock(makeBlock(someHeader({ merkleRoot: rootOf(all) }), all)),
    share: Math.max(blockWeight(all) / params.maxBlockWeight, cost / params.maxBlockSigopCost),
    coins: new Map(
      spendings.flatMap(({ tx, coins, isChained }) =>
        isChained
          ? []
          : tx.inputs.map(({ prevout }, index) => [outpointKey(prevout), coins[index] as Coin]),
      ),
    ),
  };
}

if (import.meta.main) await run();
