/**
 * Every way to lock a coin that nodes know, and how to open it: with real signatures of every hash
 * type, in legacy scripts, P2SH, witness version 0 and Taproot.
 *
 * Signs with `tiny-secp256k1` over the reference model's hashes. Who checks is another matter.
 */

import {
  pointFromScalar,
  privateAdd,
  privateNegate,
  sign,
  signSchnorr,
  xOnlyPointAddTweak,
  xOnlyPointFromScalar,
} from "tiny-secp256k1";
import { randomItem, sensibleScript, wildScript } from "./drawn-scripts.ts";
import { compactToDer } from "./payments.ts";
import type { SeededRandom } from "./random.ts";
import type { Output, Transaction } from "./reference-model/block-format.ts";
import {
  concat,
  fromHex,
  hash160,
  ripemd160,
  sha256,
  taggedHash,
  toHex,
  withLength,
} from "./reference-model/bytes.ts";
import { codeOf, encodeNumber, pushOf } from "./reference-model/operations.ts";
import { legacyHash, taprootHash, witnessHash } from "./reference-model/signatures.ts";

/** What a lock is opened for. */
export interface UnlockRequest {
  readonly transaction: Transaction;
  readonly index: number;
  readonly spent: readonly Output[];
  readonly random: SeededRandom;
}

/** What opens a lock. */
export interface Unlocked {
  readonly scriptSig: Uint8Array;
  readonly witness: Uint8Array[];
}

/** An output's script and how to spend it. */
export interface Lock {
  readonly kind: string;
  readonly script: Uint8Array;
  /** What the spending transaction and input must have at least. */
  readonly lockTime?: number;
  readonly sequence?: number;
  /** Chance made it; perhaps nothing opens it. */
  readonly isUncertain?: boolean;
  unlock(request: UnlockRequest): Unlocked;
}

/** Signs what `code` says, which is the script or its part after a code separator. */
type Sign = (key: Uint8Array, code: Uint8Array, separatorPosition?: number) => Uint8Array;

