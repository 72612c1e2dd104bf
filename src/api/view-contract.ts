/**
 * Contracts and their spends as the API shows them.
 *
 * Only shapes what is known; the sentences are made in wallet/contract-words.ts.
 */

import { base64 } from "@scure/base";
import { toHex } from "../lib/bytes.ts";
import type { BranchProgress, ContractSpendView } from "../wallet/contract-spend.ts";
import type { ContractBranchView, WalletContract } from "../wallet/wallet-contracts.ts";
import type { ContractSpendViewType, ContractViewType } from "./contract-schemas.ts";

/** Returns a contract as its wallet sees it. */
export function viewContract(shown: WalletContract): ContractViewType {
  const { contract, coins } = shown;
  const hasCoins = coins.some(({ isSpent }) => !isSpent);
  return {
    address: shown.address,
    template: contract.template,
    parameters: { ...contract.parameters },
    label: shown.label === "" ? null : shown.label,
    createdAt: shown.createdAt,
    words: [...contract.words],
    descriptor: shown.descriptor,
    miniscript: contract.miniscript,
    script: toHex(contract.witnessScript),
    balance: shown.balance,
    coins: coins.map(({ outpoint, value, height, isSpent }) => ({
      ...outpoint,
      amount: value,
      blockHeight: height ?? null,
      spent: isSpent,
    })),
    branches: shown.branches.map((branch) => viewBranch(branch, hasCoins)),
    preimage: shown.preimage === undefined ? null : toHex(shown.preimage),
  };
}

/** Returns how far a spend is, of the branches that its lock time lets it be meant for. */
export function viewContractSpend({
  psbt,
  added,
  view,
}: {
  readonly psbt: Uint8Array;
  readonly added: number;
  readonly view: ContractSpendView;
}): ContractSpendViewType {
  const branches = view.branches.filter(({ isLockMet }) => isLockMet).map(viewProgress);
  return {
    psbt: base64.encode(psbt),
    added,
    fee: view.fee,
    complete: branches.some(({ complete }) => complete),
    missing: branches.some(({ complete }) => complete) ? [] : branches.flatMap(missingSentences),
    branches,
  };
}

function viewBranch({ branch, state, words, ownKeys }: ContractBranchView, hasCoins: boolean) {
  const { name, threshold, parties, lock, hash } = branch;
  const keys = parties.map((party) => ({
    role: party.role,
    name: party.name,
    publicKey: toHex(party.publicKey),
  }));
  return {
    name,
    threshold,
    keys: keys.map((key) => ({ ...key, mine: ownKeys.includes(key.publicKey) })),
    lock: lock === undefined ? null : { unit: lock.unit, value: lock.value },
    hash: hash === undefined ? null : toHex(hash),
    canSpendNow: hasCoins && state.status === "open",
    words: [...words],
    missing: hasCoins ? (state.status === "open" ? [] : [...words]) : ["No coins lie in it."],
  };
}

function missingSentences({
  name,
  threshold,
  signed,
  missing,
  hasPreimage,
}: ContractSpendViewType["branches"][number]): string[] {
  const count = threshold - signed.length;
  return [
    ...(count > 0 ? [`${name}: ${count} more of ${missing.join(", ")} must sign.`] : []),
    ...(hasPreimage ? [] : [`${name}: the secret of its hash is needed.`]),
  ];
}

function viewProgress({
  name,
  threshold,
  signed,
  wrong,
  missing,
  hasPreimage,
}: BranchProgress): ContractSpendViewType["branches"][number] {
  return {
    name,
    threshold,
    signed: [...signed],
    wrong: [...wrong],
    missing: [...missing],
    hasPreimage,
    complete: signed.length >= threshold && hasPreimage,
  };
}
