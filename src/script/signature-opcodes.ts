/**
 * Opcodes that hash and that check signatures.
 *
 * The order of the checks is consensus where a script turns a failed signature around with OP_NOT:
 * an error ends the script, an invalid signature does not.
 */

import { hash160, hash256, ripemd160, sha1, sha256 } from "../crypto/hash.ts";
import type { TaprootExecution } from "./execution.ts";
import { ScriptFlag } from "./flags.ts";
import { findAndDelete } from "./legacy-sighash.ts";
import type { Machine, OpcodeHandler, OpcodeHandlers } from "./machine.ts";
import { Opcode } from "./opcodes.ts";
import { MAX_MULTISIG_KEYS, pushLiteral } from "./script.ts";
import type { ScriptError } from "./script-error.ts";
import { checkPublicKeyEncoding, checkSignatureEncoding } from "./signature-encoding.ts";

/** What each signature check in Tapscript takes from the budget of its witness (BIP-0342). */
const VALIDATION_WEIGHT_PER_SIGNATURE = 50;

/** Hashes, CODESEPARATOR, and all that check signatures. */
export const SIGNATURE_OPCODES: OpcodeHandlers = {
  [Opcode.OP_RIPEMD160]: hashing(ripemd160),
  [Opcode.OP_SHA1]: hashing(sha1),
  [Opcode.OP_SHA256]: hashing(sha256),
  [Opcode.OP_HASH160]: hashing(hash160),
  [Opcode.OP_HASH256]: hashing(hash256),
  [Opcode.OP_CODESEPARATOR](machine) {
    machine.separateCode();
    return undefined;
  },
  [Opcode.OP_CHECKSIG]: checkSig,
  [Opcode.OP_CHECKSIGVERIFY]: (machine) =>
    checkSig(machine) ?? verifyTop(machine, "CHECKSIGVERIFY"),
  [Opcode.OP_CHECKSIGADD]: checkSigAdd,
  [Opcode.OP_CHECKMULTISIG]: checkMultisig,
  [Opcode.OP_CHECKMULTISIGVERIFY]: (machine) =>
    checkMultisig(machine) ?? verifyTop(machine, "CHECKMULTISIGVERIFY"),
};

function hashing(hash: (data: Uint8Array) => Uint8Array): OpcodeHandler {
  return (machine) => {
    if (!machine.has(1)) return "INVALID_STACK_OPERATION";
    machine.push(hash(machine.pop()));
    return undefined;
  };
}

function verifyTop(machine: Machine, error: ScriptError): ScriptError | undefined {
  if (!machine.boolean(1)) return error;
  machine.drop(1);
  return undefined;
}

function checkSig(machine: Machine): ScriptError | undefined {
  if (!machine.has(2)) return "INVALID_STACK_OPERATION";
  const isValid = evaluateSignature(machine, machine.peek(2), machine.peek(1));
  if (typeof isValid === "string") return isValid;
  machine.drop(2);
  machine.pushBoolean(isValid);
  return undefined;
}

function checkSigAdd(machine: Machine): ScriptError | undefined {
  if (machine.sigVersion !== "tapscript") return "BAD_OPCODE";
  if (!machine.has(3)) return "INVALID_STACK_OPERATION";
  const count = machine.number(2);
  if (count === undefined) return "SCRIPTNUM";
  const isValid = evaluateSignature(machine, machine.peek(3), machine.peek(1));
  if (typeof isValid === "string") return isValid;
  machine.drop(3);
  machine.pushNumber(isValid ? count + 1 : count);
  return undefined;
}

