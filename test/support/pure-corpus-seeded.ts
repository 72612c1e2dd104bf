/**
 * The part of the pure corpus that is drawn from seeds: damaged bytes, random scripts, blocks with
 * one thing wrong, headers at odd times, and the lowest layers on whatever comes.
 *
 * Nothing here knows what is right: two engines must merely agree on it.
 */

import {
  checkBlock,
  checkBlockInContext,
  coinbaseHeightPush,
} from "../../src/consensus/check-block.ts";
import { checkHeader, earliestTime } from "../../src/consensus/check-header.ts";
import {
  areSequenceLocksOpen,
  type Coin,
  checkInputAmounts,
  findSpentCoins,
  sequenceLocks,
} from "../../src/consensus/check-inputs.ts";
import { checkTransactionSigops } from "../../src/consensus/check-sigops.ts";
import { checkTransaction, isFinal } from "../../src/consensus/check-transaction.ts";
import { type HeaderContext, medianTimePast, nextBits } from "../../src/consensus/difficulty.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import { subsidyAt, supplyAt } from "../../src/consensus/subsidy.ts";
import { compactToTarget, targetToCompact, workOfTarget } from "../../src/consensus/target.ts";
import { commitmentScript, witnessCommitment } from "../../src/consensus/witness-commitment.ts";
import {
  hash160,
  hash256,
  ripemd160,
  Sha256Stream,
  sha1,
  sha256,
  taggedHash,
} from "../../src/crypto/hash.ts";
import { isPrivateKey, publicKeyOf, signEcdsa } from "../../src/crypto/keys.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { compareBytes, concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { ByteReader, ByteWriter, decodeAll } from "../../src/lib/codec.ts";
import { JsonError, parseJson } from "../../src/lib/json.ts";
import { formatAddress, formatWif } from "../../src/primitives/address.ts";
import { formatCoins, parseCoins } from "../../src/primitives/amount.ts";
import { type Block, decodeBlock, encodeBlock } from "../../src/primitives/block.ts";
import { hashToId, type Txid } from "../../src/primitives/hash-id.ts";
import {
  decodeTransaction,
  encodeTransaction,
  isCoinbase,
  makeTransaction,
  NULL_OUTPOINT,
  outpointKey,
  type Transaction,
  type TransactionParts,
} from "../../src/primitives/transaction.ts";
import type { RuleSet, SigVersion } from "../../src/script/execution.ts";
import { MANDATORY_FLAGS, STANDARD_FLAGS } from "../../src/script/flags.ts";
import { evalScript } from "../../src/script/interpreter.ts";
import { startTaproot } from "../../src/script/machine.ts";
import { isDisabledOpcode, Opcode } from "../../src/script/opcodes.ts";
import { decodeNumber, encodeNumber, formatScript, pushData } from "../../src/script/script.ts";
import type { SignatureChecker } from "../../src/script/signature-checker.ts";
import { countSigops } from "../../src/script/sigops.ts";
import { classifyOutput } from "../../src/script/standard.ts";
import { damage, randomTransactionParts, someBlock, someInput, someOutput } from "./builders.ts";
import {
  ADDRESS_PREFIXES,
  addressOutcomes,
  type CorpusSection,
  describeBlock,
  describeTransaction,
  outcomeOf,
  realBlocksOf,
} from "./pure-corpus-vectors.ts";
import { SeededRandom } from "./random.ts";

const REGTEST = findNetwork("regtest").params;
const CAIRN = findNetwork("cairn").params;

/** The sections drawn from seeds; the number is how many entries each has. */
export const SEEDED_SECTIONS: Readonly<Record<string, CorpusSection>> = {
  "damaged blocks": (files) => {
    const blocks = realBlocksOf(files).map(encodeBlock);
    return draw(1, 2_000, (random) => damagedBlock(random.pick(blocks), random));
  },
  "damaged transactions": () => draw(2, 3_000, damagedTransaction),
  "random scripts": () => draw(3, 20_000, randomScriptOutcome),
  "random blocks": () => draw(4, 2_000, randomBlockOutcome),
  "random headers": () => headerOutcomes(new SeededRandom(5), 1_000),
  "random spends": () => draw(6, 3_000, randomSpendOutcome),
  "targets and amounts": () => draw(7, 5_000, randomNumbers),
  hashes: () => draw(8, 1_000, randomHashes),
  "keys and signatures": () => draw(9, 40, randomKeys),
  "damaged addresses": () => draw(10, 2_000, damagedAddress),
  "binary codec": () => draw(11, 3_000, randomCodec),
  "strict JSON": () => draw(12, 3_000, damagedJson),
};

