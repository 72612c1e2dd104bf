/**
 * The reference model stands alone: it shares no module with the product, so that no mistake can be in
 * both by way of one file.
 */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dir, "..", "..", "support", "reference-model");

test("imports node:crypto, tiny-secp256k1 and its own files, and nothing else", () => {
  const files = readdirSync(FOLDER);
  const imported = files.flatMap((file) => {
    const text = readFileSync(join(FOLDER, file), "utf8");
    expect(text).not.toMatch(/\b(?:import|require)\s*\(/);
    return [...text.matchAll(/\bfrom\s+"([^"]+)"|\bimport\s+"([^"]+)"/g)].map(
      ([, from, bare]) => from ?? bare ?? "",
    );
  });
  const own = files.map((file) => `./${file}`);
  expect(new Set(imported).difference(new Set(own))).toEqual(
    new Set(["node:crypto", "tiny-secp256k1"]),
  );
  expect(files.length).toBeGreaterThan(5);
});
