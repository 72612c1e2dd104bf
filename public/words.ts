/**
 * Words of a wallet as text: read from whatever was typed or pasted, and asked for again.
 *
 * Pure; which words there are is known to mnemonic.ts.
 */

/** More characters than 24 words need, whatever stands between them. */
export const MAX_WORDS_LENGTH = 1_000;

/** Returns the words in a text: in either case, numbered or not, with any space or sign between. */
export function splitWords(text: string): string[] {
  return (
    text
      .normalize("NFKD")
      .toLowerCase()
      .match(/[a-z]+/g) ?? []
  );
}

/**
 * Returns `count` different numbers of 0 to `below` - 1, in order; `random` gives a whole number
 * below what it is told.
 */
export function choosePositions(
  count: number,
  below: number,
  random: (below: number) => number,
): number[] {
  const left = Array.from({ length: below }, (_, index) => index);
  const chosen = Array.from({ length: Math.min(count, below) }, () => {
    return left.splice(random(left.length), 1)[0] ?? 0;
  });
  return chosen.sort((a, b) => a - b);
}
