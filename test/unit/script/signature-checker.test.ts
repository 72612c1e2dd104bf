/**
 * Locks at their boundaries (BIP-0065, BIP-0112), through scripts that ask for them; Schnorr
 * signatures of impossible forms; and how often a message is hashed.
 */

import { describe, expect, test } from "bun:test";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { SEQUENCE_FINAL } from "../../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS } from "../../../src/script/flags.ts";
import { pushData } from "../../../src/script/script.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import { multisigScript } from "../../../src/script/standard.ts";
import { verifyInput } from "../../../src/script/verify-input.ts";
import { assembleScript } from "../../support/script-assembly.ts";
import { spendingTransaction, verify } from "./core-vectors.ts";

const NO_BYTES = new Uint8Array(0);
const KEY = fromHex(`02${"11".repeat(32)}`);
const SIGNATURE = fromHex("300602010102010101");

const THRESHOLD = 500_000_000;
const TIME_FLAG = 2 ** 22;
const DISABLE_FLAG = 2 ** 31;
const MAX_U32 = 2 ** 32 - 1;

describe("OP_CHECKLOCKTIMEVERIFY", () => {
  const outcomeOf = (demanded: string, lockTime: number, sequence = 0) =>
    outcome(`${demanded} CHECKLOCKTIMEVERIFY DROP 1`, { lockTime, sequence });

  test("wants a lock time as late", () => {
    expect(outcomeOf("100", 99)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf("100", 100)).toBe("OK");
    expect(outcomeOf("100", 101)).toBe("OK");
    expect(outcomeOf("0", 0)).toBe("OK");
    expect(outcomeOf(`${MAX_U32}`, MAX_U32)).toBe("OK");
    expect(outcomeOf(`${MAX_U32 + 1}`, MAX_U32)).toBe("UNSATISFIED_LOCKTIME");
  });

  test("does not compare heights with times", () => {
    expect(outcomeOf(`${THRESHOLD - 1}`, THRESHOLD - 1)).toBe("OK");
    expect(outcomeOf(`${THRESHOLD - 1}`, THRESHOLD)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf(`${THRESHOLD}`, THRESHOLD)).toBe("OK");
    expect(outcomeOf(`${THRESHOLD}`, THRESHOLD - 1)).toBe("UNSATISFIED_LOCKTIME");
  });

  test("fails in a final input, which would switch the lock off", () => {
    expect(outcomeOf("100", 100, SEQUENCE_FINAL)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf("100", 100, SEQUENCE_FINAL - 1)).toBe("OK");
  });

  test("refuses negative numbers, numbers of six bytes and an empty stack", () => {
    expect(outcomeOf("-1", 100)).toBe("NEGATIVE_LOCKTIME");
    expect(outcomeOf("0x06 0x000000000000", 100)).toBe("SCRIPTNUM");
    expect(outcomeOf("", 100)).toBe("INVALID_STACK_OPERATION");
  });
});

