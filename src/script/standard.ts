/**
 * The known kinds of output script: telling them apart by their bytes, and writing them.
 *
 * Facts only. What is relayed, and every number that is a matter of policy, is in mempool/. Scripts
 * with an address are made by primitives/address.ts.
 */

import { type DestinationType, destinationOf } from "../primitives/address.ts";
import { Opcode, smallNumberOf } from "./opcodes.ts";
import { isPushOnly, MAX_MULTISIG_KEYS, ScriptBuilder, ScriptReader } from "./script.ts";

/** Kinds of output script, named as Bitcoin Core's RPC names them. */
export type OutputType =
  | "pubkey"
  | "pubkeyhash"
  | "scripthash"
  | "multisig"
  | "nulldata"
  | "anchor"
  | "witness_v0_keyhash"
  | "witness_v0_scripthash"
  | "witness_v1_taproot"
  | "witness_unknown"
  | "nonstandard";

/** What a bare multisignature script demands: `required` of `publicKeys`. */
export interface Multisig {
  readonly required: number;
  readonly publicKeys: readonly Uint8Array[];
}

const TYPE_OF_DESTINATION: Record<DestinationType, OutputType> = {
  p2pkh: "pubkeyhash",
  p2sh: "scripthash",
  p2wpkh: "witness_v0_keyhash",
  p2wsh: "witness_v0_scripthash",
  p2tr: "witness_v1_taproot",
  "witness-unknown": "witness_unknown",
};

/** Returns the kind of an output script. */
export function classifyOutput(script: Uint8Array): OutputType {
  const destination = destinationOf(script);
  if (destination !== undefined) {
    const { program, type, witnessVersion } = destination;
    if (isAnchorProgram(witnessVersion, program)) return "anchor";
    return TYPE_OF_DESTINATION[type];
  }
  if (isNullData(script)) return "nulldata";
  if (publicKeyOfOutput(script) !== undefined) return "pubkey";
  return parseMultisig(script) === undefined ? "nonstandard" : "multisig";
}

/** True for a script that pays to the hash of another one (BIP-0016). */
export function isPayToScriptHash(script: Uint8Array): boolean {
  return (
    script.length === 23 &&
    script[0] === Opcode.OP_HASH160 &&
    script[1] === 20 &&
    script[22] === Opcode.OP_EQUAL
  );
}

/** True for the program of the output that anybody may spend to raise a fee (pay-to-anchor). */
export function isAnchorProgram(witnessVersion: number | undefined, program: Uint8Array): boolean {
  return witnessVersion === 1 && program.length === 2 && program[0] === 0x4e && program[1] === 0x73;
}

/** True for OP_RETURN followed by pushes alone. */
export function isNullData(script: Uint8Array): boolean {
  return script[0] === Opcode.OP_RETURN && isPushOnly(script.subarray(1));
}

/** Returns the key of a pay-to-public-key script, compressed or not, or undefined. */
export function publicKeyOfOutput(script: Uint8Array): Uint8Array | undefined {
  const keyLength = script.length - 2;
  if (script[0] !== keyLength || script[keyLength + 1] !== Opcode.OP_CHECKSIG) return undefined;
  const key = script.subarray(1, 1 + keyLength);
  return isPublicKeyLength(key) ? key : undefined;
}

/**
 * Returns what a bare multisignature script demands, or undefined if `script` is none: both
 * numbers in shortest form, at most 20 keys of 33 or 65 bytes.
 */
export function parseMultisig(script: Uint8Array): Multisig | undefined {
  if (script.length < 3 || script.at(-1) !== Opcode.OP_CHECKMULTISIG) return undefined;

  const reader = new ScriptReader(script.subarray(0, -1));
  if (!reader.next()) return undefined;
  const required = pushedNumber(reader);
  const publicKeys: Uint8Array[] = [];
  while (reader.next() && isPublicKeyLength(reader.data())) publicKeys.push(reader.data());
  const total = pushedNumber(reader);
  if (reader.isMalformed || reader.next() || reader.isMalformed) return undefined;
  if (required === undefined || required < 1 || total !== publicKeys.length || required > total) {
    return undefined;
  }
  return { required, publicKeys };
}

/** Returns the bare multisignature script; RangeError unless 1 <= required <= keys <= 20. */
export function multisigScript({ required, publicKeys }: Multisig): Uint8Array {
  const total = publicKeys.length;
  if (!Number.isInteger(required) || required < 1 || required > total) {
    throw new RangeError(`${required} of ${total} signatures`);
  }
  if (total > MAX_MULTISIG_KEYS) throw new RangeError(`more than ${MAX_MULTISIG_KEYS} keys`);
  if (!publicKeys.every(isPublicKeyLength)) throw new RangeError("a key has 33 or 65 bytes");

  const builder = new ScriptBuilder().number(required);
  for (const key of publicKeys) builder.data(key);
  return builder.number(total).opcode(Opcode.OP_CHECKMULTISIG).build();
}

/** Returns the script of an output that carries `items` and can never be spent. */
export function nullDataScript(...items: readonly Uint8Array[]): Uint8Array {
  const builder = new ScriptBuilder().opcode(Opcode.OP_RETURN);
  for (const item of items) builder.data(item);
  return builder.build();
}

/** The number that the element last read pushes: an opcode, or one byte for 17 to 20. */
function pushedNumber(reader: ScriptReader): number | undefined {
  const small = smallNumberOf(reader.opcode);
  if (small !== undefined) return small;
  if (reader.opcode !== 1) return undefined;
  const byte = reader.script[reader.dataOffset] as number;
  return byte > 16 && byte <= MAX_MULTISIG_KEYS ? byte : undefined;
}

/** A key's length agrees with its first byte. */
function isPublicKeyLength(key: Uint8Array): boolean {
  const first = key[0];
  if (first === 2 || first === 3) return key.length === 33;
  return key.length === 65 && (first === 4 || first === 6 || first === 7);
}
