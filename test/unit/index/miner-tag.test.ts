/**
 * Reading the miner's claim out of a coinbase.
 */

import { describe, expect, test } from "bun:test";
import { coinbaseHeightPush } from "../../../src/consensus/check-block.ts";
import { parseMinerTag } from "../../../src/index/miner-tag.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { pushData } from "../../../src/script/script.ts";

function coinbase(text: string, { height = 300, extranonce = new Uint8Array(8) } = {}) {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return concatBytes(coinbaseHeightPush(height), pushData(extranonce), pushData(bytes));
}

describe("parseMinerTag", () => {
  test.each([
    ["/cairn:alice:A/", "alice", "A"],
    ["/cairn:alice:AB/", "alice", "AB"],
    ["/cairn:alice:/", "alice", ""],
    ["/cairn::B/", "", "B"],
    ["/cairn:a:b/c:C/", "a:b/c", "C"],
    ["/cairn:Room 7, left:A/", "Room 7, left", "A"],
  ])("reads our own form: %s", (text, tag, stream) => {
    expect(parseMinerTag(coinbase(text))).toEqual({ tag, stream });
  });

  test.each([
    ["/ViaBTC/Mined by someone/", "Mined by someone"],
    ["x/pool/y", "pool"],
    ["/a/b/", "a"],
    ["no slashes", ""],
    ["one / slash", ""],
    ["//", ""],
    ["/   /", ""],
    ["/with\u0000zero/", ""],
    ["/caf\u00e9/", ""],
    ["", ""],
  ])("takes the longest text in slashes of another form: %j", (text, tag) => {
    expect(parseMinerTag(coinbase(text))).toEqual({ tag, stream: "" });
  });

  test("does not take slashes in the height for text", () => {
    // 0x2f6162: the bytes of the height are "ba/".
    expect(parseMinerTag(coinbase("zz/", { height: 0x2f6162 }))).toEqual({ tag: "", stream: "" });
  });

  test("does not mind an extranonce that looks like our form", () => {
    const extranonce = new TextEncoder().encode("/cairn:/");
    expect(parseMinerTag(coinbase("/cairn:bob:A/", { extranonce }))).toEqual({
      tag: "bob",
      stream: "A",
    });
  });

  test("reads scripts that end within a push, and empty ones", () => {
    const cut = coinbase("/pool/").subarray(0, -1);
    expect(parseMinerTag(concatBytes(cut, Uint8Array.of(0x2f, 0x4b)))).toEqual({
      tag: "pool",
      stream: "",
    });
    expect(parseMinerTag(new Uint8Array(0))).toEqual({ tag: "", stream: "" });
  });
});
