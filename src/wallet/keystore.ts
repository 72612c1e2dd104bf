/**
 * The wallets of one network on this disk: a folder with one file each, open to their owner alone.
 *
 * Nothing is ever deleted: a save keeps the last versions, a removed wallet goes to `trash/`. One
 * thing is done at a time, since each key takes 128 MiB to derive. One process owns the folder, by
 * the lock of its data directory. What a file looks like is in keystore-file.ts; who may spend, in
 * unlock-sessions.ts.
 */

import { mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import {
  exists,
  moveIfExists,
  type OnStep,
  PrivateFileError,
  readPrivateFile,
  syncDirectory,
  versionOf,
  writePrivateFile,
} from "../storage/private-file.ts";
import { KeystoreError, type KeystoreErrorCode } from "./keystore-error.ts";
import {
  formatEncryptedWallet,
  formatPlainWallet,
  formatWatchWallet,
  type Lock,
  MAX_WALLET_FILE_BYTES,
  NONCE_BYTES,
  openSecret,
  parseWallet,
  WALLET_NAME_PATTERN,
  type WalletAbout,
  type WalletFile,
  type WalletHeader,
} from "./keystore-file.ts";
import { deriveScryptKey } from "./native-keys.ts";
import { encodeNewPassword, encodePassword } from "./password.ts";
import { SALT_BYTES, SCRYPT_COST, type ScryptCost } from "./scrypt.ts";
import type { WalletSecret } from "./wallet-secret.ts";

/** Wallets in one folder; the others in it are not seen, and none can be added. */
export const MAX_WALLETS = 1000;

/** Removed wallets that are kept; then no other can be removed until somebody empties the trash. */
export const MAX_TRASHED_WALLETS = 1000;

/** Versions of a wallet's file that are kept beside it. */
export const KEPT_VERSIONS = 3;

/** Things that may wait for the one that is done. */
export const MAX_WAITING = 8;

const FILE_SUFFIX = ".wallet.json";
const TRASH_NAME = "trash";
const DIRECTORY_MODE = 0o700;

/** What group and others may not do with the folder, or they could exchange what is in it. */
const OTHERS_WRITE_MODE = 0o022;

/** What a wallet shows without being opened. */
export type WalletEntry = Pick<WalletHeader, "name" | "kind" | "descriptors" | "createdAt">;

/** A wallet in the list, or why its file cannot be one. */
export type ListedWallet =
  | ({ readonly status: "readable" } & WalletEntry)
  | { readonly status: "unreadable"; readonly name: string; readonly code: KeystoreErrorCode };

/** A wallet to be made. The secret stays the caller's, to be wiped. */
export type NewWallet = Pick<WalletHeader, "name" | "descriptors"> &
  (
    | { readonly kind: "encrypted"; readonly secret: WalletSecret; readonly password: string }
    | { readonly kind: "plain"; readonly secret: WalletSecret }
    | { readonly kind: "watch" }
  );

export interface KeystoreOptions {
  /** Made if missing. */
  readonly directory: string;
  /** `genesis` is the hash of the network's genesis block; wallets of another are refused. */
  readonly network: { readonly name: string; readonly genesis: string };
  /** True where secrets are published anyway: the development network. */
  readonly allowsPlain: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Unpredictable bytes, for salts and nonces. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Cost of new files; within the bounds for files that are read. */
  readonly cost?: ScryptCost;
  /** Stands before each step of a change on the disk. */
  readonly onStep?: OnStep;
}

/** The wallets of a folder. Methods throw KeystoreError; a failing disk throws what it throws. */
export class Keystore {
  readonly #options: KeystoreOptions;
  readonly #queue = new OneAtATime();

  /** Makes the folder; "unsafe-mode" if others may write in it. */
  constructor(options: KeystoreOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: DIRECTORY_MODE });
    if (process.platform === "win32") return;
    if ((statSync(options.directory).mode & OTHERS_WRITE_MODE) !== 0) {
      throw new KeystoreError("unsafe-mode");
    }
  }

  /** All wallets in order of their names; one that cannot be read is in the list as such. */
  list(): readonly ListedWallet[] {
    return this.#names().map((name) => {
      try {
        return { status: "readable", ...entryOf(this.#load(name)) };
      } catch (error) {
        if (!(error instanceof KeystoreError)) throw error;
        return { status: "unreadable", name, code: error.code };
      }
    });
  }

  /** The wallet of this name, or undefined if there is none. */
  find(name: string): WalletEntry | undefined {
    return exists(this.#pathOf(name)) ? entryOf(this.#load(name)) : undefined;
  }

  /** Makes a wallet. RangeError on descriptors out of bounds. */
  async create(wallet: NewWallet): Promise<WalletEntry> {
    return this.#queue.run(async () => {
      const path = this.#pathOf(wallet.name);
      if (exists(path)) throw new KeystoreError("exists");
      if (this.#names().length >= MAX_WALLETS) throw new KeystoreError("too-many");

      const { network, now } = this.#options;
      const { name, descriptors } = wallet;
      const about = { network: network.name, genesis: network.genesis, name, descriptors };
      const text = await this.#format({ ...about, createdAt: Math.floor(now()) }, wallet);
      this.#save(path, text);
      return entryOf(this.#load(name));
    });
  }

  /** Returns the secret, which the caller wipes. The password of a plain wallet is not read. */
  async open(name: string, password: string): Promise<WalletSecret> {
    // Only a key that has to be derived takes memory, and its turn.
    const file = this.#load(name);
    if (file.lock === undefined) return openWith(file, password);
    return this.#queue.run(() => openWith(this.#load(name), password));
  }

  /** Locks the secret anew. The versions kept of before still open with the old password. */
  async changePassword(name: string, oldPassword: string, newPassword: string): Promise<void> {
    return this.#queue.run(async () => {
      const file = this.#load(name);
      if (file.lock === undefined) throw new KeystoreError("not-encrypted");
      encodeNewPassword(newPassword).fill(0);

      const secret = await openWith(file, oldPassword);
      try {
        this.#save(this.#pathOf(name), await this.#encrypt(file.header, secret, newPassword));
      } finally {
        secret.wipe();
      }
    });
  }

  /** Moves the wallet and its versions into a folder of their own in `trash/`, damaged or not. */
  async remove(name: string): Promise<void> {
    return this.#queue.run(async () => {
      const { directory, onStep = () => undefined } = this.#options;
      const path = this.#pathOf(name);
      if (!exists(path)) throw new KeystoreError("not-found");

      const trash = join(directory, TRASH_NAME);
      mkdirSync(trash, { recursive: true, mode: DIRECTORY_MODE });
      if (readdirSync(trash).length >= MAX_TRASHED_WALLETS) throw new KeystoreError("too-many");
      onStep("make a folder in the trash");
      const grave = this.#makeGrave(trash, name);
      // The wallet itself goes last: until then it is there.
      for (let version = KEPT_VERSIONS; version >= 0; version--) {
        const from = version === 0 ? path : versionOf(path, version);
        onStep(`move version ${version}`);
        moveIfExists(from, join(grave, basename(from)));
      }
      onStep("sync the directories");
      for (const changed of [grave, trash, directory]) syncDirectory(changed);
    });
  }

  #names(): string[] {
    return readdirSync(this.#options.directory)
      .filter((file) => file.endsWith(FILE_SUFFIX))
      .map((file) => file.slice(0, -FILE_SUFFIX.length))
      .filter((name) => WALLET_NAME_PATTERN.test(name))
      .sort()
      .slice(0, MAX_WALLETS);
  }

  /** The one way from a name to the disk. */
  #pathOf(name: string): string {
    if (!WALLET_NAME_PATTERN.test(name)) throw new KeystoreError("bad-name");
    return join(this.#options.directory, name + FILE_SUFFIX);
  }

  #load(name: string): WalletFile {
    const file = parseWallet(readText(this.#pathOf(name)));
    if (file.header.genesis !== this.#options.network.genesis) {
      throw new KeystoreError("other-network");
    }
    if (file.header.name !== name) throw new KeystoreError("bad-name");
    if (file.header.kind === "plain") this.#checkPlain();
    return file;
  }

  #checkPlain(): void {
    if (!this.#options.allowsPlain) throw new KeystoreError("plain-refused");
  }

  async #format(about: WalletAbout, wallet: NewWallet): Promise<string> {
    switch (wallet.kind) {
      case "encrypted":
        return this.#encrypt(about, wallet.secret, wallet.password);
      case "plain":
        this.#checkPlain();
        return formatPlainWallet(about, wallet.secret);
      case "watch":
        return formatWatchWallet(about);
    }
  }

  async #encrypt(about: WalletAbout, secret: WalletSecret, password: string): Promise<string> {
    const bytes = encodeNewPassword(password);
    try {
      return await formatEncryptedWallet(about, secret, bytes, this.#newLock(), deriveScryptKey);
    } finally {
      bytes.fill(0);
    }
  }

  /** Salt and nonce are fresh for each save, so that no key meets a nonce twice. */
  #newLock(): Lock {
    const { randomBytes, cost = SCRYPT_COST } = this.#options;
    return { cost, salt: randomBytes(SALT_BYTES), nonce: randomBytes(NONCE_BYTES) };
  }

  #save(path: string, text: string): void {
    const { onStep } = this.#options;
    writePrivateFile(path, text, {
      versions: KEPT_VERSIONS,
      maxBytes: MAX_WALLET_FILE_BYTES,
      ...(onStep && { onStep }),
    });
  }

  /** A folder that nobody has: two removals within a millisecond are told apart. */
  #makeGrave(trash: string, name: string): string {
    for (let removedAt = Math.floor(this.#options.now()); ; removedAt++) {
      const grave = join(trash, `${name}.${removedAt}`);
      if (exists(grave)) continue;
      mkdirSync(grave, { mode: DIRECTORY_MODE });
      return grave;
    }
  }
}

