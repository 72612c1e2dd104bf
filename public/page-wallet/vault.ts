/**
 * The keys of this page: made, kept encrypted, unlocked for a while, and used to sign. The one place
 * in the page where there are any.
 *
 * Nothing here is given out but public data, the encrypted record and signed transactions. Knows
 * neither the page nor the node; time, chance and the store are handed in. What was a string once,
 * words and passwords, cannot be wiped and is left to the engine.
 */

import {
  accountBelow,
  type DeriveKey,
  encodeNewPassword,
  encodePassword,
  finalizePsbt,
  formatEncryptedWallet,
  type KeyAccount,
  KeystoreError,
  lendMasterKey,
  NONCE_BYTES,
  openSecret,
  type Psbt,
  PsbtError,
  parseMnemonic,
  parseWallet,
  SALT_BYTES,
  SCRYPT_COST,
  seedOf,
  signPsbt,
  type WalletFile,
  WalletSecret,
} from "../wallet-engine.ts";

/** Where the one record is kept. */
export interface RecordStore {
  read(): string | null;
  write(text: string): void;
  remove(): void;
}

/** What a vault is given of the world. */
export interface VaultNeeds {
  readonly store: RecordStore;
  /** False where the browser encrypts nothing: keys live until they are locked, and no longer. */
  readonly canEncrypt: boolean;
  readonly deriveKey: DeriveKey;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls `act` once after `ms`; what it returns prevents that. */
  readonly after: (ms: number, act: () => void) => () => void;
  /** Told whenever the state has changed. */
  readonly onChange: () => void;
}

/** Of which network a wallet is. */
export interface WalletNetwork {
  readonly network: string;
  /** Hash of the genesis block, which decides. */
  readonly genesis: string;
}

/** What is there at the moment. */
export type VaultState =
  | { readonly status: "empty" }
  | { readonly status: "locked"; readonly of: WalletNetwork }
  | { readonly status: "open"; readonly account: KeyAccount; readonly isKept: boolean };

/** Why a record that opened is not used, in a code. */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: "other-account" | "locked";

  constructor(code: "other-account" | "locked", message: string) {
    super(message);
    this.code = code;
  }
}

/** Milliseconds without use after which the keys are wiped. */
export const AUTO_LOCK_MS = 5 * 60_000;

/** The account that a node's wallet has, too: m/84'/1'/0' (BIP-0084). */
const ACCOUNT = { kind: "wpkh", index: 0 } as const;

/** Of a wallet that was made here; stands in its file. */
const RECORD_NAME = "page-wallet";

interface Opened {
  readonly secret: WalletSecret;
  readonly account: KeyAccount;
  readonly isKept: boolean;
}

export class Vault {
  readonly #needs: VaultNeeds;
  #opened: Opened | undefined;
  #staysOpen = false;
  #lastUse = 0;
  #cancelLock = () => {};

  constructor(needs: VaultNeeds) {
    this.#needs = needs;
  }

  /** A record that cannot be read is shown as locked by nobody: it is there, and opens nothing. */
  get state(): VaultState {
    if (this.#opened !== undefined) {
      const { account, isKept } = this.#opened;
      return { status: "open", account, isKept };
    }
    const text = this.#needs.store.read();
    return text === null ? { status: "empty" } : { status: "locked", of: networkOf(text) };
  }

  /** True if the keys stay until they are locked by hand. */
  get staysOpen(): boolean {
    return this.#staysOpen;
  }

  /**
   * Takes the wallet of `words`, and keeps it under `password`; without one, for this visit alone.
   * MnemonicError, or KeystoreError "weak-password".
   */
  async adopt(words: string, password: string | undefined, of: WalletNetwork): Promise<void> {
    const entropy = parseMnemonic(words);
    const secret = new WalletSecret(entropy);
    entropy.fill(0);
    try {
      const account = await accountOf(secret);
      if (password !== undefined) {
        this.#needs.store.write(await this.#encrypt(secret, account, password, of));
      }
      this.#open({ secret, account, isKept: password !== undefined }, password === undefined);
    } catch (error) {
      secret.wipe();
      throw error;
    }
  }

  /** Opens the record; KeystoreError if the password is wrong. */
  async unlock(password: string, staysOpen: boolean): Promise<void> {
    const text = this.#needs.store.read();
    if (text === null) throw new KeystoreError("not-found");
    this.#open(await this.#openRecord(text, password), staysOpen);
  }

