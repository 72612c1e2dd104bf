/**
 * The words that a wallet is written down as (BIP-0039, English), and what their seed is made of.
 *
 * Entropy is handed in and handed out as bytes, so that its holder can wipe it; the words exist as
 * text only where a person writes or reads them. No error repeats a word, right or wrong.
 */

import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { concatBytes } from "../lib/bytes.ts";

/** What is wrong with a mnemonic. */
export type MnemonicProblem = "word-count" | "unknown-word" | "checksum";

/** Text that is no mnemonic. Its message holds none of the text. */
export class MnemonicError extends Error {
  override readonly name = "MnemonicError";
  readonly code: MnemonicProblem;
  /** Of the first unknown word, counted from 1; else undefined. */
  readonly position: number | undefined;

  constructor(code: MnemonicProblem, message: string, position?: number) {
    super(message);
    this.code = code;
    this.position = position;
  }
}

/** Bytes of entropy in a mnemonic made here: 24 words. */
export const ENTROPY_BYTES = 32;

/** Numbers of words that BIP-0039 knows; other wallets make shorter mnemonics than we do. */
const WORD_COUNTS = [12, 15, 18, 21, 24];

/** More characters than 24 words of 8 letters need, whatever stands between them. */
const MAX_TEXT_LENGTH = 1000;

/** Rounds of PBKDF2 with HMAC-SHA-512 from words to seed, and bytes of a seed. */
export const SEED_ROUNDS = 2048;
export const SEED_BYTES = 64;

const WORDS = new Set(wordlist);

/** Returns the 24 words of 32 bytes, which must come from a source of chance fit for keys. */
export function makeMnemonic(entropy: Uint8Array): string {
  if (entropy.length !== ENTROPY_BYTES) throw new RangeError(`not ${ENTROPY_BYTES} bytes`);
  return formatMnemonic(entropy);
}

/** Returns the 12 to 24 words that parseMnemonic() read 16 to 32 bytes from. */
export function formatMnemonic(entropy: Uint8Array): string {
  return entropyToMnemonic(entropy, wordlist);
}

/**
 * Returns the entropy of 12 to 24 words, in either case and with any white space between them;
 * MnemonicError otherwise.
 */
export function parseMnemonic(text: string): Uint8Array {
  const words = text
    .slice(0, MAX_TEXT_LENGTH + 1)
    .normalize("NFKD")
    .toLowerCase()
    .match(/\S+/g);
  const count = words?.length ?? 0;
  if (words === null || !WORD_COUNTS.includes(count) || text.length > MAX_TEXT_LENGTH) {
    throw new MnemonicError("word-count", `${count} words; there should be 12, 15, 18, 21 or 24`);
  }
  const unknown = words.findIndex((word) => !WORDS.has(word));
  if (unknown >= 0) {
    const position = unknown + 1;
    throw new MnemonicError("unknown-word", `word ${position} is not in the list`, position);
  }
  try {
    return mnemonicToEntropy(words.join(" "), wordlist);
  } catch {
    throw new MnemonicError("checksum", "all words are known, but one of them is wrong or moved");
  }
}

/** Returns a passphrase as BIP-0039 hashes it: UTF-8 of its NFKD form. */
export function encodePassphrase(passphrase: string): Uint8Array {
  return new TextEncoder().encode(passphrase.normalize("NFKD"));
}

/**
 * Returns what a seed is made of: password and salt of PBKDF2, both the caller's to wipe.
 * `passphrase` is as encodePassphrase() makes it, and empty for none.
 */
export function seedInput(
  entropy: Uint8Array,
  passphrase: Uint8Array,
): { readonly words: Uint8Array; readonly salt: Uint8Array } {
  return {
    words: new TextEncoder().encode(entropyToMnemonic(entropy, wordlist)),
    salt: concatBytes(SALT_PREFIX, passphrase),
  };
}

const SALT_PREFIX = new TextEncoder().encode("mnemonic");
