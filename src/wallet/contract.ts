/**
 * Contracts: coins behind a script of one or two branches, each of which is a number of signatures,
 * and perhaps a lock and a secret. What a branch asks for stands here once, as script and miniscript.
 *
 * Which contracts there are is the business of contract-templates.ts; how they are spent, of
 * contract-spend.ts. Scripts are what miniscript makes of the same words, so that other wallets can
 * watch and spend these coins by their descriptor.
 */

import { sha256 } from "../crypto/hash.ts";
import { compareBytes, toHex } from "../lib/bytes.ts";
import type { JsonObject } from "../lib/json.ts";
import { scriptOf } from "../primitives/address.ts";
import { Opcode } from "../script/opcodes.ts";
import { ScriptBuilder } from "../script/script.ts";
import { ContractError } from "./contract-error.ts";
import { isRelative, type Lock, lockNumber } from "./contract-lock.ts";

/** The contracts that can be made. */
export type TemplateName = "multisig" | "timelock" | "htlc" | "escrow" | "inheritance";

/** The ways to spend: what a branch is called does not change what it asks for. */
export type BranchName = "spend" | "claim" | "refund" | "owner" | "heirs";

/** Bytes of the secret of a hash lock, and of its hash. */
export const PREIMAGE_LENGTH = 32;

/** Somebody who can sign, with the part that the template gives them: "buyer", "heir 2". */
export interface ContractParty {
  readonly role: string;
  readonly name: string;
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
}

/** One way to spend; all that it names is needed. */
export interface ContractBranch {
  readonly name: BranchName;
  /** In the order given; the script has its own, see `partiesByKey`. */
  readonly parties: readonly ContractParty[];
  /** How many of the parties must sign. */
  readonly threshold: number;
  readonly lock?: Lock;
  /** SHA-256 of a secret of PREIMAGE_LENGTH bytes, which spending shows to everybody. */
  readonly hash?: Uint8Array;
}

/** A contract: everything here follows from `template` and `parameters`. */
export interface Contract {
  readonly template: TemplateName;
  /** As they were read, defaults filled in: makes the same contract again. */
  readonly parameters: JsonObject;
  readonly branches: readonly ContractBranch[];
  readonly witnessScript: Uint8Array;
  /** The output that holds the contract's coins: P2WSH. */
  readonly scriptPubKey: Uint8Array;
  readonly miniscript: string;
  /** Output descriptor (BIP-0380) without its checksum. */
  readonly descriptor: string;
  /** What it means for whom, in sentences. */
  readonly words: readonly string[];
}

/** What a contract is before it is told in words. */
export type ContractCore = Omit<Contract, "template" | "parameters" | "words">;

/** Makes the scripts of one branch or of two; no key may stand in both. */
export function makeContractCore(
  branches: readonly [ContractBranch] | readonly [ContractBranch, ContractBranch],
): ContractCore {
  const builder = new ScriptBuilder();
  const [first, second] = branches;
  let miniscript = miniscriptOf(first);
  if (second === undefined) {
    writeBranch(builder, first);
  } else {
    writeBranch(builder.opcode(Opcode.OP_IF), first);
    writeBranch(builder.opcode(Opcode.OP_ELSE), second).opcode(Opcode.OP_ENDIF);
    miniscript = `or_i(${miniscript},${miniscriptOf(second)})`;
  }
  const witnessScript = builder.build();
  return {
    branches,
    witnessScript,
    scriptPubKey: scriptOf({ type: "p2wsh", witnessVersion: 0, program: sha256(witnessScript) }),
    miniscript,
    descriptor: `wsh(${miniscript})`,
  };
}

/** Returns the branch of that name; ContractError if the contract has none. */
export function getBranch({ branches }: Contract, name: string): ContractBranch {
  const branch = branches.find((candidate) => candidate.name === name);
  if (branch !== undefined) return branch;
  const names = branches.map((candidate) => candidate.name);
  throw new ContractError("spend-branch-unknown", `the branches are ${names.join(", ")}`, {
    branches: names,
  });
}

/** Returns the parties in the order of their keys (BIP-0067), in which the script asks them. */
export function partiesByKey({ parties }: ContractBranch): ContractParty[] {
  return [...parties].sort((a, b) => compareBytes(a.publicKey, b.publicKey));
}

/**
 * Returns what a witness begins with to satisfy `branch`, in front of the script: `signatures` are
 * in the order of their keys, `preimage` is given exactly if the branch has a hash.
 */
export function branchWitness(
  { branches, witnessScript }: Contract,
  branch: ContractBranch,
  signatures: readonly Uint8Array[],
  preimage: Uint8Array | undefined,
): Uint8Array[] {
  const isAlone = branch.parties.length === 1;
  return [
    // OP_CHECKMULTISIG takes one element too many, which must be empty (BIP-0147).
    ...(isAlone ? [] : [NO_BYTES]),
    ...signatures,
    ...(preimage === undefined ? [] : [preimage]),
    // OP_IF takes exactly a 1 or nothing.
    ...(branches.length === 1 ? [] : [branch.name === branches[0]?.name ? ONE : NO_BYTES]),
    witnessScript,
  ];
}

const NO_BYTES = new Uint8Array(0);
const ONE = Uint8Array.of(1);

function writeBranch(builder: ScriptBuilder, branch: ContractBranch): ScriptBuilder {
  const { lock, hash, threshold } = branch;
  if (lock !== undefined) {
    const opcode = isRelative(lock) ? Opcode.OP_CHECKSEQUENCEVERIFY : Opcode.OP_CHECKLOCKTIMEVERIFY;
    // Both leave the number, which OP_VERIFY takes away: no lock is zero.
    builder.number(lockNumber(lock)).opcode(opcode, Opcode.OP_VERIFY);
  }
  if (hash !== undefined) {
    // The length is fixed, or else a secret could be one that another chain cannot hold.
    builder.opcode(Opcode.OP_SIZE).number(PREIMAGE_LENGTH).opcode(Opcode.OP_EQUALVERIFY);
    builder.opcode(Opcode.OP_SHA256).data(hash).opcode(Opcode.OP_EQUALVERIFY);
  }
  const parties = partiesByKey(branch);
  const [alone, another] = parties as [ContractParty, ContractParty?];
  if (another === undefined) return builder.data(alone.publicKey).opcode(Opcode.OP_CHECKSIG);

  builder.number(threshold);
  for (const { publicKey } of parties) builder.data(publicKey);
  return builder.number(parties.length).opcode(Opcode.OP_CHECKMULTISIG);
}

function miniscriptOf(branch: ContractBranch): string {
  const { lock, hash, threshold, parties } = branch;
  const keys = partiesByKey(branch)
    .map(({ publicKey }) => toHex(publicKey))
    .join(",");
  let expression = parties.length === 1 ? `pk(${keys})` : `multi(${threshold},${keys})`;
  if (hash !== undefined) expression = `and_v(v:sha256(${toHex(hash)}),${expression})`;
  if (lock !== undefined) {
    const fragment = isRelative(lock) ? "older" : "after";
    expression = `and_v(v:${fragment}(${lockNumber(lock)}),${expression})`;
  }
  return expression;
}
