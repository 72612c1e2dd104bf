/**
 * Decides whether an input may spend an output: runs their scripts one after the other, then the
 * redeem script (BIP-0016) and the witness program (BIP-0141) where there is one.
 *
 * Knows the transaction only through the SignatureChecker.
 */

import { equalBytes } from "../lib/bytes.ts";
import { type WitnessProgram, witnessProgramOf } from "../primitives/address.ts";
import { ScriptFlag, type ScriptFlags } from "./flags.ts";
import { evalScript } from "./interpreter.ts";
import { decodeBoolean, isPushOnly, pushLiteral } from "./script.ts";
import type { ScriptError } from "./script-error.ts";
import type { SignatureChecker } from "./signature-checker.ts";
import { isPayToScriptHash } from "./standard.ts";
import { verifyWitnessProgram } from "./verify-witness-program.ts";

/**
 * Returns why `scriptSig` and `witness` do not satisfy `scriptPubKey`, or undefined if they do.
 * Throws RangeError if a flag is set without those it needs: WITNESS needs P2SH, CLEANSTACK both.
 */
export function verifyScript(
  scriptSig: Uint8Array,
  scriptPubKey: Uint8Array,
  witness: readonly Uint8Array[],
  flags: ScriptFlags,
  checker: SignatureChecker,
): ScriptError | undefined {
  checkFlags(flags);
  if ((flags & ScriptFlag.SIGPUSHONLY) !== 0 && !isPushOnly(scriptSig)) return "SIG_PUSHONLY";

  const stack: Uint8Array[] = [];
  const inputError = run(scriptSig, stack, flags, checker);
  if (inputError !== undefined) return inputError;
  const isScriptHash = (flags & ScriptFlag.P2SH) !== 0 && isPayToScriptHash(scriptPubKey);
  const redeemStack = isScriptHash ? [...stack] : [];
  const outputError = run(scriptPubKey, stack, flags, checker) ?? checkTop(stack);
  if (outputError !== undefined) return outputError;

  if (!isScriptHash) {
    const program = programOf(scriptPubKey, flags);
    if (program === undefined) return checkEnd(stack, witness, flags);
    if (scriptSig.length !== 0) return "WITNESS_MALLEATED";
    return verifyWitnessProgram(witness, program, { flags, checker, isNested: false });
  }

  if (!isPushOnly(scriptSig)) return "SIG_PUSHONLY";
  // The output's script has hashed it, so it is there.
  const redeemScript = redeemStack.pop() as Uint8Array;
  const redeemError = run(redeemScript, redeemStack, flags, checker) ?? checkTop(redeemStack);
  if (redeemError !== undefined) return redeemError;

  const program = programOf(redeemScript, flags);
  if (program === undefined) return checkEnd(redeemStack, witness, flags);
  if (!equalBytes(scriptSig, pushLiteral(redeemScript))) return "WITNESS_MALLEATED_P2SH";
  return verifyWitnessProgram(witness, program, { flags, checker, isNested: true });
}

function run(
  script: Uint8Array,
  stack: Uint8Array[],
  flags: ScriptFlags,
  checker: SignatureChecker,
): ScriptError | undefined {
  return evalScript({ script, stack, flags, checker, sigVersion: "base" });
}

function checkTop(stack: readonly Uint8Array[]): ScriptError | undefined {
  const top = stack.at(-1);
  return top !== undefined && decodeBoolean(top) ? undefined : "EVAL_FALSE";
}

/** What must hold at the end of scripts without a witness program; within one it always does. */
function checkEnd(
  stack: readonly Uint8Array[],
  witness: readonly Uint8Array[],
  flags: ScriptFlags,
): ScriptError | undefined {
  if ((flags & ScriptFlag.CLEANSTACK) !== 0 && stack.length !== 1) return "CLEANSTACK";
  if ((flags & ScriptFlag.WITNESS) !== 0 && witness.length > 0) return "WITNESS_UNEXPECTED";
  return undefined;
}

function programOf(script: Uint8Array, flags: ScriptFlags): WitnessProgram | undefined {
  return (flags & ScriptFlag.WITNESS) !== 0 ? witnessProgramOf(script) : undefined;
}

function checkFlags(flags: ScriptFlags): void {
  const hasP2sh = (flags & ScriptFlag.P2SH) !== 0;
  const hasWitness = (flags & ScriptFlag.WITNESS) !== 0;
  if (hasWitness && !hasP2sh) throw new RangeError("WITNESS needs P2SH");
  if ((flags & ScriptFlag.CLEANSTACK) !== 0 && !hasWitness) {
    throw new RangeError("CLEANSTACK needs P2SH and WITNESS");
  }
}
