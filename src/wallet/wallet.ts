/**
 * One wallet, put together: its public account, its addresses, what it owns, what it pays.
 *
 * Knows no secret; leave to sign is lent by wallets.ts, which knows all wallets. What is peculiar to
 * a subject is in the file named for it.
 */

import { sha256 } from "../crypto/hash.ts";
import { toHex } from "../lib/bytes.ts";
import type { Label, LabelType } from "../storage/label-store.ts";
import type { AddressAccount, ContractAccount, KeyAccount } from "./account.ts";
import { parseDescriptor } from "./descriptor.ts";
import type { WalletEntry } from "./keystore.ts";
import { type Branch, GAP_LIMIT, type WalletAddress, WalletAddresses } from "./wallet-addresses.ts";
import { WalletError } from "./wallet-error.ts";
import { WalletLedger } from "./wallet-ledger.ts";
import { WalletPayments } from "./wallet-payments.ts";
import type { WalletsNeeds } from "./wallets.ts";

/** What one wallet is made from: all that wallets share, and its entry in the keystore. */
export type WalletNeeds = Omit<WalletsNeeds, "keystore"> & {
  readonly entry: WalletEntry;
  /** Told of every address as it is derived. */
  readonly onDerived: (wallet: string, address: WalletAddress) => void;
};

const ID_BYTES = 16;

export class Wallet {
  readonly entry: WalletEntry;
  /** Of its keys: the same wallet restored has the same, with all that was noted under it. */
  readonly id: string;
  readonly account: KeyAccount | AddressAccount;
  /** Its keys for contracts of several; undefined for one that is only watched. */
  readonly contractAccount: ContractAccount | undefined;
  readonly addresses: WalletAddresses;
  readonly ledger: WalletLedger;

  readonly #needs: WalletNeeds;
  readonly #payments: WalletPayments | undefined;

  constructor(needs: WalletNeeds) {
    const { entry, explorer, waiting, mempool, chain, network, store } = needs;
    this.#needs = needs;
    this.entry = entry;
    this.id = walletIdOf(entry);
    const accounts = entry.descriptors.map((text) =>
      parseDescriptor(text, network.addressPrefixes),
    );
    this.account = accounts.find((account) => account.kind !== "contract") ?? noAccount(entry);
    this.contractAccount = accounts.find((account) => account.kind === "contract");
    this.addresses = new WalletAddresses({
      account: this.account,
      prefixes: network.addressPrefixes,
      findUsed: (rows) => this.#findUsed(rows),
      nextIndex: (branch) => store.nextIndex(this.id, branch),
      onDerived: (address) => needs.onDerived(this.id, address),
    });
    const shared = { wallet: this.id, addresses: this.addresses, mempool, chain, store };
    const prefixes = network.addressPrefixes;
    const { coinbaseMaturity } = network.params;
    this.ledger = new WalletLedger({ ...shared, explorer, waiting, prefixes, coinbaseMaturity });
    if (this.account.kind === "addr") return;
    const { clock, chance, randomBytes, signatures, readTransaction, submit } = needs;
    const doors = { clock, chance, randomBytes, signatures, readTransaction, submit };
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
    const firstUnused = this.addresses.firstUnused(0);
    const next = Math.max(firstUnused, store.nextIndex(this.id, 0));
    if (next - firstUnused >= GAP_LIMIT) {
      throw new WalletError(
        "gap-limit",
        `${GAP_LIMIT} addresses wait to be paid; a restored wallet would not find what comes to more`,
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
    return this.addresses.at(0, Math.max(this.addresses.firstUnused(0), last));
  }

  /** True for addresses that were paid or shown to somebody. */
  isHandedOut({ branch, index }: WalletAddress): boolean {
    const next = this.account.isRange ? this.#needs.store.nextIndex(this.id, branch) : 1;
    return index < Math.max(next, this.addresses.firstUnused(branch));
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

  #findUsed(rows: readonly WalletAddress[]): ReadonlySet<string> {
    const { explorer, waiting } = this.#needs;
    const used = new Set(explorer.findUsedAddresses(rows.map(({ address }) => address)));
    for (const { address, script } of rows) if (waiting.has(script)) used.add(address);
    return used;
  }
}

/** Returns the id of a wallet: of what its keys are, whatever it is called. */
export function walletIdOf({ descriptors }: Pick<WalletEntry, "descriptors">): string {
  const text = new TextEncoder().encode(descriptors.join("\n"));
  return toHex(sha256(text).subarray(0, ID_BYTES));
}

const HARDENED = 0x80000000;

/** Returns a derivation path as BIP-0032 writes it, with h for hardened steps. */
export function formatPath(path: readonly number[]): string {
  return ["m", ...path.map((step) => (step >= HARDENED ? `${step - HARDENED}h` : step))].join("/");
}

function noAccount({ name }: WalletEntry): never {
  throw new Error(`the wallet ${name} has no account`);
}