function draw(seed: number, count: number, run: (random: SeededRandom) => string): string[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => run(random));
}

function damagedBlock(bytes: Uint8Array, random: SeededRandom): string {
  const damaged = random.oneIn(4) ? damage(damage(bytes, random), random) : damage(bytes, random);
  return outcomeOf(() => {
    const block = decodeAll(damaged, decodeBlock);
    return `${describeBlock(block)} ${outcomeOf(() => {
      checkBlock(block, REGTEST);
      return "valid";
    })}`;
  });
}

function damagedTransaction(random: SeededRandom): string {
  const bytes = encodeTransaction(makeTransaction(randomTransactionParts(random)));
  const damaged = random.oneIn(3) ? bytes : damage(bytes, random);
  return outcomeOf(() => describeTransaction(decodeAll(damaged, decodeTransaction)));
}

/** Verdicts that hang on the bytes, so that both ways are taken. */
const ARBITRARY: SignatureChecker = {
  isTweakedKey: (_, isOdd) => isOdd,
  checkEcdsaSignature: (signature) => ((signature.at(-1) ?? 0) & 1) === 1,
  checkSchnorrSignature: (signature) =>
    ((signature.at(-1) ?? 0) & 1) === 1 ? undefined : "SCHNORR_SIG",
  checkLockTime: (lockTime) => lockTime % 2 === 0,
  checkSequence: (sequence) => sequence % 2 === 0,
};

const SIG_VERSIONS: readonly SigVersion[] = ["base", "base", "witness-v0", "tapscript"];

function randomScriptOutcome(random: SeededRandom): string {
  const script = randomScript(random);
  const sigVersion = random.pick(SIG_VERSIONS);
  const rules: RuleSet =
    sigVersion === "tapscript"
      ? { sigVersion, taproot: startTaproot(undefined, undefined, 200) }
      : { sigVersion };
  const flags = random.pick([0, MANDATORY_FLAGS, STANDARD_FLAGS]);
  const stack = Array.from({ length: random.below(9) }, () => randomElement(random));
  const error = evalScript({ script, stack, flags, checker: ARBITRARY, ...rules });
  const kind = classifyOutput(script);
  const sigops = `${countSigops(script, false)} ${countSigops(script, true)}`;
  const left = stack.map(toHex).join();
  return `${error ?? "OK"} [${left}] ${kind} ${sigops} ${formatScript(script)}`;
}

const ENABLED_OPCODES = Object.entries(Opcode)
  .filter(([name]) => !/_(?:VER|VERIF|VERNOTIF|RETURN|RESERVED\d?)$/.test(name))
  .map(([, opcode]) => opcode)
  .filter((opcode) => opcode > Opcode.OP_16 && !isDisabledOpcode(opcode));

function randomScript(random: SeededRandom): Uint8Array {
  const elements = Array.from({ length: 1 + random.below(14) }, () => {
    switch (random.below(6)) {
      case 0:
        return pushData(randomElement(random));
      case 1:
        return Uint8Array.of(0x51 + random.below(16));
      case 2:
        return random.oneIn(20) ? random.bytes(1 + random.below(4)) : Uint8Array.of(0x00);
      default:
        // From OP_NOP to OP_CHECKSIGADD, or rarely one that ends every script.
        return Uint8Array.of(
          random.oneIn(30) ? 0x61 + random.below(0x5a) : random.pick(ENABLED_OPCODES),
        );
    }
  });
  return concatBytes(...elements);
}

function randomElement(random: SeededRandom): Uint8Array {
  if (random.oneIn(3)) return random.bytes(random.pick([0, 1, 2, 4, 5, 20, 32, 33, 65]));
  return encodeNumber((random.u32() | 0) * (random.oneIn(8) ? 2 : 1));
}

