/**
 * Opcodes that calculate. Operands are numbers of at most 4 bytes; a result may take 5, and then
 * can be looked at but not calculated with.
 */

import type { Machine, OpcodeHandler, OpcodeHandlers } from "./machine.ts";
import { Opcode } from "./opcodes.ts";
import type { ScriptError } from "./script-error.ts";

/** Everything that takes numbers and gives a number. */
export const ARITHMETIC_OPCODES: OpcodeHandlers = {
  [Opcode.OP_1ADD]: unary((a) => a + 1),
  [Opcode.OP_1SUB]: unary((a) => a - 1),
  [Opcode.OP_NEGATE]: unary((a) => -a),
  [Opcode.OP_ABS]: unary(Math.abs),
  [Opcode.OP_NOT]: unary((a) => Number(a === 0)),
  [Opcode.OP_0NOTEQUAL]: unary((a) => Number(a !== 0)),
  [Opcode.OP_ADD]: binary((a, b) => a + b),
  [Opcode.OP_SUB]: binary((a, b) => a - b),
  [Opcode.OP_BOOLAND]: binary((a, b) => Number(a !== 0 && b !== 0)),
  [Opcode.OP_BOOLOR]: binary((a, b) => Number(a !== 0 || b !== 0)),
  [Opcode.OP_NUMEQUAL]: binary((a, b) => Number(a === b)),
  [Opcode.OP_NUMEQUALVERIFY]: numEqualVerify,
  [Opcode.OP_NUMNOTEQUAL]: binary((a, b) => Number(a !== b)),
  [Opcode.OP_LESSTHAN]: binary((a, b) => Number(a < b)),
  [Opcode.OP_GREATERTHAN]: binary((a, b) => Number(a > b)),
  [Opcode.OP_LESSTHANOREQUAL]: binary((a, b) => Number(a <= b)),
  [Opcode.OP_GREATERTHANOREQUAL]: binary((a, b) => Number(a >= b)),
  [Opcode.OP_MIN]: binary(Math.min),
  [Opcode.OP_MAX]: binary(Math.max),
  [Opcode.OP_WITHIN]: within,
};

function unary(calculate: (a: number) => number): OpcodeHandler {
  return (machine) => {
    if (!machine.has(1)) return "INVALID_STACK_OPERATION";
    const a = machine.number(1);
    if (a === undefined) return "SCRIPTNUM";
    machine.drop(1);
    machine.pushNumber(calculate(a));
    return undefined;
  };
}

function binary(calculate: (a: number, b: number) => number): OpcodeHandler {
  return (machine) => {
    if (!machine.has(2)) return "INVALID_STACK_OPERATION";
    const a = machine.number(2);
    const b = machine.number(1);
    if (a === undefined || b === undefined) return "SCRIPTNUM";
    machine.drop(2);
    machine.pushNumber(calculate(a, b));
    return undefined;
  };
}

function numEqualVerify(machine: Machine): ScriptError | undefined {
  if (!machine.has(2)) return "INVALID_STACK_OPERATION";
  const a = machine.number(2);
  const b = machine.number(1);
  if (a === undefined || b === undefined) return "SCRIPTNUM";
  machine.drop(2);
  return a === b ? undefined : "NUMEQUALVERIFY";
}

/** The upper bound is not within. */
function within(machine: Machine): ScriptError | undefined {
  if (!machine.has(3)) return "INVALID_STACK_OPERATION";
  const value = machine.number(3);
  const least = machine.number(2);
  const bound = machine.number(1);
  if (value === undefined || least === undefined || bound === undefined) return "SCRIPTNUM";
  machine.drop(3);
  machine.pushBoolean(least <= value && value < bound);
  return undefined;
}
