/**
 * Runs what a witness brings for a witness program (BIP-0141): version 0, Taproot (BIP-0341) and
 * Tapscript (BIP-0342).
 */

import { sha256 } from "../crypto/hash.ts";
import { equalBytes } from "../lib/bytes.ts";
import { compactSizeLength } from "../lib/codec.ts";
import { scriptOf, type WitnessProgram } from "../primitives/address.ts";
import type { RuleSet, TaprootExecution } from "./execution.ts";
import { ScriptFlag, type ScriptFlags } from "./flags.ts";
import { evalScript, MAX_STACK_SIZE } from "./interpreter.ts";
import { startTaproot } from "./machine.ts";
import { isOpSuccess } from "./opcodes.ts";
import { decodeBoolean, MAX_SCRIPT_ELEMENT_SIZE, ScriptReader } from "./script.ts";
import type { ScriptError } from "./script-error.ts";
import type { SignatureChecker } from "./signature-checker.ts";
import { isAnchorProgram } from "./standard.ts";
import {
  ANNEX_TAG,
  annexHashOf,
  decodeControlBlock,
  isCommittedTo,
  TAPSCRIPT_LEAF_VERSION,
  tapLeafHash,
} from "./taproot.ts";

/** What BIP-0342 grants for signature checks beside the size of the witness. */
const VALIDATION_WEIGHT_OFFSET = 50;

/** What a witness program is run with. */
export interface WitnessContext {
  readonly flags: ScriptFlags;
  readonly checker: SignatureChecker;
  /** True if the program is a redeem script. */
  readonly isNested: boolean;
}

/** Returns why `witness` does not satisfy the program, or undefined if it does. Versions without
 * rules are satisfied by anything, unless a flag discourages them. */
export function verifyWitnessProgram(
  witness: readonly Uint8Array[],
  { version, program }: WitnessProgram,
  context: WitnessContext,
): ScriptError | undefined {
  if (version === 0) return verifyVersion0(witness, program, context);
  if (version === 1 && program.length === 32 && !context.isNested) {
    const isActive = (context.flags & ScriptFlag.TAPROOT) !== 0;
    return isActive ? verifyTaproot(witness, program, context) : undefined;
  }
  if (!context.isNested && isAnchorProgram(version, program)) return undefined;
  return (context.flags & ScriptFlag.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM) !== 0
    ? "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM"
    : undefined;
}

function verifyVersion0(
  witness: readonly Uint8Array[],
  program: Uint8Array,
  context: WitnessContext,
): ScriptError | undefined {
  if (program.length === 20) {
    if (witness.length !== 2) return "WITNESS_PROGRAM_MISMATCH";
    const script = scriptOf({ type: "p2pkh", witnessVersion: undefined, program });
    return runWitnessScript([...witness], script, { sigVersion: "witness-v0" }, context);
  }
  if (program.length !== 32) return "WITNESS_PROGRAM_WRONG_LENGTH";

  const script = witness.at(-1);
  if (script === undefined) return "WITNESS_PROGRAM_WITNESS_EMPTY";
  if (!equalBytes(sha256(script), program)) return "WITNESS_PROGRAM_MISMATCH";
  return runWitnessScript(witness.slice(0, -1), script, { sigVersion: "witness-v0" }, context);
}

function verifyTaproot(
  witness: readonly Uint8Array[],
  outputKey: Uint8Array,
  context: WitnessContext,
): ScriptError | undefined {
  const { checker } = context;
  const annex = witness.length >= 2 ? witness.at(-1) : undefined;
  const hasAnnex = annex?.[0] === ANNEX_TAG;
  const annexHash = annex !== undefined && hasAnnex ? annexHashOf(annex) : undefined;
  const elements = hasAnnex ? witness.slice(0, -1) : [...witness];

  const last = elements.pop();
  if (last === undefined) return "WITNESS_PROGRAM_WITNESS_EMPTY";
  const script = elements.pop();
  if (script === undefined) {
    return checker.checkSchnorrSignature(last, outputKey, startTaproot(annexHash, undefined, 0));
  }

  const block = decodeControlBlock(last);
  if (block === undefined) return "TAPROOT_WRONG_CONTROL_SIZE";
  const leafHash = tapLeafHash(block.leafVersion, script);
  if (!isCommittedTo(outputKey, leafHash, block, checker.isTweakedKey)) {
    return "WITNESS_PROGRAM_MISMATCH";
  }
  if (block.leafVersion !== TAPSCRIPT_LEAF_VERSION) {
    return (context.flags & ScriptFlag.DISCOURAGE_UPGRADABLE_TAPROOT_VERSION) !== 0
      ? "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION"
      : undefined;
  }
  const weight = witnessSize(witness) + VALIDATION_WEIGHT_OFFSET;
  return runTapscript(elements, script, startTaproot(annexHash, leafHash, weight), context);
}

function runTapscript(
  stack: Uint8Array[],
  script: Uint8Array,
  taproot: TaprootExecution,
  context: WitnessContext,
): ScriptError | undefined {
  // Before all limits, and only as far as the script can be read up to there (BIP-0342).
  const reader = new ScriptReader(script);
  while (reader.next()) {
    if (!isOpSuccess(reader.opcode)) continue;
    return (context.flags & ScriptFlag.DISCOURAGE_OP_SUCCESS) !== 0
      ? "DISCOURAGE_OP_SUCCESS"
      : undefined;
  }
  if (reader.isMalformed) return "BAD_OPCODE";
  if (stack.length > MAX_STACK_SIZE) return "STACK_SIZE";
  return runWitnessScript(stack, script, { sigVersion: "tapscript", taproot }, context);
}

function runWitnessScript(
  stack: Uint8Array[],
  script: Uint8Array,
  rules: RuleSet,
  { checker, flags }: WitnessContext,
): ScriptError | undefined {
  if (stack.some(({ length }) => length > MAX_SCRIPT_ELEMENT_SIZE)) return "PUSH_SIZE";
  const error = evalScript({ script, stack, flags, checker, ...rules });
  if (error !== undefined) return error;

  // In a witness a clean stack is consensus.
  const [result] = stack;
  if (result === undefined || stack.length > 1) return "CLEANSTACK";
  return decodeBoolean(result) ? undefined : "EVAL_FALSE";
}

/** Bytes that a witness takes in a transaction. */
function witnessSize(witness: readonly Uint8Array[]): number {
  let size = compactSizeLength(witness.length);
  for (const { length } of witness) size += compactSizeLength(length) + length;
  return size;
}
