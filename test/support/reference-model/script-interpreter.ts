/**
 * Executes one script, for the reference model: legacy, witness version 0 (BIP-0141), or Tapscript
 * (BIP-0342).
 *
 * Failures carry the names of Bitcoin Core's `script_tests.json`. Only rules of consensus are known
 * here; policy (minimal pushes, low S, clean stacks and the like) is not.
 */
import type { Output, Transaction } from "./block-format.ts";
import { concat, hash160, hash256, isEqual, ripemd160, sha1, sha256 } from "./bytes.ts";
import { decodeNumber, encodeNumber, nameOf, pushOf, readOperation } from "./operations.ts";
import {
  isStrictDer,
  legacyHash,
  taprootHash,
  verifyBip340,
  verifyEcdsa,
  witnessHash,
} from "./signatures.ts";

/** A script that fails, with Core's name for how. */
export class ScriptFailure extends Error {}

/** The soft forks that can be switched off, to run published cases of older rules. */
export type Fork =
  | "P2SH"
  | "DERSIG"
  | "NULLDUMMY"
  | "CHECKLOCKTIMEVERIFY"
  | "CHECKSEQUENCEVERIFY"
  | "WITNESS"
  | "TAPROOT";

/** All of them: what every block must obey. */
export const ALL_FORKS: ReadonlySet<Fork> = new Set<Fork>([
  "P2SH",
  "DERSIG",
  "NULLDUMMY",
  "CHECKLOCKTIMEVERIFY",
  "CHECKSEQUENCEVERIFY",
  "WITNESS",
  "TAPROOT",
]);

/** One input of a transaction, with the outputs that all its inputs spend. */
export interface Spend {
  readonly transaction: Transaction;
  readonly index: number;
  readonly spent: readonly Output[];
  readonly forks: ReadonlySet<Fork>;
}

/** What Tapscript needs beside the script; `budget` shrinks by each signature. */
export interface Tapscript {
  readonly leafHash: Uint8Array;
  readonly annex: Uint8Array | undefined;
  budget: number;
}

/** Which rules and which hash a script has. */
export type Kind = "legacy" | "witness-v0" | "tapscript";
/** What scripts work on; the last is the top. */
export type Stack = Uint8Array[];

const TRUE = new Uint8Array([1]);
const FALSE = new Uint8Array(0);
const DISABLED = new Set(
  "CAT SUBSTR LEFT RIGHT INVERT AND OR XOR 2MUL 2DIV MUL DIV MOD LSHIFT RSHIFT".split(" "),
);
const CONDITIONALS = new Set(["IF", "NOTIF", "VERIF", "VERNOTIF", "ELSE", "ENDIF"]);

/** Ends a script. */
export function fail(name: string): never {
  throw new ScriptFailure(name);
}

/** Throws ScriptFailure unless `signature` signs the input, in a script or, without `leaf`, by key. */
export function checkTaprootSignature(
  key: Uint8Array,
  signature: Uint8Array,
  { transaction, index, spent }: Spend,
  annex: Uint8Array | undefined,
  leaf?: { leafHash: Uint8Array; separatorPosition: number },
): void {
  if (signature.length !== 64 && signature.length !== 65) fail("SCHNORR_SIG_SIZE");
  const hashType = signature[64] ?? 0;
  if (signature.length === 65 && hashType === 0) fail("SCHNORR_SIG_HASHTYPE");
  const hash = taprootHash(transaction, index, spent, hashType, { annex, ...leaf });
  if (hash === undefined) fail("SCHNORR_SIG_HASHTYPE");
  if (!verifyBip340(hash, key, signature.slice(0, 64))) fail("SCHNORR_SIG");
}

/** Whether bytes are true: anything but zero, of either sign. */
export function isTrue(bytes: Uint8Array | undefined): boolean {
  return bytes !== undefined && decodeNumber(bytes) !== 0n;
}

