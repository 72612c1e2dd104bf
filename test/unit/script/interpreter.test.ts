/**
 * Limits at, below and above them, and the rules that Bitcoin Core's older vectors do not reach.
 */

import { describe, expect, test } from "bun:test";
import { concatBytes, fromHex } from "../../../src/lib/bytes.ts";
import type { RuleSet, SigVersion } from "../../../src/script/execution.ts";
import { MANDATORY_FLAGS, NO_FLAGS, ScriptFlag } from "../../../src/script/flags.ts";
import { evalScript } from "../../../src/script/interpreter.ts";
import { FALSE, startTaproot } from "../../../src/script/machine.ts";
import { Opcode } from "../../../src/script/opcodes.ts";
import { decodeNumber, encodeNumber, pushData, pushLiteral } from "../../../src/script/script.ts";
import { describeScriptError } from "../../../src/script/script-error.ts";
import type { SignatureChecker } from "../../../src/script/signature-checker.ts";
import { tapLeafHash } from "../../../src/script/taproot.ts";
import { verifyWitnessProgram } from "../../../src/script/verify-witness-program.ts";
import { assembleScript } from "../../support/script-assembly.ts";

const KEY = fromHex(`02${"11".repeat(32)}`);
const X_ONLY_KEY = KEY.subarray(1);
const SIGNATURE = fromHex("300602010102010101");

/** A world in which every signature is valid and every lock open. */
const ACCEPTING: SignatureChecker = {
  isTweakedKey: () => true,
  checkEcdsaSignature: () => true,
  checkSchnorrSignature: () => undefined,
  checkLockTime: () => true,
  checkSequence: () => true,
};
const REFUSING: SignatureChecker = { ...ACCEPTING, checkEcdsaSignature: () => false };

function run(
  script: Uint8Array,
  { checker = ACCEPTING, flags = NO_FLAGS, stack = [], sigVersion = "base" }: Settings = {},
): string {
  const rules: RuleSet =
    sigVersion === "tapscript"
      ? { sigVersion, taproot: startTaproot(undefined, undefined, 50) }
      : { sigVersion };
  return evalScript({ script, stack, flags, checker, ...rules }) ?? "OK";
}

interface Settings {
  readonly checker?: SignatureChecker;
  readonly flags?: number;
  readonly stack?: Uint8Array[];
  readonly sigVersion?: SigVersion;
}

