/**
 * Searches for secrets in whatever a program left behind: texts, files, logs, in every form in which
 * a secret may have been written.
 *
 * The keys come from the words by libraries that the node does not use.
 */

import { pbkdf2Sync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BIP32Factory, type BIP32Interface } from "bip32";
import * as curve from "tiny-secp256k1";

const ROUNDS = 2_048;
const HARDENED_PURPOSE = "m/84'/1'/0'";
const CHILDREN = 25;

/** Versions and prefixes under which keys of the test networks are written. */
const TEST_NETWORK = {
  messagePrefix: "",
  bech32: "bcrt",
  bip32: { public: 0x043587cf, private: 0x04358394 },
  pubKeyHash: 0x6f,
  scriptHash: 0xc4,
  wif: 0xef,
};

/** One form of a secret. */
interface Needle {
  readonly what: string;
  readonly bytes: Buffer;
  /** True if capitals do not matter. */
  readonly isText: boolean;
}

/** What must be found nowhere. */
export class SecretSearch {
  readonly #needles: Needle[] = [];

  /** A text, such as a password, as it is and as bytes would be written. */
  addText(what: string, text: string): void {
    this.#needles.push({ what, bytes: Buffer.from(text.toLowerCase()), isText: true });
    this.addBytes(what, Buffer.from(text));
  }

  /** Bytes: themselves, as hex, and as base64 wherever they stand in what was encoded. */
  addBytes(what: string, bytes: Uint8Array): void {
    this.#needles.push({ what: `${what}, raw`, bytes: Buffer.from(bytes), isText: false });
    const hex = Buffer.from(bytes).toString("hex");
    this.#needles.push({ what: `${what}, hex`, bytes: Buffer.from(hex), isText: true });
    for (let shift = 0; shift < 3; shift++) {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
      for (const encoding of ["base64", "base64url"] as const) {
        // What the bytes beside it would change is left out.
        const text = shifted
          .toString(encoding)
          .replace(/=+$/, "")
          .slice(shift + 1, -1);
        this.#needles.push({
          what: `${what}, ${encoding}`,
          bytes: Buffer.from(text),
          isText: false,
        });
      }
    }
  }

  /** Words of a wallet, with all that follows from them; returns the account's public key. */
  addMnemonic(words: string, passphrase: string, entropy: Uint8Array): string {
    const list = words.split(" ");
    for (let at = 0; at + 3 <= list.length; at++) {
      for (const between of [" ", ",", '","', '", "', "\n"]) {
        const text = list.slice(at, at + 3).join(between);
        this.#needles.push({ what: "three words", bytes: Buffer.from(text), isText: true });
      }
    }
    const seed = pbkdf2Sync(words, `mnemonic${passphrase}`, ROUNDS, 64, "sha512");
    this.addBytes("entropy", entropy);
    this.addBytes("seed", seed);
    const master = BIP32Factory(curve).fromSeed(seed, TEST_NETWORK);
    this.#addKey("master key", master);
    const account = master.derivePath(HARDENED_PURPOSE);
    this.#addKey("account key", account);
    for (const branch of [0, 1]) {
      for (let index = 0; index < CHILDREN; index++) {
        this.#addKey(`key ${branch}/${index}`, account.derive(branch).derive(index));
      }
    }
    return account.neutered().toBase58();
  }

  #addKey(what: string, key: BIP32Interface): void {
    if (key.privateKey === undefined) throw new Error(`${what} has no private key`);
    this.addBytes(what, key.privateKey);
    for (const text of [key.toWIF(), key.toBase58()]) {
      this.#needles.push({ what, bytes: Buffer.from(text), isText: false });
    }
  }

  /** Returns what was found in `text`, as it arrived. */
  find(text: string | Uint8Array): string[] {
    const whole = Buffer.from(text as string);
    const lower = Buffer.from(whole.toString("latin1").toLowerCase(), "latin1");
    return this.#needles
      .filter(({ bytes, isText }) => (isText ? lower : whole).includes(bytes))
      .map(({ what }) => what);
  }

  /** Returns what was found in the files under `folder`, with their names. */
  findInFiles(folder: string): string[] {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .flatMap(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return this.find(readFileSync(path)).map((what) => `${path}: ${what}`);
      });
  }
}
