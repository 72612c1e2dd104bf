/**
 * What the dashboard weighs: what is loaded before anything is shown, and what only those load who
 * need it.
 */

import { beforeAll, describe, expect, test } from "bun:test";
import { type BundledFile, bundleDashboard } from "../../scripts/bundle-dashboard.ts";

/** Compressed bytes: of the first sight, of the wallet of the page, of everything. */
const MAX_FIRST_BYTES = 65_000;
const MAX_WALLET_BYTES = 130_000;
const MAX_TOTAL_BYTES = 350_000;

/** The order of the field of secp256k1, as the libraries write it; only wallets need it. */
const CURVE = /fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f/i;

let files: ReadonlyMap<string, BundledFile>;

beforeAll(async () => {
  files = new Map((await bundleDashboard()).map((file) => [file.name, file]));
}, 60_000);

describe("the dashboard's files", () => {
  test("the first sight is light, and holds no wallet", () => {
    const first = [...reached("app.js", false), "dashboard.css", "theme.js"];
    console.log(`dashboard: ${sizeOf(first)} bytes at first, compressed`);
    expect(sizeOf(first)).toBeLessThan(MAX_FIRST_BYTES);
    for (const name of first) expect(textOf(name), name).not.toMatch(CURVE);
  });

  test("the wallet of the page comes later, and needs nothing that a browser has not", () => {
    const first = new Set(reached("app.js", false));
    const wallet = [...files.keys()].find((name) => CURVE.test(textOf(name)));
    if (wallet === undefined) throw new Error("no file holds the curve");
    const added = reached(wallet, true).filter((name) => !first.has(name));
    console.log(`dashboard: ${sizeOf(added)} bytes of wallet, compressed`);
    expect(sizeOf(added)).toBeLessThan(MAX_WALLET_BYTES);
    for (const name of added) expect(textOf(name), name).not.toMatch(/["']node:|createCipheriv/);
  });

  test("all of it is not much", () => {
    console.log(`dashboard: ${sizeOf([...files.keys()])} bytes in all, compressed`);
    expect(sizeOf([...files.keys()])).toBeLessThan(MAX_TOTAL_BYTES);
  });
});

function textOf(name: string): string {
  return new TextDecoder().decode(files.get(name)?.bytes);
}

function sizeOf(names: readonly string[]): number {
  const sizes = names.map((name) => Bun.gzipSync(files.get(name)?.bytes ?? "").length);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The scripts that `name` loads, itself first; with those it loads later, if `isLater`. */
function reached(name: string, isLater: boolean): string[] {
  const found = new Set([name]);
  for (const script of found) {
    const text = textOf(script);
    const pattern = isLater
      ? /"\/assets\/([\w.-]+\.js)"/g
      : /(?:\bfrom|\bimport)\s*"\/assets\/([\w.-]+\.js)"/g;
    for (const [, target = ""] of text.matchAll(pattern)) found.add(target);
  }
  return [...found];
}