  /**
   * Takes over a record that was exported, here or by a node, and opens it. KeystoreError if it does
   * not open or is of another network, VaultError if it has another account.
   */
  async importRecord(text: string, password: string, of: WalletNetwork): Promise<void> {
    const { header } = parseWallet(text);
    if (header.kind !== "encrypted") throw new KeystoreError("not-encrypted");
    if (header.genesis !== of.genesis) throw new KeystoreError("other-network");
    const opened = await this.#openRecord(text, password);
    try {
      this.#needs.store.write(text);
      this.#open(opened, false);
    } catch (error) {
      opened.secret.wipe();
      throw error;
    }
  }

  /** The record as it is kept, and the name that a node wants its file to have, if there is one. */
  exportRecord(): { readonly fileName: string; readonly text: string } | undefined {
    const text = this.#needs.store.read();
    if (text === null) return undefined;
    return { fileName: `${headerOf(text)?.name ?? RECORD_NAME}.wallet.json`, text };
  }

  /** Wipes the keys; the record stays. */
  lock(): void {
    this.#cancelLock();
    this.#opened?.secret.wipe();
    this.#opened = undefined;
    this.#needs.onChange();
  }

  /** Wipes the keys, and removes the record too. */
  forget(): void {
    this.#needs.store.remove();
    this.lock();
  }

  /** Says that somebody is there: the time until the lock begins anew. */
  noteUse(): void {
    if (this.#opened === undefined || this.#staysOpen) return;
    // A timer that slept with its machine is late; the clock is not.
    if (this.#needs.now() - this.#lastUse >= AUTO_LOCK_MS) {
      this.lock();
      return;
    }
    this.#lastUse = this.#needs.now();
    this.#cancelLock();
    this.#cancelLock = this.#needs.after(AUTO_LOCK_MS, () => this.lock());
  }

  /**
   * Signs every input of `psbt`, and returns the transaction's bytes once our own interpreter has
   * accepted it. PsbtError if an input is not ours; VaultError "locked" if there are no keys.
   */
  async sign(psbt: Psbt): Promise<Uint8Array> {
    const { secret } = this.#keys();
    const seed = await seedOf(secret.entropy, secret.passphrase);
    const added = lendMasterKey(seed, (master) => signPsbt(psbt, master));
    if (added !== psbt.inputsLength) throw new PsbtError("incomplete", "an input is not ours");
    return finalizePsbt(psbt);
  }

  #keys(): Opened {
    this.noteUse();
    if (this.#opened === undefined) throw new VaultError("locked", "the wallet is locked");
    return this.#opened;
  }

  #open(opened: Opened, staysOpen: boolean): void {
    this.#opened?.secret.wipe();
    this.#opened = opened;
    this.#staysOpen = staysOpen;
    this.#lastUse = this.#needs.now();
    this.noteUse();
    this.#needs.onChange();
  }

  async #encrypt(
    secret: WalletSecret,
    account: KeyAccount,
    password: string,
    { network, genesis }: WalletNetwork,
  ): Promise<string> {
    const { randomBytes, now, canEncrypt, deriveKey } = this.#needs;
    if (!canEncrypt) throw new Error("this browser encrypts nothing here");
    const lock = {
      cost: SCRYPT_COST,
      salt: randomBytes(SALT_BYTES),
      nonce: randomBytes(NONCE_BYTES),
    };
    const about = {
      network,
      genesis,
      name: RECORD_NAME,
      createdAt: now(),
      descriptors: [account.descriptor],
    };
    const bytes = encodeNewPassword(password);
    try {
      return await formatEncryptedWallet(about, secret, bytes, lock, deriveKey);
    } finally {
      bytes.fill(0);
    }
  }

  async #openRecord(text: string, password: string): Promise<Opened> {
    const file: WalletFile = parseWallet(text);
    const bytes = encodePassword(password);
    if (bytes === undefined) throw new KeystoreError("wrong-password-or-damaged");
    const secret = await openSecret(file, bytes, this.#needs.deriveKey).finally(() =>
      bytes.fill(0),
    );
    try {
      const account = await accountOf(secret);
      if (!file.header.descriptors.includes(account.descriptor)) {
        throw new VaultError("other-account", "the file is of an account that this page has not");
      }
      return { secret, account, isKept: true };
    } catch (error) {
      secret.wipe();
      throw error;
    }
  }
}

function networkOf(text: string): WalletNetwork {
  const { network = "", genesis = "" } = headerOf(text) ?? {};
  return { network, genesis };
}

/** Undefined if the record is damaged. */
function headerOf(text: string): WalletFile["header"] | undefined {
  try {
    return parseWallet(text).header;
  } catch {
    return undefined;
  }
}

async function accountOf({ entropy, passphrase }: WalletSecret): Promise<KeyAccount> {
  const seed = await seedOf(entropy, passphrase);
  return lendMasterKey(seed, (master) => accountBelow(master, ACCOUNT.kind, ACCOUNT.index));
}
