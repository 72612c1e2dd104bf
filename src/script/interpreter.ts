/**
 * Runs one script on a stack: the limits, and the table of opcodes.
 *
 * How the scripts of an input and an output are put together is the business of verify-script.ts.
 */

import { ARITHMETIC_OPCODES } from "./arithmetic-opcodes.ts";
import { ScriptFlag } from "./flags.ts";
import { FLOW_OPCODES } from "./flow-opcodes.ts";
import { Machine, type MachineParts, type OpcodeHandler } from "./machine.ts";
import { isDisabledOpcode, Opcode } from "./opcodes.ts";
import { isMinimalPush, MAX_SCRIPT_ELEMENT_SIZE, MAX_SCRIPT_SIZE } from "./script.ts";
import type { ScriptError } from "./script-error.ts";
import { SIGNATURE_OPCODES } from "./signature-opcodes.ts";
import { STACK_OPCODES } from "./stack-opcodes.ts";

/** Most elements on both stacks together. */
export const MAX_STACK_SIZE = 1_000;

const HANDLERS = handlerTable();

/**
 * Runs `script` on `stack`, which it changes; returns why it fails, or undefined. What is left on
 * the stack is for the caller to judge. Tapscript's OP_SUCCESSx are the caller's too.
 */
export function evalScript(parts: MachineParts): ScriptError | undefined {
  const isTapscript = parts.sigVersion === "tapscript";
  if (!isTapscript && parts.script.length > MAX_SCRIPT_SIZE) return "SCRIPT_SIZE";

  const machine = new Machine(parts);
  const { altStack, conditions, reader, stack } = machine;
  while (reader.next()) {
    const error = checkLimits(machine, isTapscript) ?? execute(machine);
    if (error !== undefined) return error;
    if (stack.length + altStack.length > MAX_STACK_SIZE) return "STACK_SIZE";
    machine.opcodePosition += 1;
  }
  if (reader.isMalformed) return "BAD_OPCODE";
  return conditions.isEmpty ? undefined : "UNBALANCED_CONDITIONAL";
}

/** What fails even in a branch that is not executed. */
function checkLimits(machine: Machine, isTapscript: boolean): ScriptError | undefined {
  const { opcode, dataLength } = machine.reader;
  if (dataLength > MAX_SCRIPT_ELEMENT_SIZE) return "PUSH_SIZE";
  if (isTapscript || opcode <= Opcode.OP_16) return undefined;
  if (!machine.countOperations(1)) return "OP_COUNT";
  if (isDisabledOpcode(opcode)) return "DISABLED_OPCODE";
  if (
    opcode === Opcode.OP_CODESEPARATOR &&
    machine.sigVersion === "base" &&
    machine.isSet(ScriptFlag.CONST_SCRIPTCODE)
  ) {
    return "OP_CODESEPARATOR";
  }
  return undefined;
}

function execute(machine: Machine): ScriptError | undefined {
  const { opcode } = machine.reader;
  const isExecuting = machine.conditions.areAllTrue;
  if (opcode <= Opcode.OP_PUSHDATA4) {
    return isExecuting ? pushElement(machine, opcode) : undefined;
  }
  // Conditionals are followed in branches that are not executed; the range includes OP_VERIF and
  // OP_VERNOTIF, which therefore fail anywhere.
  if (isExecuting || (opcode >= Opcode.OP_IF && opcode <= Opcode.OP_ENDIF)) {
    return (HANDLERS[opcode] as OpcodeHandler)(machine, opcode);
  }
  return undefined;
}

function pushElement(machine: Machine, opcode: number): ScriptError | undefined {
  const element = machine.reader.data();
  if (machine.isSet(ScriptFlag.MINIMALDATA) && !isMinimalPush(opcode, element))
    return "MINIMALDATA";
  machine.push(element);
  return undefined;
}

function handlerTable(): OpcodeHandler[] {
  const table = Array.from({ length: 256 }, (): OpcodeHandler => () => "BAD_OPCODE");
  for (const handlers of [FLOW_OPCODES, STACK_OPCODES, ARITHMETIC_OPCODES, SIGNATURE_OPCODES]) {
    for (const [opcode, handler] of Object.entries(handlers)) table[Number(opcode)] = handler;
  }
  return table;
}
