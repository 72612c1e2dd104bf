/**
 * Opcodes that push numbers, move elements about, measure and compare them.
 *
 * None looks at the transaction, and none reads an element as a number but PICK and ROLL.
 */

import { equalBytes } from "../lib/bytes.ts";
import type { Machine, OpcodeHandler, OpcodeHandlers } from "./machine.ts";
import { Opcode } from "./opcodes.ts";
import { encodeNumber } from "./script.ts";
import type { ScriptError } from "./script-error.ts";

/** The numbers that have an opcode, from OP_1NEGATE on; the one in the middle is OP_RESERVED's. */
const NUMBERS = Array.from({ length: 18 }, (_, index) => encodeNumber(index - 1));

/** OP_1NEGATE, OP_1 to OP_16, and everything that neither calculates nor hashes. */
export const STACK_OPCODES: OpcodeHandlers = {
  ...numberOpcodes(),
  [Opcode.OP_TOALTSTACK]: needing(1, (machine) => {
    machine.altStack.push(machine.pop());
  }),
  [Opcode.OP_FROMALTSTACK](machine) {
    const element = machine.altStack.pop();
    if (element === undefined) return "INVALID_ALTSTACK_OPERATION";
    machine.push(element);
    return undefined;
  },
  [Opcode.OP_2DROP]: needing(2, (machine) => machine.drop(2)),
  [Opcode.OP_2DUP]: needing(2, (machine) => copy(machine, 2, 2)),
  [Opcode.OP_3DUP]: needing(3, (machine) => copy(machine, 3, 3)),
  [Opcode.OP_2OVER]: needing(4, (machine) => copy(machine, 4, 2)),
  [Opcode.OP_2ROT]: needing(6, (machine) => {
    raise(machine, 6);
    raise(machine, 6);
  }),
  [Opcode.OP_2SWAP]: needing(4, (machine) => {
    raise(machine, 4);
    raise(machine, 4);
  }),
  [Opcode.OP_IFDUP]: needing(1, (machine) => {
    if (machine.boolean(1)) copy(machine, 1, 1);
  }),
  [Opcode.OP_DEPTH]: needing(0, (machine) => machine.pushNumber(machine.stack.length)),
  [Opcode.OP_DROP]: needing(1, (machine) => machine.drop(1)),
  [Opcode.OP_DUP]: needing(1, (machine) => copy(machine, 1, 1)),
  [Opcode.OP_NIP]: needing(2, (machine) => {
    machine.stack.splice(-2, 1);
  }),
  [Opcode.OP_OVER]: needing(2, (machine) => copy(machine, 2, 1)),
  [Opcode.OP_PICK]: (machine) => pickOrRoll(machine, (depth) => copy(machine, depth, 1)),
  [Opcode.OP_ROLL]: (machine) => pickOrRoll(machine, (depth) => raise(machine, depth)),
  [Opcode.OP_ROT]: needing(3, (machine) => raise(machine, 3)),
  [Opcode.OP_SWAP]: needing(2, (machine) => raise(machine, 2)),
  [Opcode.OP_TUCK]: needing(2, (machine) => {
    machine.stack.splice(-2, 0, machine.peek(1));
  }),
  [Opcode.OP_SIZE]: needing(1, (machine) => machine.pushNumber(machine.peek(1).length)),
  [Opcode.OP_EQUAL]: needing(2, (machine) => {
    machine.pushBoolean(equalBytes(machine.pop(), machine.pop()));
  }),
  [Opcode.OP_EQUALVERIFY](machine) {
    if (!machine.has(2)) return "INVALID_STACK_OPERATION";
    return equalBytes(machine.pop(), machine.pop()) ? undefined : "EQUALVERIFY";
  },
};

/** A handler that can fail only where the stack holds fewer than `count` elements. */
function needing(count: number, execute: (machine: Machine) => void): OpcodeHandler {
  return (machine) => {
    if (!machine.has(count)) return "INVALID_STACK_OPERATION";
    execute(machine);
    return undefined;
  };
}

function numberOpcodes(): OpcodeHandlers {
  const handlers: Record<number, OpcodeHandler> = {};
  for (let opcode: number = Opcode.OP_1NEGATE; opcode <= Opcode.OP_16; opcode++) {
    if (opcode === Opcode.OP_RESERVED) continue;
    const number = NUMBERS[opcode - Opcode.OP_1NEGATE] as Uint8Array;
    handlers[opcode] = (machine) => {
      machine.push(number);
      return undefined;
    };
  }
  return handlers;
}

/** Pushes copies of `count` elements, the deepest at `depth`. */
function copy(machine: Machine, depth: number, count: number): void {
  for (let index = 0; index < count; index++) machine.push(machine.peek(depth));
}

/** Moves the element at `depth` to the top. */
function raise({ stack }: Machine, depth: number): void {
  stack.push(...stack.splice(-depth, 1));
}

function pickOrRoll(machine: Machine, move: (depth: number) => void): ScriptError | undefined {
  if (!machine.has(2)) return "INVALID_STACK_OPERATION";
  const index = machine.number(1);
  if (index === undefined) return "SCRIPTNUM";
  machine.drop(1);
  if (index < 0 || index >= machine.stack.length) return "INVALID_STACK_OPERATION";
  move(index + 1);
  return undefined;
}