describe("OP_CHECKSEQUENCEVERIFY", () => {
  const outcomeOf = (demanded: string, sequence: number, version = 2) =>
    outcome(`${demanded} CHECKSEQUENCEVERIFY DROP 1`, { sequence, version });

  test("wants a relative lock as long", () => {
    expect(outcomeOf("100", 99)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf("100", 100)).toBe("OK");
    expect(outcomeOf("65535", 65_535)).toBe("OK");
    expect(outcomeOf("65535", 65_534)).toBe("UNSATISFIED_LOCKTIME");
  });

  test("looks at sixteen bits and the kind", () => {
    expect(outcomeOf(`${2 ** 16 + 5}`, 5)).toBe("OK");
    expect(outcomeOf("5", 2 ** 16 + 4)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf(`${TIME_FLAG + 5}`, TIME_FLAG + 5)).toBe("OK");
    expect(outcomeOf(`${TIME_FLAG + 5}`, 5)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf("5", TIME_FLAG + 5)).toBe("UNSATISFIED_LOCKTIME");
  });

  test("does nothing where the script switches it off", () => {
    expect(outcomeOf(`${DISABLE_FLAG}`, 0, 1)).toBe("OK");
    expect(outcomeOf(`${DISABLE_FLAG + 2 ** 32}`, 0, 1)).toBe("OK");
    expect(outcomeOf(`${2 ** 32}`, 0)).toBe("OK");
  });

  test("fails where the input's relative lock is switched off", () => {
    expect(outcomeOf("0", DISABLE_FLAG)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf("0", SEQUENCE_FINAL)).toBe("UNSATISFIED_LOCKTIME");
  });

  test("fails in version 1, and takes a negative version for a large one", () => {
    expect(outcomeOf("0", 0, 1)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf("0", 0, 0)).toBe("UNSATISFIED_LOCKTIME");
    expect(outcomeOf("0", 0, -1)).toBe("OK");
  });

  test("refuses negative numbers, numbers of six bytes and an empty stack", () => {
    expect(outcomeOf("-1", 0)).toBe("NEGATIVE_LOCKTIME");
    expect(outcomeOf("0x06 0x000000000000", 0)).toBe("SCRIPTNUM");
    expect(outcomeOf("", 0)).toBe("INVALID_STACK_OPERATION");
  });
});

describe("a Taproot key spend", () => {
  const spent = { value: 1, scriptPubKey: concatBytes(Uint8Array.of(0x51, 32), KEY.subarray(1)) };
  const outcomeOf = (signature: Uint8Array) =>
    verify(spendingTransaction(spent, NO_BYTES, [signature]), 0, [spent], MANDATORY_FLAGS);

  test("wants a signature of 64 or 65 bytes", () => {
    for (const length of [0, 63, 66]) {
      expect(outcomeOf(new Uint8Array(length))).toBe("SCHNORR_SIG_SIZE");
    }
    expect(outcomeOf(new Uint8Array(64))).toBe("SCHNORR_SIG");
  });

  test("wants a defined hash type, and none written where it is the default", () => {
    const withType = (type: number) => concatBytes(new Uint8Array(64), Uint8Array.of(type));
    expect(outcomeOf(withType(0x01))).toBe("SCHNORR_SIG");
    expect(outcomeOf(withType(0x00))).toBe("SCHNORR_SIG_HASHTYPE");
    expect(outcomeOf(withType(0x04))).toBe("SCHNORR_SIG_HASHTYPE");
    expect(outcomeOf(withType(0x80))).toBe("SCHNORR_SIG_HASHTYPE");
  });
});

describe("TransactionSignatureChecker", () => {
  test("tries the keys of a multisignature on one digest", () => {
    const digests = new Set<string>();
    const script = multisigScript({
      required: 1,
      publicKeys: Array.from({ length: 20 }, () => KEY),
    });
    const spent = { value: 1, scriptPubKey: script };
    const tx = spendingTransaction(spent, concatBytes(Uint8Array.of(0), pushData(SIGNATURE)), []);
    let calls = 0;
    const error = verifyInput({
      tx,
      inputIndex: 0,
      spentOutputs: [spent],
      flags: MANDATORY_FLAGS,
      cache: createSighashCache(tx),
      signatures: {
        ...PORTABLE_SIGNATURES,
        verifyEcdsa(_signature, digest) {
          calls += 1;
          digests.add(toHex(digest));
          return false;
        },
      },
    });
    expect(error).toBe("EVAL_FALSE");
    expect(calls).toBe(20);
    expect(digests.size).toBe(1);
  });
});

function outcome(
  script: string,
  { lockTime = 0, sequence = 0, version = 1 }: Partial<Record<string, number>>,
): string {
  const spent = { value: 1, scriptPubKey: assembleScript(script) };
  const { inputs } = spendingTransaction(spent, new Uint8Array(0), []);
  const changes = { version, lockTime, inputs: inputs.map((input) => ({ ...input, sequence })) };
  const tx = spendingTransaction(spent, new Uint8Array(0), [], changes);
  return verify(tx, 0, [spent], MANDATORY_FLAGS) ?? "OK";
}
