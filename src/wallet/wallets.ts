/**
 * The wallets of a node: made, found, locked and unlocked, each by its name; and the address book.
 *
 * The one place where a secret is lent: for the length of one call, to whoever has the password or
 * a session of it. What a wallet owns and pays is the business of wallet.ts and what it names.
 */

import type { HDKey } from "@scure/bip32";
import type { Chain } from "../chain/chain.ts";
import type { Network } from "../consensus/params.ts";
import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import type { ExplorerQueries } from "../index/explorer-queries.ts";
import type { UserRecord } from "../index/index-messages.ts";
import type { MempoolAddresses } from "../index/mempool-addresses.ts";
import { toHex } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { Mempool, MempoolVerdict } from "../mempool/mempool.ts";
import { AddressError, formatAddress, parseAddress } from "../primitives/address.ts";
import type { Txid } from "../primitives/hash-id.ts";
import type { Transaction } from "../primitives/transaction.ts";
import { type Contact, contactKeyOf } from "../storage/contact-store.ts";
import type { WalletStore } from "../storage/wallet-store.ts";
import { type AccountKind, withDerivedKeys } from "./account.ts";
import type { Chance } from "./coin-selection.ts";
import { parseDescriptor } from "./descriptor.ts";
import type { Keystore, ListedWallet, WalletEntry } from "./keystore.ts";
import { MINER_NAME, WALLET_NAME_PATTERN } from "./keystore-file.ts";
import { deriveAccount, deriveContractAccount, withMasterKey } from "./master-key.ts";
import { signMessage } from "./message.ts";
import { ENTROPY_BYTES } from "./mnemonic.ts";
import { copyPsbt } from "./psbt.ts";
import { checkSpentOutputs, describePsbt, type Psbt } from "./psbt-facts.ts";
import { signPsbt } from "./psbt-signing.ts";
import { UnlockError, type Unlocked, UnlockSessions, type UnlockTerms } from "./unlock-sessions.ts";
import { Wallet } from "./wallet.ts";
import { WalletActivity } from "./wallet-activity.ts";
import type { WalletAddress } from "./wallet-addresses.ts";
import { WalletContracts } from "./wallet-contracts.ts";
import { WalletError } from "./wallet-error.ts";
import type { PreparedPayment } from "./wallet-payments.ts";
import { WalletSecret } from "./wallet-secret.ts";

/** What wallets need of the node. */
export interface WalletsNeeds {
  readonly keystore: Keystore;
  readonly store: WalletStore;
  readonly network: Network;
  readonly explorer: ExplorerQueries;
  readonly waiting: MempoolAddresses;
  readonly mempool: Mempool;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly log: Logger;
  readonly chance: Chance;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly signatures: SignatureVerifier;
  /** Reads a transaction from chain or mempool. */
  readonly readTransaction: (txid: Txid) => Transaction | undefined;
  /** Offers a transaction to the mempool; when it answers, the disk has it. */
  readonly submit: (tx: Transaction) => MempoolVerdict;
  /** Told which names have which addresses, all of them, when that changed. */
  readonly recordUsers: (rows: readonly UserRecord[]) => void;
}

/** By what a secret is lent. */
export type Authority =
  | { readonly password: string }
  | { readonly session: string; readonly boundTo: string };

/** A wallet to be made: new, or of words that somebody has. */
export interface NewWalletRequest {
  readonly name: string;
  readonly password: string;
  readonly kind?: AccountKind | undefined;
  readonly accountIndex?: number | undefined;
  /** What the words stand for; chance if not given. The caller's, to be wiped. */
  readonly entropy?: Uint8Array | undefined;
  /** BIP-0039's, as encodePassphrase() makes it. */
  readonly passphrase?: Uint8Array | undefined;
}

/** Whom a payment is for: an address, or the name of a contact or wallet of this node. */
export interface ResolvedRecipient {
  readonly address: string;
  readonly scriptPubKey: Uint8Array;
  readonly name: string | undefined;
}

/** Milliseconds between two looks at what was sent and is nowhere. */
const RESEND_INTERVAL_MS = 60_000;

/** Characters of the shortest address: 25 bytes in base 58. What is shorter was meant as a name. */
const MIN_ADDRESS_LENGTH = 26;

/** Milliseconds after a change within which the names of addresses are told. */
const USERS_DELAY_MS = 500;

