/**
 * One wallet, put together: its public account, its addresses, what it owns, what it pays.
 *
 * Knows no secret; leave to sign is lent by wallets.ts, which knows all wallets. What is peculiar to
 * a subject is in the file named for it.
 */

import { sha256 } from "../crypto/hash.ts";
import { concatBytes, toHex } from "../lib/bytes.ts";
import type { Label, LabelType } from "../storage/label-store.ts";
import type { AddressAccount, ContractAccount, KeyAccount } from "./account.ts";
import { parseDescriptor } from "./descriptor.ts";
import type { WalletEntry } from "./keystore.ts";
import {
  type Branch,
  GAP_LIMIT,
  MAX_BRANCH_ADDRESSES,
  type WalletAddress,
  WalletAddresses,
} from "./wallet-addresses.ts";
import { WalletError } from "./wallet-error.ts";
import { WalletLedger } from "./wallet-ledger.ts";
import { WalletPayments } from "./wallet-payments.ts";
import type { WalletsNeeds } from "./wallets.ts";

/** What one wallet is made from: all that wallets share, and its entry in the keystore. */
export type WalletNeeds = Omit<WalletsNeeds, "keystore"> & {
  readonly entry: WalletEntry;
  /** Told of every address as it is derived. */
  readonly onDerived: (wallet: string, address: WalletAddress) => void;
  /** Has the store hold all transactions that were seen until now. */
  readonly flushActivity: () => void;
};

const ID_BYTES = 16;

export class Wallet {
  readonly entry: WalletEntry;
  /** Of its keys: another with the same has the same, with all that was noted under it. */
  readonly id: string;
  readonly account: KeyAccount | AddressAccount;
  /** Its keys for contracts of several; undefined for one that is only watched. */
  readonly contractAccount: ContractAccount | undefined;
  readonly addresses: WalletAddresses;
  readonly ledger: WalletLedger;

  readonly #needs: WalletNeeds;
  readonly #payments: WalletPayments | undefined;

  constructor(needs: WalletNeeds) {
    const { entry, explorer, waiting, mempool, chain, network, store, clock } = needs;
    this.#needs = needs;
    this.entry = entry;
    const accounts = entry.descriptors.map((text) =>
      parseDescriptor(text, network.addressPrefixes),
    );
    this.account = accounts.find((account) => account.kind !== "contract") ?? noAccount(entry);
    this.id = walletIdOf(this.account);
    this.contractAccount = accounts.find((account) => account.kind === "contract");
    this.addresses = new WalletAddresses({
      account: this.account,
      prefixes: network.addressPrefixes,
      findUsed: (rows) => this.#findUsed(rows),
      nextIndex: (branch) => store.nextIndex(this.id, branch),
      onDerived: (address) => needs.onDerived(this.id, address),
    });
    const shared = { wallet: this.id, addresses: this.addresses, mempool, chain, store, clock };
    const prefixes = network.addressPrefixes;
    const { coinbaseMaturity } = network.params;
    this.ledger = new WalletLedger({
      ...shared,
      ...{ explorer, waiting, prefixes, coinbaseMaturity },
      flushActivity: needs.flushActivity,
    });
    if (this.account.kind === "addr") return;
    const { chance, randomBytes, signatures, readTransaction, submit } = needs;
    const doors = { chance, randomBytes, signatures, readTransaction, submit };
    const { account, ledger } = this;
    this.#payments = new WalletPayments({ ...shared, ...doors, account, ledger, prefixes });
  }

  get name(): string {
    return this.entry.name;
  }

