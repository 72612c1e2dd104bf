/**
 * Legacy signature messages against Bitcoin Core's sighash.json, and the cutting of signatures.
 */

import { describe, expect, test } from "bun:test";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { hashToId } from "../../../src/primitives/hash-id.ts";
import { findAndDelete, legacySighash } from "../../../src/script/legacy-sighash.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import { loadVectors, transactionOfHex } from "./core-vectors.ts";

describe("legacySighash", () => {
  test("gives the digest of every case of sighash.json", async () => {
    const vectors = await loadVectors("sighash.json");
    const failures: unknown[] = [];
    for (const vector of vectors) {
      const [hex, script, inputIndex, hashType, expected] = vector;
      const cache = createSighashCache(transactionOfHex(hex));
      const digest = legacySighash(cache, inputIndex, fromHex(script), hashType);
      if (hashToId(digest) !== expected) failures.push(vector);
    }
    expect(failures).toEqual([]);
    expect(vectors.length).toBe(500);
    console.log(`sighash.json: ${vectors.length} cases`);
  });
});

describe("findAndDelete", () => {
  const cases: [string, string, string, string][] = [
    ["leaves a script without the part alone", "5152", "53", "5152"],
    ["removes every occurrence", "51525152", "51", "5252"],
    ["removes occurrences beside each other", "0302ff030302ff03", "0302ff03", ""],
    ["does not look into the data of a push", "0302ff03", "ff", "0302ff03"],
    ["finds a part that ends within a push", "0302ff0302ff03", "0302ff", "03"],
    ["looks on at the byte behind what it removed", "02feed5169", "02feed51", "69"],
    ["does not find what begins within a push", "516902feed5169", "feed51", "516902feed5169"],
    ["finds a part at the end", "516902feed5169", "02feed51", "516969"],
    ["keeps what follows a push that exceeds the script", "51024f", "51", "024f"],
  ];
  test.each(cases)("%s", (_, script, part, expected) => {
    expect(toHex(findAndDelete(fromHex(script), fromHex(part)))).toBe(expected);
  });
});
