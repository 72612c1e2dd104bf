/**
 * What holds of the script engine whatever it is given: it returns a declared outcome and never
 * throws, keeps its limits, gives the same outcome again, and no rule more makes an invalid spend
 * valid.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { hash160, sha256 } from "../../../src/crypto/hash.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { concatBytes, toHex } from "../../../src/lib/bytes.ts";
import { scriptOf } from "../../../src/primitives/address.ts";
import { SEQUENCE_FINAL } from "../../../src/primitives/transaction.ts";
import type { RuleSet, SigVersion } from "../../../src/script/execution.ts";
import { ScriptFlag, type ScriptFlags } from "../../../src/script/flags.ts";
import { evalScript, MAX_STACK_SIZE } from "../../../src/script/interpreter.ts";
import { MAX_OPERATIONS, startTaproot } from "../../../src/script/machine.ts";
import { Opcode } from "../../../src/script/opcodes.ts";
import { MAX_SCRIPT_ELEMENT_SIZE, pushData, pushLiteral } from "../../../src/script/script.ts";
import { describeScriptError, type ScriptError } from "../../../src/script/script-error.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import {
  type SignatureChecker,
  TransactionSignatureChecker,
} from "../../../src/script/signature-checker.ts";
import { verifyScript } from "../../../src/script/verify-script.ts";
import {
  ALL_FLAGS,
  ANY_BYTES,
  ANY_ELEMENT,
  ANY_FLAGS,
  ANY_SCRIPT,
  ANY_U32,
  damaged,
  withNeededFlags,
} from "../../support/arbitraries.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import { remembering } from "../../support/signature-verifiers.ts";
import { spendingTransaction } from "./core-vectors.ts";

const SIGNATURES = remembering(PORTABLE_SIGNATURES);

/** A world in which about half of all signatures are valid and half of all locks open: which ones
 * is told by what is asked, so that the same question has the same answer. */
const FLIPPING: SignatureChecker = {
  isTweakedKey: () => true,
  checkEcdsaSignature: (signature, key, code, sigVersion) =>
    coin(signature, key, code, Uint8Array.of(sigVersion.length)),
  checkSchnorrSignature: (signature, key) => {
    if (signature.length !== 64 && signature.length !== 65) return "SCHNORR_SIG_SIZE";
    return coin(signature, key) ? undefined : "SCHNORR_SIG";
  },
  checkLockTime: (lockTime) => lockTime % 2 === 0,
  checkSequence: (sequence) => sequence % 2 === 0,
};

function coin(...parts: Uint8Array[]): boolean {
  return (sha256(concatBytes(...parts))[0]! & 1) === 0;
}

const ANY_STACK = fc.array(ANY_ELEMENT, { maxLength: 6 });

const SIG_VERSIONS: readonly SigVersion[] = ["base", "witness-v0", "tapscript"];

/** Runs `script`; returns the outcome and what is left on the stack. */
function run(
  script: Uint8Array,
  stack: readonly Uint8Array[],
  flags: ScriptFlags,
  sigVersion: SigVersion,
  checker = FLIPPING,
): { error: ScriptError | undefined; stack: Uint8Array[] } {
  const left = [...stack];
  const rules: RuleSet =
    sigVersion === "tapscript"
      ? { sigVersion, taproot: startTaproot(undefined, undefined, 300) }
      : { sigVersion };
  const error = evalScript({ script, stack: left, flags, checker, ...rules });
  return { error, stack: left };
}

/** True for every outcome that is declared: none, or a failure that has a sentence. */
function isDeclared(error: ScriptError | undefined): boolean {
  return error === undefined || describeScriptError(error).endsWith(".");
}