export class Wallets {
  readonly contracts: WalletContracts;
  readonly #needs: WalletsNeeds;
  readonly #sessions: UnlockSessions;
  readonly #activity: WalletActivity;
  readonly #wallets = new Map<string, Wallet>();
  readonly #ownersOfScript = new Map<string, Set<string>>();
  #cancelLoad = () => {};
  #cancelResend = () => {};
  #cancelUsers: (() => void) | undefined;

  constructor(needs: WalletsNeeds) {
    this.#needs = needs;
    this.contracts = new WalletContracts({ ...needs, wallets: this });
    const { clock, randomBytes, keystore, mempool, chain, waiting, store, log } = needs;
    const open = (name: string, password: string) => keystore.open(name, password);
    this.#sessions = new UnlockSessions({ clock, randomBytes, open });
    const findOwners = (script: string) => this.#ownersOfScript.get(script) ?? [];
    this.#activity = new WalletActivity({ mempool, chain, waiting, store, findOwners, clock, log });
    this.#load(needs.keystore.list().map(({ name }) => name));
    this.#watchSends();
  }

  /** All wallets by name, also those whose file cannot be read. */
  list(): readonly ListedWallet[] {
    return this.#needs.keystore.list();
  }

  /** The wallet of this name; WalletError if there is none, KeystoreError if it cannot be read. */
  get(name: string): Wallet {
    const entry = this.#needs.keystore.find(name);
    if (entry === undefined) {
      this.#forget(name);
      throw new WalletError("wallet-not-found", `there is no wallet ${name}`, { name });
    }
    const known = this.#wallets.get(name);
    if (known !== undefined && known.entry.createdAt === entry.createdAt) return known;
    return this.#open(entry);
  }

  /** Makes a wallet, of chance or of words; KeystoreError if its name or password will not do. */
  async create(request: NewWalletRequest): Promise<Wallet> {
    const { keystore, randomBytes } = this.#needs;
    const { name, password, kind = "wpkh", accountIndex = 0 } = request;
    this.#checkName(name);
    const secret = new WalletSecret(
      request.entropy?.slice() ?? randomBytes(ENTROPY_BYTES),
      request.passphrase?.slice() ?? new Uint8Array(),
    );
    try {
      const descriptors = describeAccounts(secret, kind, accountIndex);
      const lock = { kind: "encrypted", secret, password } as const;
      return this.#open(await keystore.create({ name, descriptors, ...lock }));
    } finally {
      secret.wipe();
    }
  }

  /** Makes a wallet without a password; KeystoreError except on a development network. */
  async createPlain(name: string, entropy: Uint8Array, accountIndex: number): Promise<Wallet> {
    const secret = new WalletSecret(entropy.slice(), new Uint8Array());
    try {
      const descriptors = describeAccounts(secret, "wpkh", accountIndex);
      const { keystore } = this.#needs;
      return this.#open(await keystore.create({ name, descriptors, kind: "plain", secret }));
    } finally {
      secret.wipe();
    }
  }

  /** Makes a wallet that only watches: an account's descriptor or key, or a single address. */
  async watch(name: string, watched: string, kind?: AccountKind): Promise<Wallet> {
    const { keystore, network } = this.#needs;
    this.#checkName(name);
    const prefixes = network.addressPrefixes;
    const text = isAddress(watched, network) ? `addr(${watched})` : watched;
    const account = parseDescriptor(text, prefixes, kind);
    if (account.kind === "contract") {
      throw new WalletError("key-not-of-this-wallet", "a key of contracts is no account to watch");
    }
    const descriptors = [account.descriptor];
    return this.#open(await keystore.create({ name, descriptors, kind: "watch" }));
  }

  async changePassword(name: string, oldPassword: string, newPassword: string): Promise<void> {
    await this.#needs.keystore.changePassword(this.get(name).name, oldPassword, newPassword);
    this.#sessions.lock(name);
  }

  /** Moves a wallet to the trash, from where its owner can take it back. */
  async remove(name: string): Promise<void> {
    await this.#needs.keystore.remove(name);
    this.#sessions.lock(name);
    this.#forget(name);
    this.#tellUsers();
  }

  /** Opens a session; what is thrown is told by unlock-sessions.ts and keystore.ts. */
  async unlock(name: string, password: string, terms: UnlockTerms): Promise<Unlocked> {
    const { entry } = this.get(name);
    checkHasKeys(entry);
    return await this.#sessions.unlock(name, password, terms);
  }

