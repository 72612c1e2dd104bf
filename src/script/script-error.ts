/**
 * Why a script fails: names as in Bitcoin Core's script_tests.json, and a sentence for each.
 *
 * A failing script is an ordinary outcome and therefore a value, never an exception. Which failures
 * cost their sender anything is not decided here.
 */

/** What a reader is told about each error; the keys are the names. */
const SENTENCES = {
  SCRIPTNUM: "A number in the script is too long or not in its shortest form.",
  EVAL_FALSE: "The script ran to its end but left false or nothing on the stack.",
  OP_RETURN: "The script ran into OP_RETURN: this output can never be spent.",
  SCRIPT_SIZE: "The script is longer than 10,000 bytes.",
  PUSH_SIZE: "The script puts more than 520 bytes into one stack element.",
  OP_COUNT: "The script has more than 201 operations.",
  STACK_SIZE: "The script puts more than 1,000 elements on the stack.",
  SIG_COUNT: "The number of signatures is negative or greater than that of the keys.",
  PUBKEY_COUNT: "The number of keys is negative or greater than 20.",
  VERIFY: "An OP_VERIFY found false.",
  EQUALVERIFY: "Two values that must be equal differ: often the key is not the one hashed.",
  CHECKMULTISIGVERIFY: "An OP_CHECKMULTISIGVERIFY found too few valid signatures.",
  CHECKSIGVERIFY: "An OP_CHECKSIGVERIFY found an invalid signature.",
  NUMEQUALVERIFY: "Two numbers that must be equal differ.",
  BAD_OPCODE: "The script has an opcode that does not exist, or ends within a push.",
  DISABLED_OPCODE: "The script has an opcode that is disabled.",
  INVALID_STACK_OPERATION: "An operation found too few elements on the stack.",
  INVALID_ALTSTACK_OPERATION: "An operation found nothing on the second stack.",
  UNBALANCED_CONDITIONAL: "The script's IF, ELSE and ENDIF do not match.",
  NEGATIVE_LOCKTIME: "A lock time in the script is negative.",
  UNSATISFIED_LOCKTIME: "The transaction's lock is not as late as the script demands.",
  SIG_HASHTYPE: "The hash type of a signature is not defined.",
  SIG_DER: "A signature is not strict DER.",
  MINIMALDATA: "A push does not take its shortest form.",
  SIG_PUSHONLY: "The input script has opcodes other than pushes.",
  SIG_HIGH_S: "The s of a signature is above half the group order.",
  SIG_NULLDUMMY: "The extra element of a multisignature is not empty.",
  PUBKEYTYPE: "A public key is neither compressed nor uncompressed.",
  CLEANSTACK: "The script left more than one element on the stack.",
  MINIMALIF: "What an IF took is neither empty nor a single 1.",
  NULLFAIL: "A signature that fails is not empty.",
  DISCOURAGE_UPGRADABLE_NOPS: "The script has an opcode kept for a later soft fork.",
  DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM: "The output's witness version has no rules yet.",
  DISCOURAGE_UPGRADABLE_TAPROOT_VERSION: "The Taproot leaf's version has no rules yet.",
  DISCOURAGE_OP_SUCCESS: "The Tapscript has an opcode kept for a later soft fork.",
  DISCOURAGE_UPGRADABLE_PUBKEYTYPE: "A Tapscript key is of a kind that has no rules yet.",
  WITNESS_PROGRAM_WRONG_LENGTH: "A version 0 witness program has neither 20 nor 32 bytes.",
  WITNESS_PROGRAM_WITNESS_EMPTY: "The witness that the output demands is missing.",
  WITNESS_PROGRAM_MISMATCH: "The witness does not belong to the output's witness program.",
  WITNESS_MALLEATED: "An input with a native witness output has an input script too.",
  WITNESS_MALLEATED_P2SH: "An input with a nested witness output has more than its one push.",
  WITNESS_UNEXPECTED: "An input has a witness though its output takes none.",
  WITNESS_PUBKEYTYPE: "A public key in a witness script is not compressed.",
  SCHNORR_SIG_SIZE: "A Schnorr signature has neither 64 nor 65 bytes.",
  SCHNORR_SIG_HASHTYPE: "The hash type of a Schnorr signature is not defined or cannot apply.",
  SCHNORR_SIG: "A Schnorr signature is not valid.",
  TAPROOT_WRONG_CONTROL_SIZE: "The Taproot control block has an impossible length.",
  TAPSCRIPT_VALIDATION_WEIGHT: "The Tapscript checks more signatures than its witness pays for.",
  TAPSCRIPT_CHECKMULTISIG: "Tapscript has no OP_CHECKMULTISIG.",
  TAPSCRIPT_MINIMALIF: "What an IF in a Tapscript took is neither empty nor a single 1.",
  TAPSCRIPT_EMPTY_PUBKEY: "A public key in a Tapscript is empty.",
  OP_CODESEPARATOR: "A script without a witness has OP_CODESEPARATOR.",
  SIG_FINDANDDELETE: "A signature occurs within the script that it signs.",
} as const;

/** Why a script fails. */
export type ScriptError = keyof typeof SENTENCES;

/** Returns a plain sentence about `error`. */
export function describeScriptError(error: ScriptError): string {
  return SENTENCES[error];
}
