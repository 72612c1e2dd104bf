/**
 * Opcodes that decide what is executed, that do nothing, or that end the script; and the locks,
 * which took the place of opcodes that did nothing.
 */

import { ScriptFlag } from "./flags.ts";
import type { Machine, OpcodeHandlers } from "./machine.ts";
import { Opcode } from "./opcodes.ts";
import type { ScriptError } from "./script-error.ts";
import { SEQUENCE_LOCKTIME_DISABLE_FLAG } from "./signature-checker.ts";

/** Longest lock time in a script, in bytes: a u32 takes 5 with its sign (BIP-0065). */
const LOCK_NUMBER_LENGTH = 5;

/** NOP, the conditionals, VERIFY, RETURN, and the locks of BIP-0065 and BIP-0112. */
export const FLOW_OPCODES: OpcodeHandlers = {
  [Opcode.OP_NOP]: () => undefined,
  [Opcode.OP_IF]: (machine) => beginCondition(machine, true),
  [Opcode.OP_NOTIF]: (machine) => beginCondition(machine, false),
  [Opcode.OP_ELSE]({ conditions }) {
    if (conditions.isEmpty) return "UNBALANCED_CONDITIONAL";
    conditions.toggle();
    return undefined;
  },
  [Opcode.OP_ENDIF]({ conditions }) {
    if (conditions.isEmpty) return "UNBALANCED_CONDITIONAL";
    conditions.pop();
    return undefined;
  },
  [Opcode.OP_VERIFY](machine) {
    if (!machine.has(1)) return "INVALID_STACK_OPERATION";
    if (!machine.boolean(1)) return "VERIFY";
    machine.drop(1);
    return undefined;
  },
  [Opcode.OP_RETURN]: () => "OP_RETURN",
  [Opcode.OP_CHECKLOCKTIMEVERIFY]: checkLockTime,
  [Opcode.OP_CHECKSEQUENCEVERIFY]: checkSequence,
  [Opcode.OP_NOP1]: upgradableNop,
  [Opcode.OP_NOP4]: upgradableNop,
  [Opcode.OP_NOP5]: upgradableNop,
  [Opcode.OP_NOP6]: upgradableNop,
  [Opcode.OP_NOP7]: upgradableNop,
  [Opcode.OP_NOP8]: upgradableNop,
  [Opcode.OP_NOP9]: upgradableNop,
  [Opcode.OP_NOP10]: upgradableNop,
};

function beginCondition(machine: Machine, wanted: boolean): ScriptError | undefined {
  const { conditions } = machine;
  // Within a branch that is not executed only the nesting is followed.
  if (!conditions.areAllTrue) {
    conditions.push(false);
    return undefined;
  }
  if (!machine.has(1)) return "UNBALANCED_CONDITIONAL";
  if (!isMinimalCondition(machine.peek(1))) {
    if (machine.sigVersion === "tapscript") return "TAPSCRIPT_MINIMALIF";
    if (machine.sigVersion === "witness-v0" && machine.isSet(ScriptFlag.MINIMALIF)) {
      return "MINIMALIF";
    }
  }
  conditions.push(machine.boolean(1) === wanted);
  machine.drop(1);
  return undefined;
}

function isMinimalCondition(element: Uint8Array): boolean {
  return element.length === 0 || (element.length === 1 && element[0] === 1);
}

function upgradableNop(machine: Machine): ScriptError | undefined {
  return machine.isSet(ScriptFlag.DISCOURAGE_UPGRADABLE_NOPS)
    ? "DISCOURAGE_UPGRADABLE_NOPS"
    : undefined;
}

/** Leaves its argument on the stack, as the opcode that did nothing would. */
function checkLockTime(machine: Machine): ScriptError | undefined {
  if (!machine.isSet(ScriptFlag.CHECKLOCKTIMEVERIFY)) return upgradableNop(machine);
  if (!machine.has(1)) return "INVALID_STACK_OPERATION";
  const lockTime = machine.number(1, LOCK_NUMBER_LENGTH);
  if (lockTime === undefined) return "SCRIPTNUM";
  if (lockTime < 0) return "NEGATIVE_LOCKTIME";
  return machine.checker.checkLockTime(lockTime) ? undefined : "UNSATISFIED_LOCKTIME";
}

function checkSequence(machine: Machine): ScriptError | undefined {
  if (!machine.isSet(ScriptFlag.CHECKSEQUENCEVERIFY)) return upgradableNop(machine);
  if (!machine.has(1)) return "INVALID_STACK_OPERATION";
  const sequence = machine.number(1, LOCK_NUMBER_LENGTH);
  if (sequence === undefined) return "SCRIPTNUM";
  if (sequence < 0) return "NEGATIVE_LOCKTIME";
  // BIP-0112: with this bit the opcode does nothing, which leaves room for soft forks.
  if ((sequence & SEQUENCE_LOCKTIME_DISABLE_FLAG) !== 0) return undefined;
  return machine.checker.checkSequence(sequence) ? undefined : "UNSATISFIED_LOCKTIME";
}