function evaluateSignature(
  machine: Machine,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean | ScriptError {
  return machine.taproot === undefined
    ? evaluateEcdsa(machine, signature, publicKey)
    : evaluateSchnorr(machine, machine.taproot, signature, publicKey);
}

function evaluateEcdsa(
  machine: Machine,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean | ScriptError {
  const scriptCode = scriptCodeWithout(machine, signature, machine.scriptCode);
  if (typeof scriptCode === "string") return scriptCode;
  const isValid = checkEcdsa(machine, signature, publicKey, scriptCode);
  if (isValid === false && machine.isSet(ScriptFlag.NULLFAIL) && signature.length > 0) {
    return "NULLFAIL";
  }
  return isValid;
}

function checkEcdsa(
  { checker, flags, sigVersion }: Machine,
  signature: Uint8Array,
  publicKey: Uint8Array,
  scriptCode: Uint8Array,
): boolean | ScriptError {
  return (
    checkSignatureEncoding(signature, flags) ??
    checkPublicKeyEncoding(publicKey, flags, sigVersion) ??
    checker.checkEcdsaSignature(signature, publicKey, scriptCode, sigVersion)
  );
}

/** Legacy signatures cannot sign themselves, so they are cut out of what they sign. */
function scriptCodeWithout(
  machine: Machine,
  signature: Uint8Array,
  scriptCode: Uint8Array,
): Uint8Array | ScriptError {
  if (machine.sigVersion !== "base") return scriptCode;
  const cut = findAndDelete(scriptCode, pushLiteral(signature));
  const isRefused = cut !== scriptCode && machine.isSet(ScriptFlag.CONST_SCRIPTCODE);
  return isRefused ? "SIG_FINDANDDELETE" : cut;
}

/** BIP-0342: in Tapscript a signature is empty, or valid, or the end of the script. */
function evaluateSchnorr(
  machine: Machine,
  taproot: TaprootExecution,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean | ScriptError {
  const isPresent = signature.length > 0;
  if (isPresent) {
    taproot.validationWeightLeft -= VALIDATION_WEIGHT_PER_SIGNATURE;
    if (taproot.validationWeightLeft < 0) return "TAPSCRIPT_VALIDATION_WEIGHT";
  }
  if (publicKey.length === 0) return "TAPSCRIPT_EMPTY_PUBKEY";
  if (publicKey.length !== 32) {
    // Keys of other lengths are for soft forks: until then every signature by them is valid.
    return machine.isSet(ScriptFlag.DISCOURAGE_UPGRADABLE_PUBKEYTYPE)
      ? "DISCOURAGE_UPGRADABLE_PUBKEYTYPE"
      : isPresent;
  }
  if (!isPresent) return false;
  return machine.checker.checkSchnorrSignature(signature, publicKey, taproot) ?? true;
}

/** Where the arguments of a multisignature lie: depths below the top of the stack. */
interface MultisigArguments {
  readonly keyCount: number;
  readonly firstKey: number;
  readonly signatureCount: number;
  readonly firstSignature: number;
  /** Arguments, with both counts and without the one element too many. */
  readonly total: number;
}

function checkMultisig(machine: Machine): ScriptError | undefined {
  if (machine.sigVersion === "tapscript") return "TAPSCRIPT_CHECKMULTISIG";
  const multisig = readMultisigArguments(machine);
  if (typeof multisig === "string") return multisig;

  const isValid = matchSignatures(machine, multisig);
  if (typeof isValid === "string") return isValid;
  if (!isValid && machine.isSet(ScriptFlag.NULLFAIL) && hasSignature(machine, multisig)) {
    return "NULLFAIL";
  }
  machine.drop(multisig.total);

  // By an old mistake it takes one element too many, which BIP-0147 wants empty.
  if (machine.isSet(ScriptFlag.NULLDUMMY) && machine.peek(1).length > 0) return "SIG_NULLDUMMY";
  machine.drop(1);
  machine.pushBoolean(isValid);
  return undefined;
}

function readMultisigArguments(machine: Machine): MultisigArguments | ScriptError {
  if (!machine.has(1)) return "INVALID_STACK_OPERATION";
  const keyCount = machine.number(1);
  if (keyCount === undefined) return "SCRIPTNUM";
  if (keyCount < 0 || keyCount > MAX_MULTISIG_KEYS) return "PUBKEY_COUNT";
  if (!machine.countOperations(keyCount)) return "OP_COUNT";

  const countDepth = keyCount + 2;
  if (!machine.has(countDepth)) return "INVALID_STACK_OPERATION";
  const signatureCount = machine.number(countDepth);
  if (signatureCount === undefined) return "SCRIPTNUM";
  if (signatureCount < 0 || signatureCount > keyCount) return "SIG_COUNT";

  const total = countDepth + signatureCount;
  // The one element too many must be there before any signature is looked at.
  if (!machine.has(total + 1)) return "INVALID_STACK_OPERATION";
  return { keyCount, firstKey: 2, signatureCount, firstSignature: countDepth + 1, total };
}

/** Signatures stand in the order of their keys, so that each key is tried at most once. */
function matchSignatures(machine: Machine, multisig: MultisigArguments): boolean | ScriptError {
  let { firstKey: key, firstSignature: signature } = multisig;
  let keysLeft = multisig.keyCount;
  let signaturesLeft = multisig.signatureCount;

  let scriptCode = machine.scriptCode;
  for (let index = 0; index < signaturesLeft; index++) {
    const cut = scriptCodeWithout(machine, machine.peek(signature + index), scriptCode);
    if (typeof cut === "string") return cut;
    scriptCode = cut;
  }

  while (signaturesLeft > 0) {
    if (signaturesLeft > keysLeft) return false;
    const result = checkEcdsa(machine, machine.peek(signature), machine.peek(key), scriptCode);
    if (typeof result === "string") return result;
    if (result) {
      signature += 1;
      signaturesLeft -= 1;
    }
    key += 1;
    keysLeft -= 1;
  }
  return true;
}

function hasSignature(
  machine: Machine,
  { firstSignature, signatureCount }: MultisigArguments,
): boolean {
  for (let index = 0; index < signatureCount; index++) {
    if (machine.peek(firstSignature + index).length > 0) return true;
  }
  return false;
}