/** The block at height 20 of a chain whose blocks come every ten seconds. */
const PARENT = Array.from({ length: 20 }).reduce<HeaderContext>(
  (parent) => ({ height: parent.height + 1, time: parent.time + 10, bits: parent.bits, parent }),
  { height: -1, time: 1_770_000_000, bits: 0x207fffff, parent: undefined },
);

function randomBlockOutcome(random: SeededRandom): string {
  const block = randomBlock(random);
  const verdicts = [REGTEST, CAIRN].map((params) =>
    outcomeOf(() => {
      checkBlock(block, params);
      checkBlockInContext(block, PARENT, params);
      return "valid";
    }),
  );
  return `${block.hash} ${verdicts.join("; ")}`;
}

/** A block that is valid but for a flaw or two, if any. */
function randomBlock(random: SeededRandom): Block {
  const payments = Array.from({ length: random.below(5) }, () => randomPayment(random));
  const height = random.oneIn(20) ? random.below(300) : PARENT.height + 1;
  const tail = random.bytes(random.oneIn(15) ? random.pick([0, 97, 100]) : 4);
  const parts: TransactionParts = {
    version: 2,
    inputs: [
      someInput({
        prevout: NULL_OUTPOINT,
        scriptSig: concatBytes(coinbaseHeightPush(height), tail),
        witness: random.oneIn(12) ? [] : [new Uint8Array(random.oneIn(12) ? 31 : 32)],
      }),
    ],
    outputs: [someOutput({ value: 5_000_000_000 })],
    lockTime: 0,
  };
  const commitment = witnessCommitment([makeTransaction(parts), ...payments], new Uint8Array(32));
  if (random.oneIn(12)) commitment[0] = 0;
  const carrier = { value: 0, scriptPubKey: commitmentScript(commitment) };
  const outputs = random.oneIn(10) ? parts.outputs : [...parts.outputs, carrier];
  const transactions = [makeTransaction({ ...parts, outputs }), ...payments];

  const committed = someBlock({ transactions });
  switch (random.below(16)) {
    case 0:
      return { ...committed, transactions: [...transactions, ...transactions.slice(-1)] };
    case 1:
      return { ...committed, transactions: transactions.toReversed() };
    case 2:
      return someBlock({ transactions: payments });
    case 3:
      return someBlock({ transactions: [...transactions, makeTransaction(parts)] });
    default:
      return committed;
  }
}

function randomPayment(random: SeededRandom): Transaction {
  const inputs = Array.from({ length: 1 + random.below(3) }, () =>
    someInput({
      prevout: { txid: hashToId<Txid>(random.bytes(32)), vout: random.below(5) },
      sequence: random.pick([0xffffffff, 0xfffffffe, 0]),
      witness: random.oneIn(3) ? [random.bytes(random.below(80))] : [],
    }),
  );
  const outputs = Array.from({ length: 1 + random.below(3) }, () =>
    someOutput({ value: random.below(1_000_000) }),
  );
  const parts = { version: 2, inputs, outputs, lockTime: 0 };
  const [input] = inputs;
  switch (random.below(40)) {
    case 0:
      return makeTransaction({ ...parts, inputs: [] });
    case 1:
      return makeTransaction({ ...parts, outputs: [] });
    case 2:
      return makeTransaction({ ...parts, inputs: [...inputs, input!] });
    case 3:
      return makeTransaction({
        ...parts,
        inputs: [...inputs, { ...input!, prevout: NULL_OUTPOINT }],
      });
    case 4:
      return makeTransaction({ ...parts, outputs: [someOutput({ value: -1 - random.below(9) })] });
    case 5:
      return makeTransaction({ ...parts, outputs: [someOutput({ value: 2 ** 53 - 1 })] });
    case 6: {
      const half = someOutput({ value: 2_100_000_000_000_000 });
      return makeTransaction({ ...parts, outputs: Array.from({ length: 5 }, () => half) });
    }
    case 7:
      return makeTransaction({ ...parts, lockTime: random.pick([19, 20, 21, 1_770_000_140]) });
    case 8: {
      const scriptPubKey = new Uint8Array(20_001).fill(0xac);
      return makeTransaction({ ...parts, outputs: [someOutput({ scriptPubKey })] });
    }
    case 9:
      return makeTransaction({
        ...parts,
        outputs: [someOutput({ scriptPubKey: new Uint8Array() })],
      });
    default:
      return makeTransaction(parts);
  }
}

