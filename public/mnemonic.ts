/**
 * The door to the words that wallets are written down as (BIP-0039, English): 24 new ones, and what
 * is wrong with those that somebody typed.
 *
 * With its list it is heavy, and loaded by `import()` where words are needed. What the words open is
 * not known here, and nothing is kept.
 */

import { generateMnemonic, validateMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";

/** Bits of chance in new words: 24 of them. */
const NEW_WORDS_BITS = 256;

/** Numbers of words that BIP-0039 knows. */
const WORD_COUNTS = [12, 15, 18, 21, 24];

/** Returns 24 new words, of the browser's own chance. */
export function makeWords(): string[] {
  return generateMnemonic(wordlist, NEW_WORDS_BITS).split(" ");
}

/** Returns what is wrong with `words`, as a sentence that repeats none of them; undefined if nothing. */
export function findWordsProblem(words: readonly string[]): string | undefined {
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) return `Word ${unknown + 1} is not in the list of words.`;
  if (!WORD_COUNTS.includes(words.length)) {
    return `These are ${words.length} words; there should be 12, 15, 18, 21 or 24.`;
  }
  if (validateMnemonic(words.join(" "), wordlist)) return undefined;
  return "These words do not belong together: one is wrong, or two changed places.";
}