  /** Its payments; WalletError for a single watched address, which has nowhere to take change. */
  get payments(): WalletPayments {
    if (this.#payments !== undefined) return this.#payments;
    throw new WalletError("wallet-has-no-change", "a single address is watched here, and no more");
  }

  /** The account that has keys; WalletError for a single watched address. */
  get keyAccount(): KeyAccount {
    if (this.account.kind !== "addr") return this.account;
    throw new WalletError("wallet-has-no-change", "a single address is watched here, and no more");
  }

  /**
   * Returns the address to be shown now: the last one handed out if nobody has paid it yet, else a
   * new one. With `isNew` always a new one; WalletError "gap-limit" if too many in a row wait.
   */
  receiveAddress(isNew: boolean): WalletAddress {
    const { store } = this.#needs;
    const shown = this.nextReceiveAddress();
    if (!this.account.isRange) return shown;
    if (!isNew && this.isHandedOut(shown)) return shown;
    const next = this.addresses.nextIndex(0);
    if (next === undefined) {
      throw new WalletError(
        "gap-limit",
        `${GAP_LIMIT} addresses wait to be paid, or there are ${MAX_BRANCH_ADDRESSES}; a restored ` +
          "wallet would not find what comes to more",
        { limit: GAP_LIMIT },
      );
    }
    store.setNextIndex(this.id, 0, next + 1);
    return this.addresses.at(0, next);
  }

  /** Returns the address that receiveAddress(false) gives; looking does not hand it out. */
  nextReceiveAddress(): WalletAddress {
    this.addresses.refresh();
    const last = this.#needs.store.nextIndex(this.id, 0) - 1;
    const next = Math.max(this.addresses.firstUnused(0), last);
    return this.addresses.at(0, Math.min(next, MAX_BRANCH_ADDRESSES - 1));
  }

  /** True for addresses that were paid or shown to somebody. */
  isHandedOut({ branch, index }: WalletAddress): boolean {
    return index < this.#handedOutCount(branch);
  }

  /** The addresses that were paid or shown to somebody, receiving ones first. */
  handedOut(): readonly WalletAddress[] {
    const counts = [this.#handedOutCount(0), this.#handedOutCount(1)] as const;
    return this.addresses.all().filter(({ branch, index }) => index < counts[branch]);
  }

  /** `m/84h/1h/0h/0/5`; null where the way to the key is unknown. */
  pathOf({ branch, index }: { readonly branch: Branch; readonly index: number }): string | null {
    if (this.account.kind === "addr") return null;
    return formatPath([...this.account.path, branch, index]);
  }

  label(type: LabelType, ref: string): string | undefined {
    return this.#needs.store.labels.find(this.id, type, ref);
  }

  /** All labels, in order of kind and reference. */
  labels(): readonly Label[] {
    return this.#needs.store.labels.all(this.id);
  }

  putLabel(label: Label): void {
    this.#needs.store.labels.put(this.id, label);
  }

  #handedOutCount(branch: Branch): number {
    if (!this.account.isRange) return 1;
    return Math.max(
      this.#needs.store.nextIndex(this.id, branch),
      this.addresses.firstUnused(branch),
    );
  }

  #findUsed(rows: readonly WalletAddress[]): ReadonlySet<string> {
    const { explorer, waiting } = this.#needs;
    const used = new Set(explorer.findUsedAddresses(rows.map(({ address }) => address)));
    for (const { address, script } of rows) if (waiting.has(script)) used.add(address);
    return used;
  }
}

/**
 * Returns the id of a wallet: of its first script, so that all that have the same keys are one,
 * whatever they are called, and whether they can sign or only watch.
 */
function walletIdOf(account: KeyAccount | AddressAccount): string {
  const range = Uint8Array.of(account.isRange ? 1 : 0);
  return toHex(sha256(concatBytes(range, account.scriptAt(0, 0))).subarray(0, ID_BYTES));
}

const HARDENED = 0x80000000;

/** Returns a derivation path as BIP-0032 writes it, with h for hardened steps. */
export function formatPath(path: readonly number[]): string {
  return ["m", ...path.map((step) => (step >= HARDENED ? `${step - HARDENED}h` : step))].join("/");
}

function noAccount({ name }: WalletEntry): never {
  throw new Error(`the wallet ${name} has no account`);
}