/** Headers one after the other, each at an odd time, and what the rules say of each. */
function headerOutcomes(random: SeededRandom, count: number): string[] {
  let parent: HeaderContext = {
    height: 0,
    time: 1_767_225_600,
    bits: 0x1e0fffff,
    parent: undefined,
  };
  return Array.from({ length: count }, () => {
    const expected = nextBits(parent, CAIRN);
    const median = medianTimePast(parent);
    const earliest = earliestTime(parent, CAIRN);
    const time = random.oneIn(3)
      ? median + random.below(30) - 5
      : parent.time + random.below(random.oneIn(6) ? 900 : 40);
    const now = time - random.below(200);
    const { header } = someBlock({
      header: {
        time,
        bits: random.oneIn(9) ? random.u32() : expected,
        version: random.oneIn(9) ? random.below(5) : 0x20000000,
      },
    });
    const verdict = outcomeOf(() => {
      checkHeader(header, parent, now, CAIRN);
      return "valid";
    });
    // The chain goes on at a time that is allowed, so that it moves the target.
    const { height } = parent;
    parent = { height: height + 1, time: Math.max(time, earliest), bits: expected, parent };
    return `${expected.toString(16)} ${median} ${earliest} ${verdict}`;
  });
}

function randomSpendOutcome(random: SeededRandom): string {
  const parts = randomTransactionParts(random);
  const version = random.pick([1, 2, -1]);
  const outputs = parts.outputs.map((output) => ({ ...output, value: random.below(1_000_000) }));
  const tx = makeTransaction({ ...parts, version, outputs });
  const coins = new Map<string, Coin>();
  for (const { prevout } of tx.inputs) {
    if (random.oneIn(20)) continue;
    coins.set(outpointKey(prevout), {
      value: random.below(3_000_000) * (random.oneIn(20) ? 4_000_000_000 : 1),
      scriptPubKey: randomScript(random),
      height: random.below(200),
      isCoinbase: random.oneIn(4),
    });
  }
  return outcomeOf(() => {
    const spent = findSpentCoins(tx, { findCoin: (outpoint) => coins.get(outpointKey(outpoint)) });
    const locks = sequenceLocks(tx, spent, (height) => 1_770_000_000 + height * 10);
    const isOpen = areSequenceLocksOpen(locks, 200, 1_770_002_000);
    const verdicts = [REGTEST, CAIRN].map((params) =>
      outcomeOf(() => {
        checkTransaction(tx, params);
        const fee = checkInputAmounts(tx, spent, 200, params);
        return `fee ${fee} cost ${checkTransactionSigops(tx, spent, params)}`;
      }),
    );
    const final = isFinal(tx, 200, 1_770_002_000);
    return `${isCoinbase(tx)} ${final} ${locks.height} ${locks.time} ${isOpen} ${verdicts.join("; ")}`;
  });
}

function randomNumbers(random: SeededRandom): string {
  const bits = ((random.below(35) << 24) | (random.u32() >>> 8)) >>> 0;
  const target = compactToTarget(bits);
  const again = target === undefined ? "none" : targetToCompact(target).toString(16);
  const work = target === undefined ? "none" : workOfTarget(target);
  const height = random.below(2 ** 31);
  const supply = `${subsidyAt(height, CAIRN)} ${supplyAt(height, CAIRN)} ${subsidyAt(height, REGTEST)}`;
  const sats = Math.floor((random.u32() / 7) * 2 ** random.below(22));
  const text = `${random.below(10 ** random.below(10))}${random.pick(["", ".", ".5", ".12345678", "e3"])}`;
  const bytes = random.bytes(random.below(7));
  const number = decodeNumber(bytes, random.oneIn(2), 5);
  const encoded = number === undefined ? "none" : toHex(encodeNumber(number));
  return `${target} ${again} ${work} ${supply} ${formatCoins(sats)} ${parseCoins(text)} ${number} ${encoded}`;
}

