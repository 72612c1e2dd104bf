/** Words of wallets in the page, against the wallet's own reading of them. */

import { describe, expect, test } from "bun:test";
import { findWordsProblem, makeWords } from "../../../public/mnemonic.ts";
import { choosePositions, splitWords } from "../../../public/words.ts";
import { parseMnemonic } from "../../../src/wallet/mnemonic.ts";

const PUBLISHED = `${"abandon ".repeat(11)}about`;

describe("makeWords", () => {
  test("makes 24 words that the wallet takes, others each time", () => {
    const words = makeWords();
    expect(words).toHaveLength(24);
    expect(parseMnemonic(words.join(" "))).toHaveLength(32);
    expect(makeWords()).not.toEqual(words);
  });
});

describe("findWordsProblem", () => {
  test("finds nothing wrong with published words", () => {
    expect(findWordsProblem(splitWords(PUBLISHED))).toBeUndefined();
  });

  test("repeats no word, right or wrong", () => {
    for (const text of [`${PUBLISHED} zebrafish`, "abandon about", `${"abandon ".repeat(12)}`]) {
      const problem = findWordsProblem(splitWords(text));
      expect(problem).toBeDefined();
      expect(problem).not.toMatch(/zebrafish|abandon|about/);
    }
  });
});

describe("splitWords", () => {
  test("takes words however they are written down", () => {
    expect(splitWords("1. Abandon\n2) ABOUT,\tzoo ")).toEqual(["abandon", "about", "zoo"]);
    expect(splitWords(" ")).toEqual([]);
  });
});

describe("choosePositions", () => {
  test("chooses different ones, in order", () => {
    expect(choosePositions(3, 24, () => 0)).toEqual([0, 1, 2]);
    expect(choosePositions(3, 24, (below) => below - 1)).toEqual([21, 22, 23]);
    expect(choosePositions(3, 2, () => 0)).toEqual([0, 1]);
  });
});