/** Runs what it is given one after the other; "busy" if too many wait. */
class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();
  #unfinished = 0;

  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#unfinished > MAX_WAITING) throw new KeystoreError("busy");
    this.#unfinished++;
    const result = this.#last.then(work).finally(() => this.#unfinished--);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function entryOf({ header: { name, kind, descriptors, createdAt } }: WalletFile): WalletEntry {
  return { name, kind, descriptors, createdAt };
}

function readText(path: string): string {
  try {
    return readPrivateFile(path, MAX_WALLET_FILE_BYTES);
  } catch (error) {
    if (!(error instanceof PrivateFileError)) throw error;
    switch (error.code) {
      case "not-found":
        throw new KeystoreError("not-found");
      case "not-private":
        throw new KeystoreError("unsafe-mode");
      case "too-large":
        throw new KeystoreError("wrong-password-or-damaged");
    }
  }
}

/** A password that no wallet can have is a wrong one, at no cost. */
async function openWith(file: WalletFile, password: string): Promise<WalletSecret> {
  const bytes = encodePassword(password);
  if (bytes === undefined && file.lock !== undefined) {
    throw new KeystoreError("wrong-password-or-damaged");
  }
  try {
    return await openSecret(file, bytes ?? new Uint8Array(), deriveScryptKey);
  } finally {
    bytes?.fill(0);
  }
}
