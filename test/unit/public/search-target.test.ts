/** Where a search leads, on an API that is a list of what is there. */

import { expect, test } from "bun:test";
import { type Ask, findSearchTarget } from "../../../public/search-target.ts";

const HASH = "ab".repeat(32);

function apiWith(paths: Record<string, unknown>): Ask {
  return async (path) => {
    if (path in paths) return paths[path];
    throw new Error("404");
  };
}

test.each([
  [" 1,234 ", { "/api/block/1234?limit=1": {} }, "/block/1234"],
  [HASH.toUpperCase(), { [`/api/block/${HASH}?limit=1`]: {} }, `/block/${HASH}`],
  [HASH, { [`/api/transactions/${HASH}`]: {} }, `/tx/${HASH}`],
  ["crn1q", { "/api/addresses/crn1q/validate": { valid: true } }, "/address/crn1q"],
])("%p leads to %p", async (text, paths, target) => {
  expect(await findSearchTarget(text, apiWith(paths))).toBe(target as string);
});

test.each(["", "  ", "99", HASH, "x/y", "a".repeat(131)])("%p leads nowhere", async (text) => {
  const refuses = { [`/api/addresses/${encodeURIComponent(text)}/validate`]: { valid: false } };
  expect(await findSearchTarget(text, apiWith(refuses))).toBeUndefined();
});

test("asks nothing for a text that is too long to be anything", async () => {
  const ask: Ask = () => Promise.reject(new Error("was asked"));
  expect(await findSearchTarget("1".repeat(131), ask)).toBeUndefined();
});
