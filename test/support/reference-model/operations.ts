/**
 * Scripts as lists of operations, for the reference model: reading them, their numbers, their counts
 * of signature operations (BIP-0016, BIP-0141, BIP-0054).
 *
 * Executes nothing; that is `script-interpreter.ts`.
 */
import { concat, littleEndian } from "./bytes.ts";

/** One operation: its code, what it pushes, and where the next one stands. */
export interface Operation {
  readonly code: number;
  readonly data: Uint8Array;
  readonly next: number;
}

/** Names from 0x61 on, in the order of their codes. */
const NAMES = `NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK
  2DROP 2DUP 3DUP 2OVER 2ROT 2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK
  CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR EQUAL EQUALVERIFY RESERVED1 RESERVED2
  1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD LSHIFT RSHIFT
  BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL
  GREATERTHANOREQUAL MIN MAX WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256 CODESEPARATOR
  CHECKSIG CHECKSIGVERIFY CHECKMULTISIG CHECKMULTISIGVERIFY NOP1 CHECKLOCKTIMEVERIFY
  CHECKSEQUENCEVERIFY NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD`.split(/\s+/);

/** OP_CODESEPARATOR. */
export const CODESEPARATOR = 0xab;

/** The name of an operation above OP_16, or "" where it has none. */
export function nameOf(code: number): string {
  return NAMES[code - 0x61] ?? "";
}

/** The code of a name, or undefined. */
export function codeOf(name: string): number | undefined {
  const index = NAMES.indexOf(name);
  return index < 0 ? undefined : 0x61 + index;
}

/** The operation at `position`, or undefined at the end and where a push runs past it. */
export function readOperation(script: Uint8Array, position: number): Operation | undefined {
  const code = script[position];
  if (code === undefined) return undefined;
  let start = position + 1;
  let length = 0;
  if (code < 0x4c) {
    length = code;
  } else if (code <= 0x4e) {
    const lengthSize = { 76: 1, 77: 2, 78: 4 }[code] ?? 0;
    if (start + lengthSize > script.length) return undefined;
    for (let index = lengthSize - 1; index >= 0; index--) {
      length = length * 256 + (script[start + index] ?? 0);
    }
    start += lengthSize;
  }
  if (start + length > script.length) return undefined;
  return { code, data: script.slice(start, start + length), next: start + length };
}

/** All operations up to the end or to the first that cannot be read, which `isWhole` tells. */
export function readOperations(script: Uint8Array): { list: Operation[]; isWhole: boolean } {
  const list: Operation[] = [];
  let position = 0;
  for (;;) {
    const operation = readOperation(script, position);
    if (operation === undefined) return { list, isWhole: position === script.length };
    list.push(operation);
    position = operation.next;
  }
}

/** A push of `data`, the shortest that says its length; never OP_1 to OP_16. */
export function pushOf(data: Uint8Array): Uint8Array {
  const { length } = data;
  if (length < 0x4c) return concat(littleEndian(length, 1), data);
  if (length < 0x100) return concat(littleEndian(0x4c, 1), littleEndian(length, 1), data);
  return concat(littleEndian(0x4d, 1), littleEndian(length, 2), data);
}

/** A script's number: the least significant byte first, the sign in the highest bit. */
export function encodeNumber(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let left = value < 0n ? -value : value; left > 0n; left >>= 8n)
    bytes.push(Number(left & 255n));
  if ((bytes.at(-1) ?? 0) >= 0x80) bytes.push(0);
  const last = bytes.length - 1;
  if (value < 0n) bytes[last] = (bytes[last] ?? 0) | 0x80;
  return new Uint8Array(bytes);
}

/** The number that bytes spell; any length, any padding. */
export function decodeNumber(bytes: Uint8Array): bigint {
  const digits = [...bytes];
  const last = digits.pop();
  if (last === undefined) return 0n;
  const magnitude = [...digits, last & 0x7f].reduceRight(
    (sum, byte) => sum * 256n + BigInt(byte),
    0n,
  );
  return last >= 0x80 ? -magnitude : magnitude;
}

/** Whether a script only pushes, as P2SH asks of a scriptSig. */
export function isPushOnly(script: Uint8Array): boolean {
  const { list, isWhole } = readOperations(script);
  return isWhole && list.every(({ code }) => code <= 0x60);
}

/** Whether this is the pattern of BIP-0016. */
export function isPayToScriptHash(script: Uint8Array): boolean {
  return script.length === 23 && script[0] === 0xa9 && script[1] === 0x14 && script[22] === 0x87;
}

/** The version and program of BIP-0141, or undefined. */
export function witnessProgram(
  script: Uint8Array,
): { version: number; program: Uint8Array } | undefined {
  const [first = -1, length = -1] = script;
  if (script.length < 4 || script.length > 42 || length !== script.length - 2) return undefined;
  if (first !== 0 && (first < 0x51 || first > 0x60)) return undefined;
  return { version: first === 0 ? 0 : first - 0x50, program: script.slice(2) };
}

/** Signature operations of a script; `isExact` reads the number of keys where it stands before. */
export function countSignatureOperations(script: Uint8Array, isExact: boolean): number {
  let count = 0;
  let before = -1;
  for (const { code } of readOperations(script).list) {
    const name = nameOf(code);
    if (name === "CHECKSIG" || name === "CHECKSIGVERIFY") count += 1;
    if (name === "CHECKMULTISIG" || name === "CHECKMULTISIGVERIFY") {
      count += isExact && before >= 0x51 && before <= 0x60 ? before - 0x50 : 20;
    }
    before = code;
  }
  return count;
}

/** The last thing a script that only pushes pushes; undefined if it does more, or nothing. */
export function redeemScriptOf(scriptSig: Uint8Array): Uint8Array | undefined {
  return isPushOnly(scriptSig) ? readOperations(scriptSig).list.at(-1)?.data : undefined;
}

/** Signature operations of a spent P2SH output's own script (BIP-0016). */
export function countRedeemed(spentScript: Uint8Array, scriptSig: Uint8Array): number {
  if (!isPayToScriptHash(spentScript)) return 0;
  return countSignatureOperations(redeemScriptOf(scriptSig) ?? new Uint8Array(0), true);
}

/** Signature operations of a witness, bare or within P2SH (BIP-0141). */
export function countWitness(
  spentScript: Uint8Array,
  scriptSig: Uint8Array,
  witness: readonly Uint8Array[],
): number {
  const script = isPayToScriptHash(spentScript) ? redeemScriptOf(scriptSig) : spentScript;
  const found = script && witnessProgram(script);
  if (found?.version !== 0) return 0;
  if (found.program.length === 20) return 1;
  const last = witness.at(-1);
  return found.program.length === 32 && last ? countSignatureOperations(last, true) : 0;
}
