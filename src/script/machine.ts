/**
 * The state of one running script: its stacks, its conditions, and where it is.
 *
 * Opcodes are functions on a Machine. Elements are never changed in place, so that a stack may hold
 * views of the script and one constant many times.
 */

import {
  NO_CODE_SEPARATOR,
  type RuleSet,
  type SigVersion,
  type TaprootExecution,
} from "./execution.ts";
import { ScriptFlag, type ScriptFlags } from "./flags.ts";
import { decodeBoolean, decodeNumber, encodeNumber, ScriptReader } from "./script.ts";
import type { ScriptError } from "./script-error.ts";
import type { SignatureChecker } from "./signature-checker.ts";

/** Executes one opcode; returns why the script fails at it, or undefined. */
export type OpcodeHandler = (machine: Machine, opcode: number) => ScriptError | undefined;

/** Handlers by opcode. */
export type OpcodeHandlers = Readonly<Record<number, OpcodeHandler>>;

/** Most operations in one script outside Tapscript, counting each key of a multisignature. */
export const MAX_OPERATIONS = 201;

/** The elements that stand for truth and falsehood. */
export const TRUE = Uint8Array.of(1);
export const FALSE = new Uint8Array(0);

/** How a script is to be run. */
export type MachineParts = RuleSet & {
  readonly script: Uint8Array;
  readonly stack: Uint8Array[];
  readonly flags: ScriptFlags;
  readonly checker: SignatureChecker;
};

/** One script while it runs. */
export class Machine {
  readonly stack: Uint8Array[];
  readonly altStack: Uint8Array[] = [];
  readonly conditions = new ConditionStack();
  readonly reader: ScriptReader;
  readonly flags: ScriptFlags;
  readonly checker: SignatureChecker;
  readonly sigVersion: SigVersion;
  readonly taproot: TaprootExecution | undefined;
  /** Opcodes read before the one that is executed. */
  opcodePosition = 0;
  #operationCount = 0;
  #scriptCode: Uint8Array;

  constructor(parts: MachineParts) {
    this.stack = parts.stack;
    this.reader = new ScriptReader(parts.script);
    this.flags = parts.flags;
    this.checker = parts.checker;
    this.sigVersion = parts.sigVersion;
    this.taproot = parts.taproot;
    this.#scriptCode = parts.script;
  }

  /** The script from the last executed OP_CODESEPARATOR on; the same object until the next one. */
  get scriptCode(): Uint8Array {
    return this.#scriptCode;
  }

  /** True if any of `flags` applies. */
  isSet(flags: ScriptFlags): boolean {
    return (this.flags & flags) !== 0;
  }

  /** True if the stack holds at least `count` elements. */
  has(count: number): boolean {
    return this.stack.length >= count;
  }

  /** Returns the element at `depth`, 1 being the top; it must be there. */
  peek(depth: number): Uint8Array {
    return this.stack[this.stack.length - depth] as Uint8Array;
  }

  /** Removes and returns the top element; it must be there. */
  pop(): Uint8Array {
    return this.stack.pop() as Uint8Array;
  }

  /** Removes the `count` top elements. */
  drop(count: number): void {
    this.stack.length -= count;
  }

  push(element: Uint8Array): void {
    this.stack.push(element);
  }

  pushBoolean(value: boolean): void {
    this.stack.push(value ? TRUE : FALSE);
  }

  pushNumber(value: number): void {
    this.stack.push(encodeNumber(value));
  }

  /** Returns the number at `depth`, or undefined if it is too long or not in its shortest form. */
  number(depth: number, maxLength?: number): number | undefined {
    return decodeNumber(this.peek(depth), this.isSet(ScriptFlag.MINIMALDATA), maxLength);
  }

  /** Returns the truth of the element at `depth`. */
  boolean(depth: number): boolean {
    return decodeBoolean(this.peek(depth));
  }

  /** Counts operations; false once there are more than 201. */
  countOperations(count: number): boolean {
    this.#operationCount += count;
    return this.#operationCount <= MAX_OPERATIONS;
  }

  /** Lets the code that signatures sign begin after the opcode that is executed. */
  separateCode(): void {
    this.#scriptCode = this.reader.script.subarray(this.reader.offset);
    if (this.taproot !== undefined) this.taproot.codeSeparatorPosition = this.opcodePosition;
  }
}

/**
 * The conditions that the opcode being read stands in. Only their number and the first false one
 * matter, so that no script makes asking for them slow.
 */
class ConditionStack {
  #size = 0;
  #firstFalse = NO_CONDITION;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** True if the opcode being read is to be executed. */
  get areAllTrue(): boolean {
    return this.#firstFalse === NO_CONDITION;
  }

  push(value: boolean): void {
    if (!value && this.#firstFalse === NO_CONDITION) this.#firstFalse = this.#size;
    this.#size += 1;
  }

  /** Ends the innermost condition; there must be one. */
  pop(): void {
    this.#size -= 1;
    if (this.#firstFalse === this.#size) this.#firstFalse = NO_CONDITION;
  }

  /** Turns the innermost condition around; there must be one. */
  toggle(): void {
    const innermost = this.#size - 1;
    if (this.#firstFalse === NO_CONDITION) this.#firstFalse = innermost;
    else if (this.#firstFalse === innermost) this.#firstFalse = NO_CONDITION;
    // Below a false condition further out, the innermost one makes no difference.
  }
}

const NO_CONDITION = -1;

/** Returns the state in which a Tapscript or a Taproot key spend begins. */
export function startTaproot(
  annexHash: Uint8Array | undefined,
  leafHash: Uint8Array | undefined,
  validationWeightLeft: number,
): TaprootExecution {
  return { annexHash, leafHash, codeSeparatorPosition: NO_CODE_SEPARATOR, validationWeightLeft };
}