describe("evalScript", () => {
  const nops = (count: number) => new Uint8Array(count).fill(Opcode.OP_NOP);
  const ones = (count: number) => new Uint8Array(count).fill(Opcode.OP_1);

  test("runs 10,000 bytes and not one more, except in Tapscript", () => {
    const pushes = (length: number) => {
      const script = new Uint8Array(length).fill(Opcode.OP_1);
      for (let offset = 0; offset + 521 <= length; offset += 523) {
        script.set([Opcode.OP_PUSHDATA2, 0x08, 0x02], offset);
      }
      return script;
    };
    expect(run(pushes(10_000))).toBe("OK");
    expect(run(pushes(10_001))).toBe("SCRIPT_SIZE");
    expect(run(pushes(10_001), { sigVersion: "witness-v0" })).toBe("SCRIPT_SIZE");
    expect(run(pushes(10_001), { sigVersion: "tapscript" })).toBe("OK");
  });

  test("pushes 520 bytes and not one more, in any branch and version", () => {
    expect(run(pushLiteral(new Uint8Array(520)))).toBe("OK");
    expect(run(pushLiteral(new Uint8Array(521)))).toBe("PUSH_SIZE");
    expect(run(pushLiteral(new Uint8Array(521)), { sigVersion: "tapscript" })).toBe("PUSH_SIZE");
    const skipped = concatBytes(
      assembleScript("0 IF"),
      pushLiteral(new Uint8Array(521)),
      assembleScript("ENDIF"),
    );
    expect(run(skipped)).toBe("PUSH_SIZE");
  });

  test("counts 201 operations, and no limit in Tapscript", () => {
    expect(run(nops(201))).toBe("OK");
    expect(run(nops(202))).toBe("OP_COUNT");
    expect(run(nops(202), { sigVersion: "tapscript" })).toBe("OK");
    expect(run(concatBytes(nops(201), ones(1)))).toBe("OK");
  });

  test("counts each key of a multisignature as an operation", () => {
    const multisig = assembleScript(`0 0 ${"0 ".repeat(20)} 20 CHECKMULTISIG`);
    expect(run(concatBytes(nops(180), multisig))).toBe("OK");
    expect(run(concatBytes(nops(181), multisig))).toBe("OP_COUNT");
  });

  test("holds 1,000 elements on both stacks together", () => {
    expect(run(ones(1_000))).toBe("OK");
    expect(run(ones(1_001))).toBe("STACK_SIZE");
    const moved = concatBytes(assembleScript("1 TOALTSTACK"), ones(999));
    expect(run(moved)).toBe("OK");
    expect(run(concatBytes(moved, ones(1)))).toBe("STACK_SIZE");
    expect(run(ones(1_001), { sigVersion: "tapscript" })).toBe("STACK_SIZE");
  });

  test("counts a multisignature's elements, the one too many included, before any signature", () => {
    const flags = ScriptFlag.DERSIG | ScriptFlag.NULLFAIL;
    const stack = () => [Uint8Array.of(1)];
    const script = assembleScript(`1 0x21 0x02${"11".repeat(32)} 1 CHECKMULTISIG`);
    const wanted = "INVALID_STACK_OPERATION";
    expect(run(script, { stack: stack() })).toBe(wanted);
    expect(run(script, { stack: stack(), flags })).toBe(wanted);
    expect(run(script, { stack: [FALSE, Uint8Array.of(1)], flags })).toBe("SIG_DER");
    expect(run(script, { stack: [SIGNATURE], flags, checker: REFUSING })).toBe(wanted);
  });

  test("follows conditions nested as deep as operations allow", () => {
    const nested = `${"0 IF ".repeat(100)}${"ENDIF ".repeat(100)}`;
    expect(run(assembleScript(nested))).toBe("OK");
    expect(run(assembleScript(`1 IF 0 IF ELSE 1 ENDIF ELSE RETURN ENDIF`))).toBe("OK");
    expect(run(assembleScript(`0 IF 1 IF RETURN ELSE RETURN ENDIF ENDIF`))).toBe("OK");
    expect(run(assembleScript("1 IF ELSE ELSE RETURN ENDIF"))).toBe("OP_RETURN");
  });

  test("moves elements as their names say", () => {
    const cases: [string, string, string][] = [
      ["1 2 3", "ROT", "2 3 1"],
      ["1 2", "SWAP", "2 1"],
      ["1 2", "TUCK", "2 1 2"],
      ["1 2", "NIP", "2"],
      ["1 2", "OVER", "1 2 1"],
      ["1 2 3 4", "2SWAP", "3 4 1 2"],
      ["1 2 3 4", "2OVER", "1 2 3 4 1 2"],
      ["1 2 3 4 5 6", "2ROT", "3 4 5 6 1 2"],
      ["1 2 3", "3DUP", "1 2 3 1 2 3"],
      ["1 2 3", "2 PICK", "1 2 3 1"],
      ["1 2 3", "2 ROLL", "2 3 1"],
      ["1 2 3", "0 ROLL", "1 2 3"],
      ["1 2 3", "DEPTH", "1 2 3 3"],
      ["0 7", "IFDUP", "0 7 7"],
      ["7 0", "IFDUP", "7 0"],
      ["5 3 9", "WITHIN", "1"],
      ["9 3 9", "WITHIN", "0"],
      ["3 3 9", "WITHIN", "1"],
    ];
    for (const [before, opcodes, after] of cases) {
      const stack: Uint8Array[] = [];
      expect(run(assembleScript(`${before} ${opcodes}`), { stack })).toBe("OK");
      const numbers = stack.map((element) => decodeNumber(element, true)).join(" ");
      expect(`${opcodes}: ${numbers}`).toBe(`${opcodes}: ${after}`);
    }
  });

  test("goes on after NUMEQUALVERIFY only where the numbers are equal", () => {
    const stack: Uint8Array[] = [];
    expect(run(assembleScript("7 2 2 NUMEQUALVERIFY"), { stack })).toBe("OK");
    expect(stack).toEqual([encodeNumber(7)]);
    expect(run(assembleScript("7 2 3 NUMEQUALVERIFY"))).toBe("NUMEQUALVERIFY");
  });

  test("calculates up to 2^32 - 2 but takes no such result as an operand", () => {
    const stack: Uint8Array[] = [];
    expect(run(assembleScript("2147483647 DUP ADD"), { stack })).toBe("OK");
    expect(stack).toEqual([encodeNumber(2 ** 32 - 2)]);
    expect(run(assembleScript("2147483647 DUP ADD 0 ADD"))).toBe("SCRIPTNUM");
  });
});

