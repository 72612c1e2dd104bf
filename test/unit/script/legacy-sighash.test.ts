/**
 * Legacy signature messages against Bitcoin Core's sighash.json, and the cutting of signatures.
 */

import { describe, expect, test } from "bun:test";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { hashToId } from "../../../src/primitives/hash-id.ts";
import type { Transaction } from "../../../src/primitives/transaction.ts";
import { findAndDelete, legacySighash } from "../../../src/script/legacy-sighash.ts";
import { createSighashCache, type SighashCache } from "../../../src/script/sighash.ts";
import { witnessV0Sighash } from "../../../src/script/witness-sighash.ts";
import { someInput, someOutput, someTransaction, someTxid } from "../../support/builders.ts";
import { repeatSeeded, type SeededRandom } from "../../support/random.ts";
import { reportCases } from "../../support/report-cases.ts";
import { loadVectors, transactionOfHex } from "./core-vectors.ts";

const SEED = 20_261_126;

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
    reportCases("sighash.json", { cases: vectors.length }, { cases: 500 });
  });
});

describe("SighashCache", () => {
  test("gives the digests of a fresh one, whatever was asked before and however long it is", () => {
    repeatSeeded(SEED, 60, (random) => {
      const tx = transactionOfLength(random, random.oneIn(2) ? 10 : 6_000);
      const shared = createSighashCache(tx);
      const scripts = [random.bytes(30), random.bytes(30)];
      for (let asked = 0; asked < 40; asked++) {
        const input = random.below(tx.inputs.length);
        const script = random.pick(scripts);
        // Few kinds and many hash types, so that messages that begin alike follow each other.
        const hashType = random.pick([0x01, 0x02, 0x03, 0x81, 0x82, 0x83, 0x00, 0x41, 0xc3]);
        const isLegacy = random.oneIn(2);
        const digestOf = (cache: SighashCache) =>
          isLegacy
            ? legacySighash(cache, input, script, hashType)
            : witnessV0Sighash(cache, input, script, 5, hashType);
        expect(toHex(digestOf(shared))).toBe(toHex(digestOf(createSighashCache(tx))));
      }
    });
  });
});

function transactionOfLength(random: SeededRandom, outputLength: number): Transaction {
  const outputs = [0, 1].map(() => someOutput({ scriptPubKey: random.bytes(outputLength) }));
  const inputs = [1, 2, 3].map((fill) =>
    someInput({ prevout: { txid: someTxid(fill), vout: 0 }, sequence: random.u32() }),
  );
  return someTransaction({ inputs, outputs });
}

describe("findAndDelete", () => {
  const cases: [string, string, string, string][] = [
    ["leaves a script without the part alone", "5152", "53", "5152"],
    ["has nothing to remove for an empty part", "5152", "", "5152"],
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
