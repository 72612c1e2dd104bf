/** Words, entropy and seeds: BIP-0039's vectors through our functions, and bad input. */

import { describe, expect, test } from "bun:test";
import { HDKey } from "@scure/bip32";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import fc from "fast-check";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import {
  encodePassphrase,
  formatMnemonic,
  MnemonicError,
  makeMnemonic,
  parseMnemonic,
} from "../../../src/wallet/mnemonic.ts";
import { seedOf } from "../../../src/wallet/native-keys.ts";
import { reportCases } from "../../support/report-cases.ts";
import bip39 from "../../vectors/bip39-english.json";

const NO_PASSPHRASE = new Uint8Array(0);
const TWELVE = `${"abandon ".repeat(11)}about`;

describe("BIP-0039's vectors", () => {
  test("words, entropy, seed and master key belong together", () => {
    const vectors = bip39.vectors as [string, string, string, string][];
    for (const [entropy, words, seed, masterKey] of vectors) {
      const parsed = parseMnemonic(words);
      expect(toHex(parsed)).toBe(entropy);
      expect(formatMnemonic(parsed)).toBe(words);
      const made = seedOf(parsed, encodePassphrase("TREZOR"));
      expect(toHex(made)).toBe(seed);
      expect(HDKey.fromMasterSeed(made).privateExtendedKey).toBe(masterKey);
    }
    reportCases("bip39-english.json", { vectors: vectors.length }, { vectors: 24 });
  });
});

describe("makeMnemonic", () => {
  test("makes 24 words of 32 bytes, which give the bytes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (entropy) => {
        const words = makeMnemonic(entropy);
        expect(words.split(" ")).toHaveLength(24);
        expect(parseMnemonic(words)).toEqual(entropy);
      }),
      { numRuns: 50 },
    );
  });

  test("refuses any other number of bytes", () => {
    for (const length of [0, 16, 31, 33]) {
      expect(() => makeMnemonic(new Uint8Array(length))).toThrow(RangeError);
    }
  });
});

describe("parseMnemonic", () => {
  test("takes upper case, any white space and other Unicode forms of the same letters", () => {
    const expected = parseMnemonic(TWELVE);
    const wide = TWELVE.replace(/[a-z]/g, (letter) =>
      String.fromCharCode(letter.charCodeAt(0) + 0xfee0),
    );
    for (const text of [TWELVE.toUpperCase(), `\n ${TWELVE.replaceAll(" ", " \t\r\n ")} `, wide]) {
      expect(parseMnemonic(text)).toEqual(expected);
    }
  });

  test("counts words before it looks at them", () => {
    for (const text of ["", "  ", "about", "about ".repeat(13), "about ".repeat(25)]) {
      expect(problemOf(text)).toEqual(["word-count", undefined]);
    }
    expect(problemOf("x".repeat(1_000_000))).toEqual(["word-count", undefined]);
    expect(problemOf(`${TWELVE}${" ".repeat(2000)}`)).toEqual(["word-count", undefined]);
  });

  test("names the place of the first unknown word and nothing of the text", () => {
    const words = TWELVE.split(" ");
    for (const [index, wrong] of [
      [0, "abandonn"],
      [6, "canarysecret"],
      [11, "abou"],
    ] as const) {
      const text = words.with(index, wrong).join(" ");
      expect(problemOf(text)).toEqual(["unknown-word", index + 1]);
      const error = errorOf(text);
      expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain(wrong);
    }
  });

  test("refuses words whose checksum is wrong, and shows none of them", () => {
    const error = errorOf("zoo ".repeat(12));
    expect(error.code).toBe("checksum");
    expect(error.message).not.toContain("zoo");
    expect(error.cause).toBeUndefined();
  });

  test("finds one word exchanged in about fifteen of sixteen cases", () => {
    const words = TWELVE.split(" ");
    const accepted = wordlist.filter((word) => {
      try {
        parseMnemonic(words.with(11, word).join(" "));
        return true;
      } catch {
        return false;
      }
    });
    // Of 11 bits, 7 are entropy and 4 checksum.
    expect(accepted).toHaveLength(128);
  });
});

describe("seedOf", () => {
  test("takes a passphrase in either Unicode form for the same (K-07)", () => {
    const entropy = parseMnemonic(TWELVE);
    const composed = seedOf(entropy, encodePassphrase("pässword \u212b"));
    const decomposed = seedOf(entropy, encodePassphrase("pa\u0308ssword A\u030a"));
    expect(composed).toEqual(decomposed);
    expect(composed).not.toEqual(seedOf(entropy, NO_PASSPHRASE));
  });

  test("leaves entropy and passphrase as they are", () => {
    const entropy = fromHex("7f".repeat(32));
    const passphrase = encodePassphrase("still here");
    seedOf(entropy, passphrase);
    expect(toHex(entropy)).toBe("7f".repeat(32));
    expect(passphrase).toEqual(encodePassphrase("still here"));
  });
});

function errorOf(text: string): MnemonicError {
  try {
    parseMnemonic(text);
  } catch (error) {
    if (error instanceof MnemonicError) return error;
    throw error;
  }
  throw new Error("accepted");
}

function problemOf(text: string) {
  const { code, position } = errorOf(text);
  return [code, position];
}