  lock(name: string): void {
    this.#sessions.lock(this.get(name).name);
  }

  /** Signs and sends a prepared payment; one that was sent already is sent again if need be. */
  async confirm(
    name: string,
    id: string,
    digest: string,
    authority: Authority | undefined,
  ): Promise<PreparedPayment> {
    const { payments } = this.get(name);
    const { state, leaving } = payments.check(id, digest);
    if (state === "sent") return payments.sendAgain(id);
    return await this.#lend(name, authority, leaving, (master) =>
      payments.confirm(id, digest, master),
    );
  }

  /**
   * Adds the signatures that this wallet can give; returns how many, and the PSBT with them.
   * PsbtError unless the chain or the mempool has all that it spends, as it says it.
   */
  async signPsbt(
    name: string,
    psbt: Psbt,
    authority: Authority | undefined,
  ): Promise<{ readonly psbt: Psbt; readonly added: number }> {
    const wallet = this.get(name);
    checkHasKeys(wallet.entry);
    const signed = copyPsbt(psbt);
    checkSpentOutputs(signed, (outpoint) => this.#needs.mempool.findOutput(outpoint));
    const leaving = this.#leavingBy(wallet, signed);
    const added = await this.#lend(name, authority, leaving, (master) => signPsbt(signed, master));
    return { psbt: signed, added };
  }

  /** Signs a message for an address of this wallet (BIP-0322); gives the signature in base64. */
  async signMessage(
    name: string,
    address: string,
    message: string,
    authority: Authority | undefined,
  ): Promise<string> {
    const wallet = this.get(name);
    wallet.addresses.refresh();
    const at = wallet.addresses.findByText(this.#canonical(address));
    if (at === undefined) {
      throw new WalletError("address-not-of-this-wallet", `${address} is not of this wallet`);
    }
    const { path } = wallet.keyAccount;
    return await this.#lend(name, authority, 0, (master) =>
      withPrivateKey(master, [...path, at.branch, at.index], (key) =>
        signMessage(message, at.script, key),
      ),
    );
  }

  /** Lends a private key of this wallet's contract account to `work`, for the length of the call. */
  async withContractKey<T>(
    name: string,
    index: number,
    leaving: number,
    authority: Authority | undefined,
    work: (privateKey: Uint8Array) => T,
  ): Promise<T> {
    const { contractAccount } = this.get(name);
    if (contractAccount === undefined) throw watchOnly(name);
    const path = [...contractAccount.key.path, 0, index];
    return await this.#lend(name, authority, leaving, (master) =>
      withPrivateKey(master, path, work),
    );
  }

  /** Finds whom `text` names: an address, a contact, or another wallet of this node. */
  resolve(text: string): ResolvedRecipient {
    try {
      // First, so that no contact can be called like somebody's address.
      const parsed = this.#parse(text);
      return { ...parsed, name: this.nameOf(parsed.address) };
    } catch (error) {
      const contact = this.#needs.store.contacts.find(text);
      if (contact !== undefined) return { ...this.#parse(contact.address), name: contact.name };
      if (this.#isWallet(text)) {
        const { address, script } = this.get(text).receiveAddress(false);
        this.#tellUsers();
        return { address, scriptPubKey: script, name: text };
      }
      if (!(error instanceof AddressError)) throw error;
      const looksLikeName = error.reason === "format" || text.length < MIN_ADDRESS_LENGTH;
      throw new WalletError(
        looksLikeName ? "unknown-recipient" : "bad-recipient",
        // Whatever was typed in its place is not repeated.
        looksLikeName
          ? "this is no address, and no contact or wallet of that name is here"
          : error.message,
      );
    }
  }

  /** Hands out an address of a wallet; see Wallet.receiveAddress. */
  receiveAddress(name: string, isNew: boolean, label?: string): WalletAddress {
    const wallet = this.get(name);
    const at = wallet.receiveAddress(isNew);
    if (label !== undefined) wallet.putLabel({ type: "addr", ref: at.address, label });
    this.#tellUsers();
    return at;
  }

  contacts(): readonly Contact[] {
    return this.#needs.store.contacts.list();
  }

  /** The contact of this name; WalletError if there is none. */
  getContact(name: string): Contact {
    const contact = this.#needs.store.contacts.find(name);
    if (contact === undefined) throw noContact();
    return contact;
  }

  /** Writes a contact; WalletError if its address is none of this network, or a wallet has its name. */
  putContact({ name, address, note }: Omit<Contact, "createdAt">): Contact {
    const { store, clock } = this.#needs;
    if (this.#isWallet(contactKeyOf(name))) throw nameTaken(name);
    const contact = { name, address: this.#canonical(address), note, createdAt: clock.now() };
    store.contacts.put(contact);
    this.#tellUsers();
    return store.contacts.find(name) ?? contact;
  }

  deleteContact(name: string): void {
    if (!this.#needs.store.contacts.delete(name)) {
      throw noContact();
    }
    this.#tellUsers();
  }

  /** The name under which an address is known here: a contact's, or a wallet's. */
  nameOf(address: string): string | undefined {
    const contact = this.#needs.store.contacts.findByAddress(address);
    if (contact !== undefined) return contact.name;
    for (const wallet of this.#wallets.values()) {
      if (wallet.addresses.findByText(address) !== undefined) return wallet.name;
    }
    return undefined;
  }

  /** Sends again what was sent and is nowhere; the index must show the tip. */
  resend(): void {
    const byId = new Map([...this.#wallets.values()].map((wallet) => [wallet.id, wallet]));
    for (const draft of this.#needs.store.drafts.unsettledSends()) {
      const wallet = byId.get(draft.wallet);
      if (wallet !== undefined && wallet.account.kind !== "addr") wallet.payments.resend(draft);
    }
  }

  /** Ends sessions and timers, and writes what was gathered. */
  stop(): void {
    this.#sessions.lockAll();
    this.#cancelLoad();
    this.#cancelResend();
    this.#cancelUsers?.();
    this.#activity.stop();
  }

  #open(entry: WalletEntry): Wallet {
    this.#forget(entry.name);
    const onDerived = (wallet: string, { script }: WalletAddress) => {
      const key = toHex(script);
      const owners = this.#ownersOfScript.get(key);
      if (owners === undefined) this.#ownersOfScript.set(key, new Set([wallet]));
      else owners.add(wallet);
      this.#activity.rescan(script);
    };
    const flushActivity = () => this.#activity.flush();
    const wallet = new Wallet({ ...this.#needs, entry, onDerived, flushActivity });
    this.#wallets.set(entry.name, wallet);
    wallet.addresses.refresh();
    this.#tellUsers();
    return wallet;
  }

  /** Lets go of a wallet, and of its scripts unless another name has the same keys. */
  #forget(name: string): void {
    const wallet = this.#wallets.get(name);
    this.#wallets.delete(name);
    if (wallet === undefined) return;
    if ([...this.#wallets.values()].some(({ id }) => id === wallet.id)) return;
    for (const { script } of wallet.addresses.all()) {
      const owners = this.#ownersOfScript.get(toHex(script));
      owners?.delete(wallet.id);
      if (owners?.size === 0) this.#ownersOfScript.delete(toHex(script));
    }
  }

  /**
   * One wallet a turn: deriving addresses takes its time, and nobody waits for all of them. What they
   * were about to send when the node ended is sent then.
   */
  #load([name, ...others]: readonly string[]): void {
    this.#cancelLoad = this.#needs.clock.after(0, () => {
      if (name === undefined) {
        this.#resendOrTell();
        return;
      }
      try {
        this.get(name);
      } catch (error) {
        this.#needs.log.warn("a wallet cannot be read", { name, reason: messageOf(error) });
      }
      this.#load(others);
    });
  }

  /** What was sent is sent again as long as it is nowhere, and forgotten once it is deep. */
  #watchSends(): void {
    this.#cancelResend = this.#needs.clock.after(RESEND_INTERVAL_MS, () => {
      this.#resendOrTell();
      this.#watchSends();
    });
  }

  /** An index that is being built again can tell nothing: it is asked the next time. */
  #resendOrTell(): void {
    try {
      this.resend();
    } catch (error) {
      this.#needs.log.error("payments could not be looked after", { reason: messageOf(error) });
    }
  }

  /** Lends the master key of a wallet to `work`, if `authority` allows to spend `amount`. */
  async #lend<T>(
    name: string,
    authority: Authority | undefined,
    amount: number,
    work: (master: HDKey) => T,
  ): Promise<T> {
    const { entry } = this.get(name);
    checkHasKeys(entry);
    if (authority !== undefined && "session" in authority) {
      const { session, boundTo } = authority;
      return this.#sessions.use(session, name, boundTo, amount, (secret) =>
        withMasterKey(secret, work),
      );
    }
    if (authority === undefined && entry.kind !== "plain") throw new UnlockError("locked");
    const secret = await this.#needs.keystore.open(name, authority?.password ?? "");
    try {
      return withMasterKey(secret, work);
    } finally {
      secret.wipe();
    }
  }

  /**
   * Sats that a PSBT, whose amounts were checked, takes from a wallet: of each input that would be
   * signed, those of contracts too.
   */
  #leavingBy(wallet: Wallet, psbt: Psbt): number {
    const { fingerprint } = wallet.keyAccount;
    wallet.addresses.refresh();
    const { inputs, outputs } = describePsbt(psbt);
    let leaving = 0;
    for (const { spent, keys } of inputs) {
      if (spent === undefined) continue;
      const isSigned = keys.some((key) => key.fingerprint === fingerprint);
      if (isSigned || wallet.addresses.find(spent.scriptPubKey)) leaving += spent.value;
    }
    for (const { value, scriptPubKey } of outputs) {
      if (wallet.addresses.find(scriptPubKey) !== undefined) leaving -= value;
    }
    return Math.max(0, leaving);
  }

  #checkName(name: string): void {
    if (name === MINER_NAME) throw nameTaken(name);
    if (this.#needs.store.contacts.find(name) !== undefined) throw nameTaken(name);
  }

  #isWallet(name: string): boolean {
    return WALLET_NAME_PATTERN.test(name) && this.#needs.keystore.find(name) !== undefined;
  }

  #parse(address: string): { address: string; scriptPubKey: Uint8Array } {
    const { addressPrefixes } = this.#needs.network;
    const scriptPubKey = parseAddress(address, addressPrefixes);
    return { address: formatAddress(scriptPubKey, addressPrefixes) ?? address, scriptPubKey };
  }

  /** The one form of an address; WalletError if it is none of this network. */
  #canonical(address: string): string {
    try {
      return this.#parse(address).address;
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      throw new WalletError("bad-recipient", `${address}: ${error.message}`, { address });
    }
  }

  #tellUsers(): void {
    this.#cancelUsers ??= this.#needs.clock.after(USERS_DELAY_MS, () => {
      this.#cancelUsers = undefined;
      this.#needs.recordUsers(this.#users());
    });
  }

  #users(): UserRecord[] {
    const contacts = this.contacts().map(({ name, address, createdAt }) => ({
      name,
      kind: "contact" as const,
      address,
      createdAt,
    }));
    const wallets = [...this.#wallets.values()].flatMap((wallet) =>
      wallet.handedOut().map(({ address }) => ({
        name: wallet.name,
        kind: "wallet" as const,
        address,
        createdAt: wallet.entry.createdAt,
      })),
    );
    return [...contacts, ...wallets];
  }
}