describe("evalScript", () => {
  test(
    "ends with a declared outcome, within its limits, and with the same one again",
    () => {
      const script = fc.oneof(ANY_SCRIPT, damaged(ANY_SCRIPT), fc.uint8Array({ maxLength: 300 }));
      const version = fc.constantFrom(...SIG_VERSIONS);
      const outcomes = new Set<string>();
      fc.assert(
        fc.property(script, ANY_STACK, ANY_FLAGS, version, (bytes, stack, flags, sigVersion) => {
          const before = [bytes, ...stack].map(toHex);
          const { error, stack: left } = run(bytes, stack, flags, sigVersion);
          expect(isDeclared(error)).toBe(true);
          outcomes.add(error ?? "OK");

          expect([bytes, ...stack].map(toHex)).toEqual(before);
          const again = run(bytes.slice(), stack, flags, sigVersion);
          expect([again.error, ...again.stack.map(toHex)]).toEqual([error, ...left.map(toHex)]);
          if (error !== undefined) return;
          // What a witness brings is measured before a script runs; here it may be longer.
          const isGiven = new Set<Uint8Array>(stack);
          expect(left.length).toBeLessThanOrEqual(MAX_STACK_SIZE);
          for (const element of left) {
            expect(element.length).toBeLessThanOrEqual(
              isGiven.has(element) ? element.length : MAX_SCRIPT_ELEMENT_SIZE,
            );
          }
        }),
        runs(4_000),
      );
      // The scripts get far enough to fail, and to succeed, in many ways.
      expect(outcomes.has("OK")).toBe(true);
      expect(outcomes.size).toBeGreaterThan(15);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "holds at most 1,000 elements and 201 operations, whatever multiplies them",
    () => {
      const growing = fc.constantFrom(Opcode.OP_DUP, Opcode.OP_2DUP, Opcode.OP_3DUP, Opcode.OP_1);
      const script = fc
        .array(fc.tuple(growing, fc.integer({ min: 1, max: 400 })), { minLength: 1, maxLength: 6 })
        .map((parts) =>
          concatBytes(...parts.map(([opcode, count]) => new Uint8Array(count).fill(opcode))),
        );
      const size = new Map<number, number>([
        [Opcode.OP_DUP, 1],
        [Opcode.OP_2DUP, 2],
        [Opcode.OP_3DUP, 3],
        [Opcode.OP_1, 1],
      ]);
      fc.assert(
        fc.property(script, fc.constantFrom(...SIG_VERSIONS), (bytes, sigVersion) => {
          // The first limit met decides; both are counted here by themselves.
          let expected: string | undefined;
          let elements = 3;
          let operations = 0;
          for (const opcode of bytes) {
            elements += size.get(opcode)!;
            operations += opcode > Opcode.OP_16 ? 1 : 0;
            if (sigVersion !== "tapscript" && operations > MAX_OPERATIONS) expected ??= "OP_COUNT";
            if (elements > MAX_STACK_SIZE) expected ??= "STACK_SIZE";
          }
          const stack = [1, 2, 3].map((byte) => Uint8Array.of(byte));
          const { error, stack: left } = run(bytes, stack, 0, sigVersion);
          expect(error).toBe(expected as ScriptError | undefined);
          if (error === undefined) expect(left.length).toBe(elements);
        }),
        runs(300),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

/** What is put to verifyScript: the scripts, and a witness. */
interface Spend {
  readonly scriptSig: Uint8Array;
  readonly scriptPubKey: Uint8Array;
  readonly witness: readonly Uint8Array[];
}

const ANY_PUSHES = fc
  .array(ANY_ELEMENT.map(pushData), { maxLength: 4 })
  .map((parts) => concatBytes(...parts));

/** Bytes thrown together, and scripts in every wrapping there is. */
const ANY_SPEND: fc.Arbitrary<Spend> = fc.oneof(
  fc.record({ scriptSig: ANY_SCRIPT, scriptPubKey: ANY_SCRIPT, witness: ANY_STACK }),
  fc.record({ scriptSig: ANY_PUSHES, scriptPubKey: ANY_SCRIPT, witness: fc.constant([]) }),
  fc.tuple(ANY_PUSHES, ANY_SCRIPT).map(([pushes, redeemScript]) => ({
    scriptSig: concatBytes(pushes, pushLiteral(redeemScript)),
    scriptPubKey: scriptHashOf(redeemScript),
    witness: [],
  })),
  fc
    .tuple(ANY_STACK, ANY_SCRIPT, fc.boolean())
    .map(([stack, script, isNested]) =>
      wrapped(concatBytes(Uint8Array.of(0, 32), sha256(script)), [...stack, script], isNested),
    ),
  fc
    .tuple(ANY_STACK, fc.integer({ min: 0, max: 16 }), ANY_ELEMENT, fc.boolean())
    .map(([stack, version, program, isNested]) =>
      wrapped(concatBytes(programOpcode(version), pushLiteral(program)), stack, isNested),
    ),
  fc
    .tuple(ANY_STACK, ANY_SCRIPT, fc.constantFrom(0xc0, 0xc1, 0xc2), fc.boolean(), fc.nat(2))
    .map(([stack, script, leaf, hasAnnex, nodes]) => {
      const control = Uint8Array.of(leaf, ...new Uint8Array(32 * (nodes + 1)).fill(3));
      const annex = hasAnnex ? [Uint8Array.of(0x50, 1)] : [];
      const output = concatBytes(Uint8Array.of(0x51, 32), new Uint8Array(32).fill(2));
      return wrapped(output, [...stack, script, control, ...annex], false);
    }),
);

function scriptHashOf(script: Uint8Array): Uint8Array {
  return scriptOf({ type: "p2sh", witnessVersion: undefined, program: hash160(script) });
}

function wrapped(program: Uint8Array, witness: readonly Uint8Array[], isNested: boolean): Spend {
  return {
    scriptSig: isNested ? pushLiteral(program) : new Uint8Array(0),
    scriptPubKey: isNested ? scriptHashOf(program) : program,
    witness,
  };
}

function programOpcode(version: number): Uint8Array {
  return Uint8Array.of(version === 0 ? Opcode.OP_0 : Opcode.OP_1 - 1 + version);
}

function verify(spend: Spend, flags: ScriptFlags, checker = FLIPPING): ScriptError | undefined {
  return verifyScript(spend.scriptSig, spend.scriptPubKey, spend.witness, flags, checker);
}

/** What CHECKLOCKTIMEVERIFY and CHECKSEQUENCEVERIFY allow is what this flag forbids without them. */
const NOP_FLAGS = ScriptFlag.CHECKLOCKTIMEVERIFY | ScriptFlag.CHECKSEQUENCEVERIFY;

/** True if one rule of `flags` forbids what another soft fork, not in it, gives a meaning. */
function forbidsSoftForks(flags: ScriptFlags): boolean {
  const isDiscouraged = (flags & ScriptFlag.DISCOURAGE_UPGRADABLE_NOPS) !== 0;
  return isDiscouraged && (flags & NOP_FLAGS) !== NOP_FLAGS;
}

describe("verifyScript", () => {
  test(
    "ends with a declared outcome on any scripts and any witness, and with the same one again",
    () => {
      const outcomes = new Set<string>();
      fc.assert(
        fc.property(ANY_SPEND, ANY_FLAGS, (spend, flags) => {
          const error = verify(spend, flags);
          expect(isDeclared(error)).toBe(true);
          outcomes.add(error ?? "OK");
          expect(verify(spend, flags)).toBe(error);
        }),
        runs(4_000),
      );
      expect(outcomes.has("OK")).toBe(true);
      expect(outcomes.size).toBeGreaterThan(20);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "throws on no bytes, and on no flags but those without what they need",
    () => {
      fc.assert(
        fc.property(ANY_SPEND, ANY_U32, (spend, flags) => {
          const isWhole = withNeededFlags(flags & ALL_FLAGS) === (flags & ALL_FLAGS);
          if (isWhole) expect(isDeclared(verify(spend, flags))).toBe(true);
          else expect(() => verify(spend, flags)).toThrow(RangeError);
        }),
        runs(1_000),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "only tightens: no rule more makes an invalid spend valid",
    () => {
      let valid = 0;
      fc.assert(
        fc.property(ANY_SPEND, ANY_FLAGS, ANY_FLAGS, (spend, fewer, others) => {
          const more = withNeededFlags(fewer | others);
          if (forbidsSoftForks(fewer)) return;
          if (verify(spend, more) !== undefined) return;
          valid += 1;
          expect(verify(spend, fewer)).toBeUndefined();
        }),
        runs(6_000),
      );
      expect(valid).toBeGreaterThan(50);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "never throws with real signatures either, whatever stands in their place",
    () => {
      const flags = fc.oneof(ANY_FLAGS, fc.constant(ALL_FLAGS));
      fc.assert(
        fc.property(ANY_SPEND, flags, ANY_U32, fc.integer(), (spend, set, sequence, version) => {
          const spent = { value: 7, scriptPubKey: spend.scriptPubKey };
          const tx = spendingTransaction(spent, spend.scriptSig, spend.witness, { version });
          const inputs = tx.inputs.map((input) => ({ ...input, sequence }));
          const checker = new TransactionSignatureChecker({
            tx: { ...tx, inputs },
            inputIndex: 0,
            spentOutputs: [spent],
            sighashCache: createSighashCache({ ...tx, inputs }),
            signatures: SIGNATURES,
          });
          expect(isDeclared(verify(spend, set, checker))).toBe(true);
        }),
        runs(1_000),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

describe("TransactionSignatureChecker", () => {
  const KEY = fc
    .tuple(fc.constantFrom(2, 3, 4, 6, 7, 0), fc.constantFrom(32, 33, 64), fc.uint8Array())
    .map(([first, length, fill]) =>
      Uint8Array.of(
        first,
        ...Array.from({ length }, (_, at) => fill[at % (fill.length || 1)] ?? 0),
      ),
    );

  test(
    "answers every signature, key and lock with a truth or a declared failure",
    () => {
      const spent = { value: 7, scriptPubKey: Uint8Array.of(0x51) };
      const tx = spendingTransaction(spent, new Uint8Array(0), [], { version: 2 });
      const checker = new TransactionSignatureChecker({
        tx,
        inputIndex: 0,
        spentOutputs: [spent],
        sighashCache: createSighashCache(tx),
        signatures: SIGNATURES,
      });
      expect(tx.inputs[0]?.sequence).toBe(SEQUENCE_FINAL);
      const signature = fc.oneof(ANY_ELEMENT, ANY_BYTES);
      const number = fc.integer({ min: 0, max: 2 ** 39 - 1 });
      fc.assert(
        fc.property(signature, KEY, ANY_BYTES, number, (bytes, key, script, lock) => {
          for (const sigVersion of ["base", "witness-v0"] as const) {
            expect(checker.checkEcdsaSignature(bytes, key, script, sigVersion)).toBe(false);
          }
          const execution = startTaproot(undefined, undefined, 0);
          const error = checker.checkSchnorrSignature(bytes, key.subarray(1), execution);
          expect(["SCHNORR_SIG_SIZE", "SCHNORR_SIG_HASHTYPE", "SCHNORR_SIG"]).toContain(error!);
          // A final input opens no lock.
          expect(checker.checkLockTime(lock)).toBe(false);
          expect(checker.checkSequence(lock)).toBe(false);
        }),
        runs(400),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});