function randomHashes(random: SeededRandom): string {
  const data = random.bytes(random.below(300));
  const stream = new Sha256Stream().update(data.subarray(0, 70));
  const forked = stream.fork().update(data).digest();
  const hashes = [sha256, hash256, ripemd160, sha1, hash160].map((hash) => hash(data));
  const tagged = taggedHash("TapLeaf", data, data);
  return [...hashes, tagged, forked, stream.digest()].map(toHex).join(" ");
}

function randomKeys(random: SeededRandom): string {
  const privateKey = random.oneIn(10) ? new Uint8Array(32).fill(0xff) : random.bytes(32);
  if (!isPrivateKey(privateKey)) return "no key";
  const digest = random.bytes(32);
  const publicKey = publicKeyOf(privateKey);
  const signature = signEcdsa(digest, privateKey);
  const damaged = damage(signature, random);
  const verdicts = [signature, damaged].flatMap((bytes) => [
    PORTABLE_SIGNATURES.verifyEcdsa(bytes, digest, publicKey),
    PORTABLE_SIGNATURES.verifySchnorr(bytes, digest, publicKey.subarray(1)),
  ]);
  const tweaked = PORTABLE_SIGNATURES.isTweakedKey(digest, false, publicKey.subarray(1), digest);
  const wif = formatWif(privateKey, ADDRESS_PREFIXES[0]!);
  return `${toHex(publicKey)} ${toHex(signature)} ${verdicts.join()} ${tweaked} ${wif}`;
}

function damagedAddress(random: SeededRandom): string {
  const program = random.bytes(random.pick([20, 20, 32, 32, 2, 40]));
  const opcode = random.pick([0x00, 0x51, 0x52, 0x60]);
  const script = random.pick([
    Uint8Array.of(0x76, 0xa9, 20, ...program.subarray(0, 20), 0x88, 0xac),
    Uint8Array.of(0xa9, 20, ...program.subarray(0, 20), 0x87),
    Uint8Array.of(opcode, program.length, ...program),
  ]);
  const text = formatAddress(script, random.pick(ADDRESS_PREFIXES)) ?? "none";
  if (random.oneIn(3)) return addressOutcomes(text);
  const position = random.below(text.length + 1);
  const letter = random.pick([..."01bioqQ9zK ſ"]);
  return addressOutcomes(text.slice(0, position) + letter + text.slice(position + random.below(2)));
}

function randomCodec(random: SeededRandom): string {
  const bytes = random.bytes(random.below(60));
  const reader = new ByteReader(bytes);
  const reads = Array.from({ length: 1 + random.below(8) }, () =>
    outcomeOf(() => {
      switch (random.below(9)) {
        case 0:
          return `${reader.u8()}`;
        case 1:
          return `${reader.u16()}`;
        case 2:
          return `${reader.u32()}`;
        case 3:
          return `${reader.i32()}`;
        case 4:
          return `${reader.u64()}`;
        case 5:
          return `${reader.i64AsNumber()}`;
        case 6:
          return `${reader.compactSize()}`;
        case 7:
          return toHex(reader.variableBytes());
        default:
          return `${compareBytes(bytes, reader.bytes(random.below(9)))}`;
      }
    }),
  );
  const number = random.u32() * 2 ** random.below(23) * (random.oneIn(2) ? -1 : 1);
  const written = [
    outcomeOf(() => toHex(new ByteWriter(1).i64(number).compactSize(random.u32()).finish())),
    outcomeOf(() => toHex(new ByteWriter(1).i32(number).u16(random.u32()).finish())),
    outcomeOf(() => toHex(fromHex(`${toHex(bytes)}${random.pick(["", "F", "0g", "ff", " "])}`))),
  ];
  return `${reads.join()} ${written.join()}`;
}

const JSON_TEXT = '{"amount":[1.5,-20,3e2,9007199254740991],"name":"\\u00e9\\n","ok":[true,null]}';

function damagedJson(random: SeededRandom): string {
  const position = random.below(JSON_TEXT.length);
  const piece = random.pick(['"', ",", "}", "]", "0", "-", "e", "\\", "1e999", "\ud800", "[", "{"]);
  const text = JSON_TEXT.slice(0, position) + piece + JSON_TEXT.slice(position + random.below(3));
  try {
    return JSON.stringify(parseJson(text));
  } catch (error) {
    if (error instanceof JsonError) return `${error.code} ${error.message}`;
    throw error;
  }
}
