/**
 * The addresses of one wallet: derived as far as they may have been used, and found by script.
 *
 * The chain is asked each time, so that nothing here can be out of step with it: a restored wallet
 * finds all it ever used by the same walk (BIP-0044's account discovery) that finds what just came.
 * Knows no keys but public ones, and no amounts.
 */

import { toHex } from "../lib/bytes.ts";
import { type AddressPrefixes, formatAddress } from "../primitives/address.ts";

/** Addresses in a row that nobody has used, after which none is looked for (BIP-0044). */
export const GAP_LIMIT = 20;

/** Addresses of one branch of one wallet: both branches can be asked about at once. */
export const MAX_BRANCH_ADDRESSES = 5_000;

/** 0: shown to others, to receive; 1: for change. */
export type Branch = 0 | 1;

export interface WalletAddress {
  readonly address: string;
  readonly script: Uint8Array;
  readonly branch: Branch;
  readonly index: number;
}

/** What is needed of an account: its scripts, one after the other. */
export interface ScriptSource {
  /** False for a single address. */
  readonly isRange: boolean;
  scriptAt(branch: Branch, index: number): Uint8Array;
}

export interface WalletAddressesNeeds {
  readonly account: ScriptSource;
  readonly prefixes: AddressPrefixes;
  /** Returns those which the chain or the mempool has ever paid. */
  readonly findUsed: (addresses: readonly WalletAddress[]) => ReadonlySet<string>;
  /** Index of the first address of a branch that was never handed out. */
  readonly nextIndex: (branch: Branch) => number;
  /** Told of every address as it is derived. */
  readonly onDerived?: (address: WalletAddress) => void;
}

interface BranchState {
  readonly addresses: WalletAddress[];
  /** Up to the last that was used. */
  usedCount: number;
  readonly used: Set<number>;
}

const BRANCHES: readonly Branch[] = [0, 1];

export class WalletAddresses {
  readonly #needs: WalletAddressesNeeds;
  readonly #branches: readonly [BranchState, BranchState] = [emptyBranch(), emptyBranch()];
  readonly #byScript = new Map<string, WalletAddress>();
  readonly #byText = new Map<string, WalletAddress>();

  constructor(needs: WalletAddressesNeeds) {
    this.#needs = needs;
  }

  /** Number of addresses derived so far. */
  get count(): number {
    return this.#byScript.size;
  }

  /** Derives what may have been used since, and asks which of it was. */
  refresh(): void {
    for (const branch of this.#branchesThere()) {
      while (this.#grow(branch) || this.#look(branch)) {
        // Whatever was found used moves the end of the search.
      }
    }
  }

  /** All addresses derived so far: receiving ones first, by index. */
  all(): readonly WalletAddress[] {
    return this.#branches.flatMap(({ addresses }) => addresses);
  }

  /** The address that `script` pays, if it is one of these. */
  find(script: Uint8Array): WalletAddress | undefined {
    return this.#byScript.get(toHex(script));
  }

  /** The same by its text. */
  findByText(address: string): WalletAddress | undefined {
    return this.#byText.get(address);
  }

  isUsed({ branch, index }: WalletAddress): boolean {
    return this.#branches[branch].used.has(index);
  }

  /** Returns the address with this index, deriving it if need be. */
  at(branch: Branch, index: number): WalletAddress {
    const { addresses } = this.#branches[branch];
    while (addresses.length <= index) this.#derive(branch);
    return addresses[index] as WalletAddress;
  }

  /** Number of addresses of a branch up to the last that was ever paid. */
  firstUnused(branch: Branch): number {
    return this.#needs.account.isRange ? this.#branches[branch].usedCount : 0;
  }

  /**
   * Index of the next address of a branch to hand out; undefined if as many as a restored wallet would
   * look at wait to be paid, or there can be no more.
   */
  nextIndex(branch: Branch): number | undefined {
    const firstUnused = this.firstUnused(branch);
    const next = Math.max(firstUnused, this.#needs.nextIndex(branch));
    return next < Math.min(firstUnused + GAP_LIMIT, MAX_BRANCH_ADDRESSES) ? next : undefined;
  }

  #branchesThere(): readonly Branch[] {
    return this.#needs.account.isRange ? BRANCHES : [0];
  }

  /** Derives up to a gap after the last that was used or handed out; true if there was more to do. */
  #grow(branch: Branch): boolean {
    const { addresses, usedCount } = this.#branches[branch];
    const start = Math.max(usedCount, this.#needs.nextIndex(branch));
    const end = this.#needs.account.isRange ? Math.min(start + GAP_LIMIT, MAX_BRANCH_ADDRESSES) : 1;
    if (addresses.length >= end) return false;
    while (addresses.length < end) this.#derive(branch);
    return true;
  }

  /** Asks which of the unused ones are used by now; true if any is. */
  #look(branch: Branch): boolean {
    const state = this.#branches[branch];
    const unknown = state.addresses.filter(({ index }) => !state.used.has(index));
    const used = this.#needs.findUsed(unknown);
    if (used.size === 0) return false;
    for (const { address, index } of unknown) {
      if (!used.has(address)) continue;
      state.used.add(index);
      state.usedCount = Math.max(state.usedCount, index + 1);
    }
    return true;
  }

  #derive(branch: Branch): void {
    const { account, prefixes } = this.#needs;
    const { addresses } = this.#branches[branch];
    const index = addresses.length;
    const script = account.scriptAt(branch, index);
    const address = formatAddress(script, prefixes);
    if (address === undefined) throw new Error("an account has scripts without addresses");
    const row = { address, script, branch, index };
    addresses.push(row);
    this.#byScript.set(toHex(script), row);
    this.#byText.set(address, row);
    this.#needs.onDerived?.(row);
  }
}

function emptyBranch(): BranchState {
  return { addresses: [], usedCount: 0, used: new Set() };
}
