/**
 * Which script rules apply, as bit flags: each soft fork and each relay rule is one.
 *
 * Names and meanings are Bitcoin Core's (SCRIPT_VERIFY_*). Which flags hold for a block or for the
 * mempool is decided by the callers, from the two sets at the end.
 */

/** A set of the flags below, or-ed together. */
export type ScriptFlags = number;

/** Every flag by name; a set of them is the names' values or-ed. */
export const ScriptFlag = {
  /** BIP-0016: the redeem script of a pay-to-script-hash output is run. */
  P2SH: 1 << 0,
  /** Signatures and keys have a defined form, hash types a defined value. */
  STRICTENC: 1 << 1,
  /** BIP-0066: signatures are strict DER. */
  DERSIG: 1 << 2,
  /** BIP-0062 rule 5: the s of a signature is at most half the group order. */
  LOW_S: 1 << 3,
  /** BIP-0147: the element that CHECKMULTISIG takes too many is empty. */
  NULLDUMMY: 1 << 4,
  /** BIP-0062 rule 2: the scriptSig consists of pushes alone. */
  SIGPUSHONLY: 1 << 5,
  /** BIP-0062 rules 3 and 4: pushes and numbers take their shortest form. */
  MINIMALDATA: 1 << 6,
  /** Opcodes kept for soft forks fail. */
  DISCOURAGE_UPGRADABLE_NOPS: 1 << 7,
  /** BIP-0062 rule 6: exactly one element is left. Needs P2SH and WITNESS. */
  CLEANSTACK: 1 << 8,
  /** BIP-0065: OP_CHECKLOCKTIMEVERIFY. */
  CHECKLOCKTIMEVERIFY: 1 << 9,
  /** BIP-0112: OP_CHECKSEQUENCEVERIFY. */
  CHECKSEQUENCEVERIFY: 1 << 10,
  /** BIP-0141: witness programs. Needs P2SH. */
  WITNESS: 1 << 11,
  /** Witness programs of versions without rules fail. */
  DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM: 1 << 12,
  /** What OP_IF takes in a version 0 witness script is empty or a single 1. */
  MINIMALIF: 1 << 13,
  /** BIP-0146: a signature that fails is empty. */
  NULLFAIL: 1 << 14,
  /** Keys in version 0 witness scripts are compressed. */
  WITNESS_PUBKEYTYPE: 1 << 15,
  /** OP_CODESEPARATOR and FindAndDelete fail in scripts without a witness. */
  CONST_SCRIPTCODE: 1 << 16,
  /** BIP-0341 and BIP-0342: Taproot and Tapscript. */
  TAPROOT: 1 << 17,
  /** Leaf versions without rules fail. */
  DISCOURAGE_UPGRADABLE_TAPROOT_VERSION: 1 << 18,
  /** The opcodes that make a Tapscript valid at once fail. */
  DISCOURAGE_OP_SUCCESS: 1 << 19,
  /** Tapscript keys of a kind without rules fail. */
  DISCOURAGE_UPGRADABLE_PUBKEYTYPE: 1 << 20,
} as const;

/** The name of a flag. */
export type ScriptFlagName = keyof typeof ScriptFlag;

/** No rule beyond the original ones. */
export const NO_FLAGS: ScriptFlags = 0;

/** The rules of consensus: all soft forks, buried, on every network from block 1. */
export const MANDATORY_FLAGS: ScriptFlags =
  ScriptFlag.P2SH |
  ScriptFlag.DERSIG |
  ScriptFlag.NULLDUMMY |
  ScriptFlag.CHECKLOCKTIMEVERIFY |
  ScriptFlag.CHECKSEQUENCEVERIFY |
  ScriptFlag.WITNESS |
  ScriptFlag.TAPROOT;

/** The rules of relay: those of consensus, and what keeps third parties from changing a txid or
 * soft forks from surprising their users. Includes all of MANDATORY_FLAGS. */
export const STANDARD_FLAGS: ScriptFlags =
  MANDATORY_FLAGS |
  ScriptFlag.STRICTENC |
  ScriptFlag.MINIMALDATA |
  ScriptFlag.DISCOURAGE_UPGRADABLE_NOPS |
  ScriptFlag.CLEANSTACK |
  ScriptFlag.MINIMALIF |
  ScriptFlag.NULLFAIL |
  ScriptFlag.LOW_S |
  ScriptFlag.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM |
  ScriptFlag.WITNESS_PUBKEYTYPE |
  ScriptFlag.CONST_SCRIPTCODE |
  ScriptFlag.DISCOURAGE_UPGRADABLE_TAPROOT_VERSION |
  ScriptFlag.DISCOURAGE_OP_SUCCESS |
  ScriptFlag.DISCOURAGE_UPGRADABLE_PUBKEYTYPE;