describe("CONST_SCRIPTCODE", () => {
  const flags = ScriptFlag.CONST_SCRIPTCODE;

  test("refuses OP_CODESEPARATOR even where it is not executed, outside witnesses", () => {
    const script = assembleScript("0 IF CODESEPARATOR ENDIF");
    expect(run(script)).toBe("OK");
    expect(run(script, { flags })).toBe("OP_CODESEPARATOR");
    expect(run(script, { flags, sigVersion: "witness-v0" })).toBe("OK");
  });

  test("refuses a script that holds its own signature", () => {
    const own = concatBytes(
      pushData(SIGNATURE),
      assembleScript("DUP"),
      pushData(KEY),
      assembleScript("CHECKSIG"),
    );
    expect(run(own)).toBe("OK");
    expect(run(own, { flags })).toBe("SIG_FINDANDDELETE");
    expect(run(own, { flags, sigVersion: "witness-v0" })).toBe("OK");
    const multisig = concatBytes(
      assembleScript("0"),
      pushData(SIGNATURE),
      assembleScript("1"),
      pushData(KEY),
      assembleScript("1 CHECKMULTISIG"),
    );
    expect(run(multisig)).toBe("OK");
    expect(run(multisig, { flags })).toBe("SIG_FINDANDDELETE");
  });
});

describe("NULLFAIL", () => {
  const flags = ScriptFlag.NULLFAIL;
  const stack = () => [new Uint8Array(0), SIGNATURE, new Uint8Array(0)];
  const script = assembleScript(`2 0x21 0x02${"11".repeat(32)} DUP 2 CHECKMULTISIG NOT`);

  test("wants every signature of a failed multisignature empty", () => {
    expect(run(script, { checker: REFUSING, stack: stack() })).toBe("OK");
    expect(run(script, { checker: REFUSING, stack: stack(), flags })).toBe("NULLFAIL");
    const empty = [new Uint8Array(0), new Uint8Array(0), new Uint8Array(0)];
    expect(run(script, { checker: REFUSING, stack: empty, flags })).toBe("OK");
  });
});