function describeAccounts(secret: WalletSecret, kind: AccountKind, index: number): string[] {
  return [
    deriveAccount(secret, kind, index).descriptor,
    deriveContractAccount(secret, index).descriptor,
  ];
}

/** Lends the private key at `path` to `work`, and wipes it afterwards. */
function withPrivateKey<T>(
  master: HDKey,
  path: readonly number[],
  work: (privateKey: Uint8Array) => T,
): T {
  return withDerivedKeys(master, (keyAt) => {
    // A copy, whose holder wipes it.
    const privateKey = keyAt(path).privateKey as Uint8Array;
    try {
      return work(privateKey);
    } finally {
      privateKey.fill(0);
    }
  });
}

function isAddress(text: string, { addressPrefixes }: Network): boolean {
  try {
    parseAddress(text, addressPrefixes);
    return true;
  } catch (error) {
    if (error instanceof AddressError) return error.reason !== "format";
    throw error;
  }
}

function checkHasKeys({ kind, name }: WalletEntry): void {
  if (kind === "watch") throw watchOnly(name);
}

function watchOnly(name: string): WalletError {
  return new WalletError("wallet-watch-only", `${name} only watches: sign where its keys are`, {
    name,
  });
}

function nameTaken(name: string): WalletError {
  return new WalletError("name-taken", `${name} is the name of a wallet or a contact already`, {
    name,
  });
}

/** Without the name: whatever was typed in its place is not repeated. */
function noContact(): WalletError {
  return new WalletError("contact-not-found", "there is no contact of that name");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