/** A script and the items that satisfy it. */
interface Puzzle {
  readonly kind: string;
  readonly script: Uint8Array;
  readonly lockTime?: number;
  readonly sequence?: number;
  readonly isUncertain?: boolean;
  items(sign: Sign, random: SeededRandom): Uint8Array[];
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const EMPTY = new Uint8Array(0);
const NOTHING_PUSHED = Uint8Array.of(0);
const KEYS = Array.from({ length: 6 }, (_, index) => new Uint8Array(32).fill(index + 1));

function op(...names: string[]): Uint8Array {
  return Uint8Array.from(names, (name) => {
    const code = codeOf(name);
    if (code === undefined) throw new RangeError(`no operation ${name}`);
    return code;
  });
}

function small(value: number): Uint8Array {
  return Uint8Array.of(value === 0 ? 0 : 0x50 + value);
}

/** The public key in one of the forms that legacy scripts take: short, long, hybrid. */
function legacyKey(key: Uint8Array, random: SeededRandom): Uint8Array {
  const form = random.below(4);
  const point = pointFromScalar(key, form < 2) as Uint8Array;
  if (form < 3) return point;
  return concat(Uint8Array.of(6 + ((point[64] ?? 0) & 1)), point.slice(1));
}

function shortKey(key: Uint8Array): Uint8Array {
  return pointFromScalar(key, true) as Uint8Array;
}

/** DER and hash type; S is high now and then, which only policy minds. */
function signEcdsa(
  hash: Uint8Array,
  key: Uint8Array,
  type: number,
  random: SeededRandom,
): Uint8Array {
  const compact = sign(hash, key);
  if (random.oneIn(6)) {
    const s = ORDER - BigInt(`0x${toHex(compact.slice(32))}`);
    compact.set(fromHex(s.toString(16).padStart(64, "0")), 32);
  }
  return concat(compactToDer(compact), Uint8Array.of(type));
}

function ecdsaType(random: SeededRandom): number {
  if (random.oneIn(12)) return random.below(256);
  return random.pick([0x01, 0x01, 0x02, 0x03, 0x81, 0x82, 0x83]);
}

function legacySigner({ transaction, index, random }: UnlockRequest): Sign {
  return (key, code) => {
    const type = ecdsaType(random);
    return signEcdsa(legacyHash(transaction, index, code, type), key, type, random);
  };
}

function witnessSigner({ transaction, index, spent, random }: UnlockRequest): Sign {
  return (key, code) => {
    const type = ecdsaType(random);
    const value = spent[index]?.value ?? 0n;
    return signEcdsa(witnessHash(transaction, index, code, value, type), key, type, random);
  };
}

function signTaproot(
  { transaction, index, spent, random }: UnlockRequest,
  key: Uint8Array,
  context: Parameters<typeof taprootHash>[4],
): Uint8Array {
  const wanted = random.pick([0, 0, 1, 2, 3, 0x81, 0x82, 0x83]);
  // There is no such hash where the output is missing.
  const isSingle = (wanted & 3) === 3 && index >= transaction.outputs.length;
  const type = isSingle ? 0 : wanted;
  const hash = taprootHash(transaction, index, spent, type, context) as Uint8Array;
  const signature = signSchnorr(hash, key);
  return type === 0 ? signature : concat(signature, Uint8Array.of(type));
}

/** A puzzle for keys of a legacy script or of witness version 0. */
function drawPuzzle(
  random: SeededRandom,
  isWitness: boolean,
  height: number,
  time: number,
): Puzzle {
  const key = random.pick(KEYS);
  const keyBytes = isWitness ? shortKey(key) : legacyKey(key, random);
  switch (random.below(10)) {
    case 0:
      return { kind: "true", script: small(1), items: () => [] };
    case 1:
    case 2: {
      const script = concat(pushOf(keyBytes), op("CHECKSIG"));
      return { kind: "checksig", script, items: (signWith) => [signWith(key, script)] };
    }
    case 3:
    case 4: {
      const count = 1 + random.below(3);
      const needed = 1 + random.below(count);
      const keys = Array.from({ length: count }, () => random.pick(KEYS));
      const script = concat(
        small(needed),
        ...keys.map((each) => pushOf(isWitness ? shortKey(each) : legacyKey(each, random))),
        small(count),
        op("CHECKMULTISIG"),
      );
      const start = random.below(count - needed + 1);
      const signers = keys.slice(start, start + needed);
      const items = (signWith: Sign) => [EMPTY, ...signers.map((each) => signWith(each, script))];
      return { kind: "multisig", script, items };
    }
    case 5: {
      const secret = random.bytes(random.below(40));
      const [name, hash] = random.pick([
        ["SHA256", sha256(secret)],
        ["RIPEMD160", ripemd160(secret)],
      ] as const);
      const script = concat(op(name), pushOf(hash), op("EQUAL"));
      return { kind: "hash", script, items: () => [secret] };
    }
    case 6: {
      const lockTime = random.oneIn(2) ? height + random.below(6) : time - random.below(200);
      const wait = pushOf(encodeNumber(BigInt(lockTime)));
      const tail = concat(op("DROP"), pushOf(keyBytes), op("CHECKSIG"));
      const script = concat(wait, op("CHECKLOCKTIMEVERIFY"), tail);
      return { kind: "cltv", script, lockTime, items: (signWith) => [signWith(key, script)] };
    }
    case 7: {
      const sequence = random.oneIn(2) ? random.below(6) : 0x400000 + random.below(2);
      const wait = pushOf(encodeNumber(BigInt(sequence)));
      const tail = concat(op("DROP"), pushOf(keyBytes), op("CHECKSIG"));
      const script = concat(wait, op("CHECKSEQUENCEVERIFY"), tail);
      return { kind: "csv", script, sequence, items: (signWith) => [signWith(key, script)] };
    }
    case 8: {
      const other = random.pick(KEYS);
      const head = concat(pushOf(keyBytes), op("CHECKSIGVERIFY", "CODESEPARATOR"));
      const tail = concat(pushOf(shortKey(other)), op("CHECKSIG"));
      const script = concat(head, tail);
      const items = (signWith: Sign) => [signWith(other, tail), signWith(key, script)];
      return { kind: "codeseparator", script, items };
    }
    default:
      return drawScript(random);
  }
}

/** A puzzle of a script by chance. */
function drawScript(random: SeededRandom): Puzzle {
  const depth = random.below(4);
  const script = random.oneIn(4) ? wildScript(random) : sensibleScript(random, depth);
  const items = (_: Sign, chance: SeededRandom) =>
    Array.from({ length: depth }, () => randomItem(chance));
  return { kind: "random", script, isUncertain: true, items };
}

/** What of a puzzle a lock keeps. */
function needsOf({ lockTime, sequence, isUncertain }: Puzzle): Partial<Lock> {
  return {
    ...(lockTime === undefined ? {} : { lockTime }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(isUncertain === undefined ? {} : { isUncertain }),
  };
}

function pushAll(items: readonly Uint8Array[]): Uint8Array {
  return concat(...items.map((item) => (item.length === 0 ? NOTHING_PUSHED : pushOf(item))));
}

function lockBare(puzzle: Puzzle): Lock {
  const unlock = (request: UnlockRequest) => ({
    scriptSig: pushAll(puzzle.items(legacySigner(request), request.random)),
    witness: [],
  });
  return { kind: `bare ${puzzle.kind}`, script: puzzle.script, ...needsOf(puzzle), unlock };
}

function scriptHash(redeemScript: Uint8Array): Uint8Array {
  return concat(op("HASH160"), pushOf(hash160(redeemScript)), op("EQUAL"));
}

function lockP2sh(puzzle: Puzzle): Lock {
  const unlock = (request: UnlockRequest) => {
    const items = puzzle.items(legacySigner(request), request.random);
    return { scriptSig: pushAll([...items, puzzle.script]), witness: [] };
  };
  return {
    kind: `p2sh ${puzzle.kind}`,
    script: scriptHash(puzzle.script),
    ...needsOf(puzzle),
    unlock,
  };
}

function lockP2wsh(puzzle: Puzzle): Lock {
  const script = concat(Uint8Array.of(0), pushOf(sha256(puzzle.script)));
  const unlock = (request: UnlockRequest) => ({
    scriptSig: EMPTY,
    witness: [...puzzle.items(witnessSigner(request), request.random), puzzle.script],
  });
  return { kind: `p2wsh ${puzzle.kind}`, script, ...needsOf(puzzle), unlock };
}

function lockP2pkh(random: SeededRandom): Lock {
  const key = random.pick(KEYS);
  const keyBytes = legacyKey(key, random);
  const script = keyHashScript(keyBytes);
  const unlock = (request: UnlockRequest) => ({
    scriptSig: pushAll([legacySigner(request)(key, script), keyBytes]),
    witness: [],
  });
  return { kind: "p2pkh", script, unlock };
}

function keyHashScript(keyBytes: Uint8Array): Uint8Array {
  return concat(op("DUP", "HASH160"), pushOf(hash160(keyBytes)), op("EQUALVERIFY", "CHECKSIG"));
}

function lockP2wpkh(random: SeededRandom): Lock {
  const key = random.pick(KEYS);
  const keyBytes = shortKey(key);
  const script = concat(Uint8Array.of(0), pushOf(hash160(keyBytes)));
  const unlock = (request: UnlockRequest) => ({
    scriptSig: EMPTY,
    witness: [witnessSigner(request)(key, keyHashScript(keyBytes)), keyBytes],
  });
  return { kind: "p2wpkh", script, unlock };
}

/** A witness program within P2SH. */
function nest(lock: Lock): Lock {
  const unlock = (request: UnlockRequest) => ({
    ...lock.unlock(request),
    scriptSig: pushOf(lock.script),
  });
  return { ...lock, kind: `p2sh-${lock.kind}`, script: scriptHash(lock.script), unlock };
}

/** A script of Tapscript, with what satisfies it. */
function drawLeaf(random: SeededRandom): Puzzle & { readonly version: number } {
  const key = random.pick(KEYS);
  const keyBytes = xOnlyPointFromScalar(key);
  const version = 0xc0;
  switch (random.below(7)) {
    case 0: {
      const script = concat(pushOf(keyBytes), op("CHECKSIG"));
      return { kind: "checksig", version, script, items: (signWith) => [signWith(key, script)] };
    }
    case 1: {
      const other = random.pick(KEYS);
      const second = concat(pushOf(xOnlyPointFromScalar(other)), op("CHECKSIGADD"));
      const isBoth = random.oneIn(2);
      const end = concat(small(isBoth ? 2 : 1), op("NUMEQUAL"));
      const script = concat(pushOf(keyBytes), op("CHECKSIG"), second, end);
      const items = (signWith: Sign) => [
        isBoth ? signWith(other, script) : EMPTY,
        signWith(key, script),
      ];
      return { kind: "checksigadd", version, script, items };
    }
    case 2: {
      const script = concat(Uint8Array.of(random.pick([80, 98, 126, 187, 254])), random.bytes(4));
      return { kind: "success", version, script, items: (_, chance) => [chance.bytes(600)] };
    }
    case 3: {
      const script = random.bytes(random.below(20));
      const unknown = random.pick([0xc2, 0x66, 0xfe]);
      return { kind: "unknown leaf", version: unknown, script, items: () => [] };
    }
    case 4: {
      // Counted by operations: CODESEPARATOR is the third of them.
      const head = concat(pushOf(keyBytes), op("CHECKSIGVERIFY", "CODESEPARATOR"));
      const script = concat(head, pushOf(keyBytes), op("CHECKSIG"));
      const items = (signWith: Sign) => [signWith(key, script, 2), signWith(key, script)];
      return { kind: "codeseparator", version, script, items };
    }
    case 5: {
      // Keys of another length than 32 are for rules to come: anything signs.
      const script = concat(pushOf(random.bytes(33)), op("CHECKSIG"));
      return { kind: "unknown key", version, script, items: (_, chance) => [chance.bytes(3)] };
    }
    default:
      return { ...drawScript(random), version };
  }
}

function lockTaproot(random: SeededRandom, leaf = drawLeaf(random)): Lock {
  const key = random.pick(KEYS);
  const internalKey = xOnlyPointFromScalar(key);
  const leafHash = taggedHash("TapLeaf", Uint8Array.of(leaf.version), withLength(leaf.script));
  const path = Array.from({ length: random.below(3) }, () => random.bytes(32));
  const root = path.reduce((node, sibling) => {
    const pair = toHex(node) < toHex(sibling) ? [node, sibling] : [sibling, node];
    return taggedHash("TapBranch", ...pair);
  }, leafHash);
  const tweak = taggedHash("TapTweak", internalKey, root);
  const output = xOnlyPointAddTweak(internalKey, tweak);
  if (output === null) throw new Error("a tweak that nobody ever met");
  const { parity, xOnlyPubkey } = output;
  const script = concat(small(1), pushOf(xOnlyPubkey));
  const annexOf = (chance: SeededRandom) =>
    chance.oneIn(5) ? concat(Uint8Array.of(0x50), chance.bytes(chance.below(9))) : undefined;

  if (random.oneIn(2)) {
    const isOdd = shortKey(key)[0] === 3;
    const tweaked = privateAdd(isOdd ? privateNegate(key) : key, tweak) as Uint8Array;
    const unlock = (request: UnlockRequest) => {
      const annex = annexOf(request.random);
      const signature = signTaproot(request, tweaked, { annex });
      return { scriptSig: EMPTY, witness: [signature, ...(annex ? [annex] : [])] };
    };
    return { kind: "p2tr key", script, unlock };
  }
  const control = concat(Uint8Array.of(leaf.version + parity), internalKey, ...path);
  const unlock = (request: UnlockRequest) => {
    const annex = annexOf(request.random);
    const signWith: Sign = (signer, _, separatorPosition) =>
      signTaproot(request, signer, {
        annex,
        leafHash,
        ...(separatorPosition === undefined ? {} : { separatorPosition }),
      });
    const items = leaf.items(signWith, request.random);
    return {
      scriptSig: EMPTY,
      witness: [...items, leaf.script, control, ...(annex ? [annex] : [])],
    };
  };
  return { kind: `p2tr ${leaf.kind}`, script, ...needsOf(leaf), unlock };
}

/** Programs that no rule knows yet: anything spends them, with any witness. */
function lockUnknownProgram(random: SeededRandom): Lock {
  const program = random.bytes(random.pick([2, 20, 32, 40]));
  const script = concat(small(2 + random.below(15)), pushOf(program));
  const unlock = ({ random: chance }: UnlockRequest) => ({
    scriptSig: EMPTY,
    witness: chance.oneIn(2) ? [] : [chance.bytes(5)],
  });
  return { kind: "unknown program", script, unlock };
}

/** A script that runs a given number of signature operations never: for the limits of their counts. */
export function lockHeavy(operations: number): Lock {
  const many = new Array<string>(Math.floor(operations / 20)).fill("CHECKMULTISIG");
  const few = new Array<string>(operations % 20).fill("CHECKSIG");
  const script = concat(small(0), op("IF", ...many, ...few, "ENDIF"), small(1));
  return { kind: "heavy", script, unlock: () => ({ scriptSig: EMPTY, witness: [] }) };
}

/** A lock by chance. `height` and `time` are what time locks are about. */
export function drawLock(random: SeededRandom, height: number, time: number): Lock {
  switch (random.below(12)) {
    case 0:
    case 1:
      return lockBare(drawPuzzle(random, false, height, time));
    case 2:
      return lockP2pkh(random);
    case 3:
      return lockP2sh(drawPuzzle(random, false, height, time));
    case 4:
    case 5:
      return lockP2wpkh(random);
    case 6:
      return nest(lockP2wpkh(random));
    case 7:
    case 8:
      return lockP2wsh(drawPuzzle(random, true, height, time));
    case 9:
      return random.oneIn(4)
        ? lockUnknownProgram(random)
        : nest(lockP2wsh(drawPuzzle(random, true, height, time)));
    default:
      return lockTaproot(random);
  }
}

/** A lock whose script is by chance, wherever a script can stand. */
export function drawScriptLock(random: SeededRandom): Lock {
  switch (random.below(5)) {
    case 0:
      return lockBare(drawScript(random));
    case 1:
      return lockP2sh(drawScript(random));
    case 2:
      return lockP2wsh(drawScript(random));
    case 3:
      return nest(lockP2wsh(drawScript(random)));
    default:
      return lockTaproot(random, { ...drawScript(random), version: 0xc0 });
  }
}

/** What would open a lock with one thing changed, left out, added, or moved; perhaps it still does. */
export function damageUnlocked({ scriptSig, witness }: Unlocked, random: SeededRandom): Unlocked {
  if (witness.length === 0) {
    const cut = scriptSig.slice(0, random.below(scriptSig.length + 1));
    return { scriptSig: random.oneIn(5) ? cut : turnBit(scriptSig, random), witness };
  }
  const position = random.below(witness.length);
  const item = witness[position] ?? EMPTY;
  const ways = [
    () => witness.with(position, turnBit(item, random)),
    () => witness.with(position, EMPTY),
    () => witness.with(position, item.slice(0, -1)),
    () => witness.toSpliced(position, 1),
    () => witness.toSpliced(position, 0, random.bytes(random.below(70))),
    () => witness.toReversed(),
    () => witness.with(position, random.bytes(random.pick([64, 65, 521]))),
  ];
  return { scriptSig, witness: random.pick(ways)() };
}

function turnBit(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const position = random.below(bytes.length);
  const bit = 1 << random.below(8);
  return bytes.map((byte, index) => (index === position ? byte ^ bit : byte));
}