describe("Tapscript", () => {
  const control = concatBytes(Uint8Array.of(0xc0), X_ONLY_KEY);
  const spend = (
    script: string | Uint8Array,
    elements: readonly Uint8Array[] = [],
    { flags = MANDATORY_FLAGS, leaf = control, checker = ACCEPTING } = {},
  ) => {
    const bytes = typeof script === "string" ? assembleScript(script) : script;
    const program = { version: 1, program: X_ONLY_KEY };
    const context = { flags, checker, isNested: false };
    return verifyWitnessProgram([...elements, bytes, leaf], program, context) ?? "OK";
  };
  const schnorrSignature = new Uint8Array(64).fill(5);
  const checkSig = `0x20 0x${"11".repeat(32)} CHECKSIG`;

  test("has OP_CHECKSIGADD, and no OP_CHECKMULTISIG", () => {
    const add = `0 0x20 0x${"11".repeat(32)} CHECKSIGADD 1 EQUAL`;
    expect(spend(add, [schnorrSignature])).toBe("OK");
    expect(spend(add, [new Uint8Array(0)])).toBe("EVAL_FALSE");
    expect(run(assembleScript(add), { stack: [schnorrSignature] })).toBe("BAD_OPCODE");
    expect(spend("0 0 0 CHECKMULTISIG")).toBe("TAPSCRIPT_CHECKMULTISIG");
  });

  test("succeeds at once on opcodes for soft forks, unless they are discouraged", () => {
    const flags = MANDATORY_FLAGS | ScriptFlag.DISCOURAGE_OP_SUCCESS;
    expect(spend("RETURN 0x50")).toBe("OK");
    expect(spend("RETURN 0x50", [], { flags })).toBe("DISCOURAGE_OP_SUCCESS");
    expect(spend("RETURN 0x50 0x05")).toBe("OK");
    expect(spend("RETURN 0x05 0x50")).toBe("BAD_OPCODE");
    expect(spend("RETURN 0x01 0x50")).toBe("OP_RETURN");
  });

  test("wants what IF takes to be empty or 1, always", () => {
    expect(spend("IF 1 ELSE 1 ENDIF", [Uint8Array.of(1)])).toBe("OK");
    expect(spend("IF 1 ELSE 1 ENDIF", [Uint8Array.of(2)])).toBe("TAPSCRIPT_MINIMALIF");
    expect(spend("NOTIF 1 ELSE 1 ENDIF", [Uint8Array.of(0)])).toBe("TAPSCRIPT_MINIMALIF");
  });

  test("leaves keys of other lengths to soft forks, but none empty", () => {
    const flags = MANDATORY_FLAGS | ScriptFlag.DISCOURAGE_UPGRADABLE_PUBKEYTYPE;
    expect(spend("1 CHECKSIG", [schnorrSignature])).toBe("OK");
    expect(spend("1 CHECKSIG", [schnorrSignature], { flags })).toBe(
      "DISCOURAGE_UPGRADABLE_PUBKEYTYPE",
    );
    expect(spend("0 CHECKSIG", [schnorrSignature])).toBe("TAPSCRIPT_EMPTY_PUBKEY");
  });

  test("grants signatures by the size of the witness", () => {
    const checks = (count: number) => `${"2DUP CHECKSIGVERIFY ".repeat(count)}CHECKSIG`;
    // 50, and for the witness 1 + 65 + 33 + script + 34: 50 a signature.
    const granted = (script: string) =>
      Math.floor((50 + 1 + 65 + 33 + 1 + assembleScript(script).length + 34) / 50);
    expect(granted(checks(2))).toBe(3);
    expect(granted(checks(3))).toBe(3);
    expect(spend(checks(2), [schnorrSignature, X_ONLY_KEY])).toBe("OK");
    expect(spend(checks(3), [schnorrSignature, X_ONLY_KEY])).toBe("TAPSCRIPT_VALIDATION_WEIGHT");
  });

  test("passes on what is wrong with a signature", () => {
    const checker: SignatureChecker = { ...ACCEPTING, checkSchnorrSignature: () => "SCHNORR_SIG" };
    expect(spend(checkSig, [schnorrSignature])).toBe("OK");
    expect(spend(checkSig, [schnorrSignature], { checker })).toBe("SCHNORR_SIG");
    expect(spend(`${checkSig} NOT`, [new Uint8Array(0)], { checker })).toBe("OK");
  });

  test("wants a clean stack, elements of 520 bytes and at most 1,000 of them", () => {
    expect(spend("1 1")).toBe("CLEANSTACK");
    expect(spend("DROP 1", [new Uint8Array(520)])).toBe("OK");
    expect(spend("DROP 1", [new Uint8Array(521)])).toBe("PUSH_SIZE");
    const many = (count: number) => Array.from({ length: count }, () => new Uint8Array(0));
    expect(spend("DROP", many(1_000))).toBe("CLEANSTACK");
    expect(spend("DROP", many(1_001))).toBe("STACK_SIZE");
  });

  test("knows impossible control blocks and leaf versions without rules", () => {
    const flags = MANDATORY_FLAGS | ScriptFlag.DISCOURAGE_UPGRADABLE_TAPROOT_VERSION;
    for (const length of [0, 1, 32, 34, 64, 66, 33 + 129 * 32]) {
      const leaf = new Uint8Array(length).fill(0xc0);
      expect(spend("1", [], { leaf })).toBe("TAPROOT_WRONG_CONTROL_SIZE");
    }
    const longest = new Uint8Array(33 + 128 * 32).fill(0xc0);
    expect(spend("1", [], { leaf: longest })).toBe("OK");
    const other = concatBytes(Uint8Array.of(0xc2), X_ONLY_KEY);
    expect(spend("RETURN", [], { leaf: other })).toBe("OK");
    expect(spend("RETURN", [], { leaf: other, flags })).toBe(
      "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION",
    );
  });

  test("wants the output key to commit to the leaf", () => {
    const checker = { ...ACCEPTING, isTweakedKey: () => false };
    expect(spend("1", [], { checker })).toBe("WITNESS_PROGRAM_MISMATCH");
    expect(tapLeafHash(0xc0, fromHex("51"))).not.toEqual(tapLeafHash(0xc2, fromHex("51")));
  });
});

describe("describeScriptError", () => {
  test("gives a sentence", () => {
    expect(describeScriptError("EVAL_FALSE")).toEndWith(".");
  });
});