/** Runs a script on a stack, which it changes; throws ScriptFailure. */
export function execute(
  stack: Stack,
  script: Uint8Array,
  spend: Spend,
  kind: Kind,
  tapscript?: Tapscript,
): void {
  const isTapscript = kind === "tapscript";
  if (!isTapscript && script.length > 10_000) fail("SCRIPT_SIZE");
  const { transaction, index, spent, forks } = spend;
  const input = transaction.inputs[index];
  const coin = spent[index];
  if (input === undefined || coin === undefined) throw new Error("no such input");
  const alternative: Stack = [];
  const conditions: boolean[] = [];
  let counted = 0;
  let codeStart = 0;
  let separatorPosition = 0xffffffff;

  const need = (count: number) => {
    if (stack.length < count) fail("INVALID_STACK_OPERATION");
  };
  const top = (depth: number) => stack.at(-depth) as Uint8Array;
  const pop = () => {
    need(1);
    return stack.pop() as Uint8Array;
  };
  const push = (item: Uint8Array | bigint | boolean) => {
    if (typeof item === "bigint") stack.push(encodeNumber(item));
    else if (typeof item === "boolean") stack.push(item ? TRUE : FALSE);
    else stack.push(item);
  };
  const numberOf = (bytes: Uint8Array, maxSize = 4) => {
    if (bytes.length > maxSize) fail("UNKNOWN_ERROR");
    return decodeNumber(bytes);
  };
  const verify = (name: string) => {
    if (!isTrue(stack.pop())) fail(name);
  };

  /** A signature's verdict before Tapscript. `code` is what it signs. */
  const checkEcdsa = (signature: Uint8Array, key: Uint8Array, code: Uint8Array) => {
    if (signature.length === 0) return false;
    if (!isStrictDer(signature)) {
      if (forks.has("DERSIG")) fail("SIG_DER");
      return false;
    }
    const hashType = signature.at(-1) as number;
    const hash =
      kind === "legacy"
        ? legacyHash(transaction, index, code, hashType)
        : witnessHash(transaction, index, code, coin.value, hashType);
    return verifyEcdsa(hash, key, signature.slice(0, -1));
  };
  /** What signatures of a legacy script sign has none of them in it. */
  const codeWithout = (signatures: readonly Uint8Array[]) => {
    const code = script.slice(codeStart);
    if (kind !== "legacy") return code;
    return signatures.reduce((left, signature) => withoutPush(left, pushOf(signature)), code);
  };
  /** A signature's verdict in Tapscript: an empty one is false, a wrong one ends the script. */
  const checkTapscript = (signature: Uint8Array, key: Uint8Array) => {
    if (tapscript === undefined) throw new Error("not a Tapscript");
    const isSigned = signature.length > 0;
    if (isSigned) tapscript.budget -= 50;
    if (tapscript.budget < 0) fail("TAPSCRIPT_VALIDATION_WEIGHT");
    if (key.length === 0) fail("TAPSCRIPT_EMPTY_PUBKEY");
    if (isSigned && key.length === 32) {
      const { leafHash, annex } = tapscript;
      checkTaprootSignature(key, signature, spend, annex, { leafHash, separatorPosition });
    }
    return isSigned;
  };
  const checkMultisig = () => {
    if (isTapscript) fail("TAPSCRIPT_CHECKMULTISIG");
    const keyCount = Number(numberOf(pop()));
    if (keyCount < 0 || keyCount > 20) fail("PUBKEY_COUNT");
    counted += keyCount;
    if (counted > 201) fail("OP_COUNT");
    need(keyCount + 1);
    const keys = stack.splice(stack.length - keyCount, keyCount);
    const signatureCount = Number(numberOf(pop()));
    if (signatureCount < 0 || signatureCount > keyCount) fail("SIG_COUNT");
    need(signatureCount + 1);
    const signatures = stack.splice(stack.length - signatureCount, signatureCount);
    const code = codeWithout([...signatures].reverse());
    // From the last to the first; each key is tried once.
    while (signatures.length > 0 && signatures.length <= keys.length) {
      const key = keys.pop() as Uint8Array;
      if (checkEcdsa(signatures.at(-1) as Uint8Array, key, code)) signatures.pop();
    }
    const dummy = pop();
    if (forks.has("NULLDUMMY") && dummy.length > 0) fail("SIG_NULLDUMMY");
    push(signatures.length === 0);
  };
  const checkLockTime = () => {
    need(1);
    const wanted = numberOf(top(1), 5);
    if (wanted < 0n) fail("NEGATIVE_LOCKTIME");
    const lockTime = BigInt(transaction.lockTime);
    const isSameKind = wanted < 500_000_000n === lockTime < 500_000_000n;
    if (!isSameKind || wanted > lockTime || input.sequence === 0xffffffff) {
      fail("UNSATISFIED_LOCKTIME");
    }
  };
  const checkSequence = () => {
    need(1);
    const wanted = numberOf(top(1), 5);
    if (wanted < 0n) fail("NEGATIVE_LOCKTIME");
    if (wanted & (1n << 31n)) return;
    const sequence = BigInt(input.sequence);
    const isOff = transaction.version < 2 || (sequence & (1n << 31n)) !== 0n;
    const kindBit = 1n << 22n;
    const isSameKind = (wanted & kindBit) === (sequence & kindBit);
    if (isOff || !isSameKind || (wanted & 0xffffn) > (sequence & 0xffffn)) {
      fail("UNSATISFIED_LOCKTIME");
    }
  };
  const unary = (result: (a: bigint) => bigint | boolean) => push(result(numberOf(pop())));
  const binary = (result: (a: bigint, b: bigint) => bigint | boolean) => {
    need(2);
    const b = numberOf(pop());
    push(result(numberOf(pop()), b));
  };
  const hash = (result: (bytes: Uint8Array) => Uint8Array) => push(result(pop()));

  const step = (name: string, code: number) => {
    if (code === 0x4f) return push(-1n);
    if (code >= 0x51 && code <= 0x60) return push(BigInt(code - 0x50));
    switch (name) {
      case "NOP":
      case "NOP1":
      case "NOP4":
      case "NOP5":
      case "NOP6":
      case "NOP7":
      case "NOP8":
      case "NOP9":
      case "NOP10":
        return;
      case "CHECKLOCKTIMEVERIFY":
        return forks.has("CHECKLOCKTIMEVERIFY") ? checkLockTime() : undefined;
      case "CHECKSEQUENCEVERIFY":
        return forks.has("CHECKSEQUENCEVERIFY") ? checkSequence() : undefined;
      case "IF":
      case "NOTIF": {
        let isTaken = false;
        if (!conditions.includes(false)) {
          const item = stack.pop() ?? fail("UNBALANCED_CONDITIONAL");
          const isMinimal = item.length === 0 || (item.length === 1 && item[0] === 1);
          if (isTapscript && !isMinimal) fail("TAPSCRIPT_MINIMALIF");
          isTaken = isTrue(item) === (name === "IF");
        }
        return conditions.push(isTaken);
      }
      case "ELSE":
        return conditions.push(!(conditions.pop() ?? fail("UNBALANCED_CONDITIONAL")));
      case "ENDIF":
        return conditions.pop() ?? fail("UNBALANCED_CONDITIONAL");
      case "VERIFY":
        need(1);
        return verify("VERIFY");
      case "RETURN":
        return fail("OP_RETURN");
      case "TOALTSTACK":
        return alternative.push(pop());
      case "FROMALTSTACK":
        return push(alternative.pop() ?? fail("INVALID_ALTSTACK_OPERATION"));
      case "2DROP":
        need(2);
        return stack.splice(-2);
      case "2DUP":
        need(2);
        return stack.push(...stack.slice(-2));
      case "3DUP":
        need(3);
        return stack.push(...stack.slice(-3));
      case "2OVER":
        need(4);
        return stack.push(...stack.slice(-4, -2));
      case "2ROT":
        need(6);
        return stack.push(...stack.splice(-6, 2));
      case "2SWAP":
        need(4);
        return stack.push(...stack.splice(-4, 2));
      case "IFDUP":
        need(1);
        return isTrue(top(1)) ? push(top(1)) : undefined;
      case "DEPTH":
        return push(BigInt(stack.length));
      case "DROP":
        return pop();
      case "DUP":
        need(1);
        return push(top(1));
      case "NIP":
        need(2);
        return stack.splice(-2, 1);
      case "OVER":
        need(2);
        return push(top(2));
      case "PICK":
      case "ROLL": {
        need(2);
        const depth = Number(numberOf(pop()));
        if (depth < 0 || depth >= stack.length) fail("INVALID_STACK_OPERATION");
        const item = top(depth + 1);
        if (name === "ROLL") stack.splice(-depth - 1, 1);
        return push(item);
      }
      case "ROT":
        need(3);
        return stack.push(...stack.splice(-3, 1));
      case "SWAP":
        need(2);
        return stack.push(...stack.splice(-2, 1));
      case "TUCK":
        need(2);
        return stack.splice(-2, 0, top(1));
      case "SIZE":
        need(1);
        return push(BigInt(top(1).length));
      case "EQUAL":
      case "EQUALVERIFY":
        need(2);
        push(isEqual(pop(), pop()));
        return name === "EQUALVERIFY" ? verify(name) : undefined;
      case "1ADD":
        return unary((a) => a + 1n);
      case "1SUB":
        return unary((a) => a - 1n);
      case "NEGATE":
        return unary((a) => -a);
      case "ABS":
        return unary((a) => (a < 0n ? -a : a));
      case "NOT":
        return unary((a) => a === 0n);
      case "0NOTEQUAL":
        return unary((a) => a !== 0n);
      case "ADD":
        return binary((a, b) => a + b);
      case "SUB":
        return binary((a, b) => a - b);
      case "BOOLAND":
        return binary((a, b) => a !== 0n && b !== 0n);
      case "BOOLOR":
        return binary((a, b) => a !== 0n || b !== 0n);
      case "NUMEQUAL":
        return binary((a, b) => a === b);
      case "NUMEQUALVERIFY":
        binary((a, b) => a === b);
        return verify(name);
      case "NUMNOTEQUAL":
        return binary((a, b) => a !== b);
      case "LESSTHAN":
        return binary((a, b) => a < b);
      case "GREATERTHAN":
        return binary((a, b) => a > b);
      case "LESSTHANOREQUAL":
        return binary((a, b) => a <= b);
      case "GREATERTHANOREQUAL":
        return binary((a, b) => a >= b);
      case "MIN":
        return binary((a, b) => smaller(a, b));
      case "MAX":
        return binary((a, b) => -smaller(-a, -b));
      case "WITHIN": {
        need(3);
        const [x, low, high] = stack.splice(-3).map((item) => numberOf(item)) as [
          bigint,
          bigint,
          bigint,
        ];
        return push(low <= x && x < high);
      }
      case "RIPEMD160":
        return hash(ripemd160);
      case "SHA1":
        return hash(sha1);
      case "SHA256":
        return hash((bytes) => sha256(bytes));
      case "HASH160":
        return hash(hash160);
      case "HASH256":
        return hash((bytes) => hash256(bytes));
      case "CHECKSIG":
      case "CHECKSIGVERIFY": {
        need(2);
        const key = pop();
        const signature = pop();
        push(
          isTapscript
            ? checkTapscript(signature, key)
            : checkEcdsa(signature, key, codeWithout([signature])),
        );
        return name === "CHECKSIGVERIFY" ? verify(name) : undefined;
      }
      case "CHECKSIGADD": {
        if (!isTapscript) fail("BAD_OPCODE");
        need(3);
        const key = pop();
        const sum = numberOf(pop());
        return push(sum + (checkTapscript(pop(), key) ? 1n : 0n));
      }
      case "CHECKMULTISIG":
      case "CHECKMULTISIGVERIFY":
        checkMultisig();
        return name === "CHECKMULTISIGVERIFY" ? verify(name) : undefined;
      default:
        return fail("BAD_OPCODE");
    }
  };

  let position = 0;
  for (let ordinal = 0; position < script.length; ordinal++) {
    const operation = readOperation(script, position) ?? fail("BAD_OPCODE");
    const { code, data } = operation;
    position = operation.next;
    const name = nameOf(code);
    const isExecuted = !conditions.includes(false);
    if (data.length > 520) fail("PUSH_SIZE");
    if (!isTapscript && code > 0x60 && ++counted > 201) fail("OP_COUNT");
    if (DISABLED.has(name)) fail("DISABLED_OPCODE");
    if (isExecuted && code <= 0x4e) {
      push(data);
    } else if (isExecuted && name === "CODESEPARATOR") {
      codeStart = position;
      separatorPosition = ordinal;
    } else if (isExecuted || CONDITIONALS.has(name)) {
      step(name, code);
    }
    if (stack.length + alternative.length > 1000) fail("STACK_SIZE");
  }
  if (conditions.length > 0) fail("UNBALANCED_CONDITIONAL");
}

/** A script without a push, wherever an operation begins with it (FindAndDelete). */
function withoutPush(script: Uint8Array, push: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  let position = 0;
  for (;;) {
    while (isEqual(script.slice(position, position + push.length), push)) position += push.length;
    const operation = readOperation(script, position);
    if (operation === undefined) return concat(...kept, script.slice(position));
    kept.push(script.slice(position, operation.next));
    position = operation.next;
  }
}

function smaller(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}
