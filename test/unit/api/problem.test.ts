/**
 * Errors as clients see them: every kind has a code, and none tells what it should not.
 */

import { describe, expect, test } from "bun:test";
import {
  ApiError,
  INTERNAL_PROBLEM,
  PROBLEM_CONTENT_TYPE,
  problemDocument,
  problemOf,
  problemResponse,
  sentence,
} from "../../../src/api/problem.ts";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { DecodeError } from "../../../src/lib/codec.ts";
import { JsonError } from "../../../src/lib/json.ts";
import { CursorError } from "../../../src/lib/paging.ts";
import { MiningStoppedError } from "../../../src/mining/miner.ts";
import { AddressError } from "../../../src/primitives/address.ts";

describe("problemOf", () => {
  const cases: [Error, number, string][] = [
    [new RuleError("dust", "it is dust"), 422, "dust"],
    [new RuleError("txn-already-known", "it is in a block"), 409, "txn-already-known"],
    [new AddressError("network", "of another network"), 400, "bad-address-network"],
    [new AddressError("checksum", "no match"), 400, "bad-address-checksum"],
    [new JsonError("json-too-deep", "too deep"), 400, "json-too-deep"],
    [new CursorError("x"), 400, "bad-cursor"],
    [new DecodeError("unexpected end"), 400, "decode-failed"],
    [new MiningStoppedError("stopping"), 503, "mining-unavailable"],
    [new ApiError({ status: 418, code: "teapot", detail: "Tea." }), 418, "teapot"],
  ];
  test.each(cases)("%p", (error, status, code) => {
    expect(problemOf(error)).toMatchObject({ status, code });
  });

  test("knows nothing of faults of ours", () => {
    expect(problemOf(new TypeError("x is undefined"))).toBeUndefined();
    expect(problemOf("a text")).toBeUndefined();
    expect(problemOf(undefined)).toBeUndefined();
  });
});

describe("problemDocument", () => {
  test("carries the numbers that were compared, and a hint where there is one", () => {
    const error = new RuleError("min-relay-fee-not-met", "it pays 1 sat", { fee: 1, least: 110 });
    expect(problemDocument(problemOf(error) ?? INTERNAL_PROBLEM)).toEqual({
      type: "urn:cairn:problem:min-relay-fee-not-met",
      title: "Not acceptable",
      status: 422,
      code: "min-relay-fee-not-met",
      detail: "It pays 1 sat.",
      hint: expect.any(String),
      fee: 1,
      least: 110,
    });
  });

  test("does not let facts replace its own members", () => {
    const facts = {
      status: 200,
      code: "fine",
      type: "x",
      title: "x",
      detail: "x",
      hint: "x",
      n: 1,
    };
    const document = problemDocument({ status: 422, code: "odd", detail: "Odd.", facts });
    expect(document).toMatchObject({ status: 422, code: "odd", detail: "Odd.", n: 1 });
    expect(document.hint).toBeUndefined();
  });

  test("has no hint for words that every object knows", () => {
    const document = problemDocument({ status: 400, code: "constructor", detail: "Odd." });
    expect(document.hint).toBeUndefined();
  });
});

test("problemResponse has its own content type and is not kept", () => {
  const headers = { allow: "GET" };
  const response = problemResponse({ status: 405, code: "x", detail: "X.", headers });
  expect(response.status).toBe(405);
  expect(response.headers.get("content-type")).toBe(PROBLEM_CONTENT_TYPE);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("allow")).toBe("GET");
});

test("sentence gives a capital and one full stop", () => {
  expect(sentence("it is so")).toBe("It is so.");
  expect(sentence("It is so.")).toBe("It is so.");
  expect(sentence("is it?")).toBe("Is it?");
});
