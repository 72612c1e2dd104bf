/**
 * Whether an input may spend its coin, for the reference model: its scripts one after the other, P2SH
 * (BIP-0016), witness programs (BIP-0141) and Taproot (BIP-0341).
 *
 * A single script is `script-interpreter.ts`'s.
 */
import { xOnlyPointAddTweakCheck } from "tiny-secp256k1";
import { encodeWitness } from "./block-format.ts";
import { concat, isEqual, littleEndian, sha256, taggedHash, toHex, withLength } from "./bytes.ts";
import {
  isPayToScriptHash,
  isPushOnly,
  pushOf,
  readOperations,
  witnessProgram,
} from "./operations.ts";
import {
  checkTaprootSignature,
  execute,
  fail,
  isTrue,
  type Kind,
  type Spend,
  type Stack,
  type Tapscript,
} from "./script-interpreter.ts";

/** Throws ScriptFailure unless the input may spend its coin. */
export function verifyInput(spend: Spend): void {
  const { transaction, index, spent, forks } = spend;
  const input = transaction.inputs[index];
  const coin = spent[index];
  if (input === undefined || coin === undefined) throw new Error("no such input");
  const { scriptSig, witness } = input;
  const { script } = coin;

  const stack: Stack = [];
  execute(stack, scriptSig, spend, "legacy");
  const pushed = [...stack];
  execute(stack, script, spend, "legacy");
  if (!isTrue(stack.pop())) fail("EVAL_FALSE");

  let hasWitness = false;
  if (forks.has("WITNESS") && witnessProgram(script)) {
    hasWitness = true;
    if (scriptSig.length > 0) fail("WITNESS_MALLEATED");
    verifyWitness(script, witness, spend, false);
  }
  if (forks.has("P2SH") && isPayToScriptHash(script)) {
    if (!isPushOnly(scriptSig)) fail("SIG_PUSHONLY");
    const redeemScript = pushed.pop() as Uint8Array;
    execute(pushed, redeemScript, spend, "legacy");
    if (!isTrue(pushed.pop())) fail("EVAL_FALSE");
    if (forks.has("WITNESS") && witnessProgram(redeemScript)) {
      hasWitness = true;
      if (!isEqual(scriptSig, pushOf(redeemScript))) fail("WITNESS_MALLEATED_P2SH");
      verifyWitness(redeemScript, witness, spend, true);
    }
  }
  if (forks.has("WITNESS") && !hasWitness && witness.length > 0) fail("WITNESS_UNEXPECTED");
}

function verifyWitness(
  outputScript: Uint8Array,
  witness: readonly Uint8Array[],
  spend: Spend,
  isWithinP2sh: boolean,
): void {
  const found = witnessProgram(outputScript);
  if (found === undefined) throw new Error("not a witness program");
  const { version, program } = found;
  const stack = [...witness];
  if (version === 0 && program.length === 32) {
    const script = stack.pop() ?? fail("WITNESS_PROGRAM_WITNESS_EMPTY");
    if (!isEqual(sha256(script), program)) fail("WITNESS_PROGRAM_MISMATCH");
    executeWitness(stack, script, spend, "witness-v0");
  } else if (version === 0 && program.length === 20) {
    if (stack.length !== 2) fail("WITNESS_PROGRAM_MISMATCH");
    // DUP HASH160 <program> EQUALVERIFY CHECKSIG
    const script = concat(
      new Uint8Array([0x76, 0xa9, 0x14]),
      program,
      new Uint8Array([0x88, 0xac]),
    );
    executeWitness(stack, script, spend, "witness-v0");
  } else if (version === 0) {
    fail("WITNESS_PROGRAM_WRONG_LENGTH");
  } else if (
    version === 1 &&
    program.length === 32 &&
    !isWithinP2sh &&
    spend.forks.has("TAPROOT")
  ) {
    verifyTaproot(program, stack, spend);
  }
  // Other versions, other lengths, and version 1 within P2SH, are for rules to come.
}

function verifyTaproot(program: Uint8Array, stack: Stack, spend: Spend): void {
  const budget = encodeWitness(stack).length + 50;
  if (stack.length === 0) fail("WITNESS_PROGRAM_WITNESS_EMPTY");
  const annex = stack.length >= 2 && stack.at(-1)?.[0] === 0x50 ? stack.pop() : undefined;
  if (stack.length === 1) {
    checkTaprootSignature(program, stack[0] as Uint8Array, spend, annex);
    return;
  }
  const control = stack.pop() as Uint8Array;
  const script = stack.pop() as Uint8Array;
  const depth = (control.length - 33) / 32;
  if (depth < 0 || depth > 128 || !Number.isInteger(depth)) fail("TAPROOT_WRONG_CONTROL_SIZE");
  const first = control[0] ?? 0;
  const leafVersion = first & 0xfe;
  const leafHash = taggedHash("TapLeaf", littleEndian(leafVersion, 1), withLength(script));
  let node = leafHash;
  for (let level = 0; level < depth; level++) {
    const sibling = control.slice(33 + 32 * level, 65 + 32 * level);
    const pair = toHex(node) < toHex(sibling) ? [node, sibling] : [sibling, node];
    node = taggedHash("TapBranch", ...pair);
  }
  const internalKey = control.slice(1, 33);
  const tweak = taggedHash("TapTweak", internalKey, node);
  if (!isTweaked(internalKey, tweak, program, (first & 1) as 0 | 1)) {
    fail("WITNESS_PROGRAM_MISMATCH");
  }
  // Other leaf versions are for rules to come.
  if (leafVersion !== 0xc0) return;
  executeWitness(stack, script, spend, "tapscript", { leafHash, annex, budget });
}

function isTweaked(key: Uint8Array, tweak: Uint8Array, result: Uint8Array, parity: 0 | 1): boolean {
  try {
    return xOnlyPointAddTweakCheck(key, tweak, result, parity);
  } catch {
    // The library throws for what is no point, and for a tweak above the group's order.
    return false;
  }
}

function executeWitness(
  stack: Stack,
  script: Uint8Array,
  spend: Spend,
  kind: Kind,
  tapscript?: Tapscript,
): void {
  if (kind === "tapscript") {
    const { list, isWhole } = readOperations(script);
    // An OP_SUCCESS anywhere before a broken push makes the rest of no account.
    if (list.some(({ code }) => isSuccess(code))) return;
    if (!isWhole) fail("BAD_OPCODE");
    if (stack.length > 1000) fail("STACK_SIZE");
  }
  if (stack.some(({ length }) => length > 520)) fail("PUSH_SIZE");
  execute(stack, script, spend, kind, tapscript);
  if (stack.length !== 1) fail("CLEANSTACK");
  if (!isTrue(stack[0])) fail("EVAL_FALSE");
}

/** The list of BIP-0342. */
function isSuccess(code: number): boolean {
  const spans = [
    [80, 80],
    [98, 98],
    [126, 129],
    [131, 134],
    [137, 138],
    [141, 142],
    [149, 153],
    [187, 254],
  ] as const;
  return spans.some(([from, to]) => code >= from && code <= to);
}
