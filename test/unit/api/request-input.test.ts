/**
 * Bodies and queries: exactly what a schema says, and a field named for everything else.
 */

import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import type { ApiError } from "../../../src/api/problem.ts";
import {
  attachInput,
  BODY_TIMEOUT_MS,
  inputOf,
  readBody,
  readBoundedText,
  readQuery,
} from "../../../src/api/request-input.ts";
import { exact, oneOf } from "../../../src/api/schemas.ts";
import { HandClock } from "../../support/hand-clock.ts";

const BODY = exact({
  amount: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
  list: Type.Optional(Type.Array(exact({ name: Type.String() }), { maxItems: 2 })),
});
const QUERY = exact({
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  mode: Type.Optional(oneOf(["a", "b"])),
});

function withInput(text: string, query = ""): Request {
  const request = new Request("http://cairn.internal/");
  attachInput(request, {
    query: new URLSearchParams(query),
    readText: () => Promise.resolve(text),
    charge: () => {},
    boundTo: "nobody",
    tryPassword: (work) => work(),
  });
  return request;
}

async function refusalOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    const { problem } = error as ApiError;
    return problem === undefined
      ? (error as { code: string }).code
      : [problem.code, problem.facts?.field];
  }
  return "accepted";
}

describe("readBody", () => {
  test("gives what the schema says, and {} for nothing", async () => {
    expect(await readBody(withInput('{"amount":3}'), BODY)).toEqual({ amount: 3 });
    expect(await readBody(withInput(""), BODY)).toEqual({});
  });

  // J-01, J-06, J-07, J-08, J-09: each of these the framework's own parser lets through or changes.
  const refused: [string, unknown][] = [
    ['{"amount":"3"}', ["bad-request-shape", "amount"]],
    ['{"amount":1.5}', ["bad-request-shape", "amount"]],
    ['{"amount":11}', ["bad-request-shape", "amount"]],
    ['{"amount":-1}', ["bad-request-shape", "amount"]],
    ['{"amount":null}', ["bad-request-shape", "amount"]],
    ['{"amount":[1]}', ["bad-request-shape", "amount"]],
    ['{"amount":true}', ["bad-request-shape", "amount"]],
    ['{"amount":9007199254740993}', "json-number"],
    ['{"amount":1e400}', "json-number"],
    ['{"amount":1,"amount":2}', "json-duplicate-key"],
    ['{"amount":1,"other":2}', ["bad-request-shape", "other"]],
    ['{"__proto__":{"amount":1}}', "json-forbidden-key"],
    ['{"constructor":1}', "json-forbidden-key"],
    ['{"list":[{"name":1}]}', ["bad-request-shape", "list.0.name"]],
    ['{"list":[{"name":"x","z":1}]}', ["bad-request-shape", "list.0.z"]],
    ['{"list":[{},{},{}]}', ["bad-request-shape", "list"]],
    ["null", ["bad-request-shape", "body"]],
    ["[]", ["bad-request-shape", "body"]],
    ['"{}"', ["bad-request-shape", "body"]],
    ["{", "json-syntax"],
    [" ", "json-syntax"],
    ["{}x", "json-syntax"],
    [`${"[".repeat(17)}${"]".repeat(17)}`, "json-too-deep"],
    [`${"[".repeat(200_000)}${"]".repeat(200_000)}`, "json-too-deep"],
  ];
  test.each(refused)("refuses %#", async (text, expected) => {
    expect(await refusalOf(() => readBody(withInput(text), BODY))).toEqual(expected);
    expect(({} as { amount?: number }).amount).toBeUndefined();
  });

  test("repeats no more than a piece of what it was given", async () => {
    const name = "x".repeat(100_000);
    const request = withInput(`{"${name}":1}`);
    const error = (await readBody(request, BODY).catch((caught) => caught)) as ApiError;
    expect(error.message.length).toBeLessThan(200);
    expect(JSON.stringify(error.problem).length).toBeLessThan(400);
  });
});

describe("readQuery", () => {
  test("makes numbers of plain digits and fills defaults in", () => {
    expect(readQuery(withInput("", "limit=7&mode=b"), QUERY)).toEqual({ limit: 7, mode: "b" });
    expect(readQuery(withInput(""), QUERY)).toEqual({ limit: 20 });
  });

  test.each([
    "limit=0",
    "limit=101",
    "limit=-1",
    "limit=+1",
    "limit=1e2",
    "limit=0x10",
    "limit=1.0",
    "limit=%201",
    "limit=",
    "limit=01",
    "limit=9007199254740993",
    "limit=1_0",
    "limit=latest",
    "limit=1&limit=2",
    "limit[]=1",
    "mode=c",
    "unknown=1",
    "__proto__=1",
    "toString=1",
  ])("refuses %s (A-17)", async (query) => {
    const refusal = await refusalOf(() => readQuery(withInput("", query), QUERY));
    expect(refusal).toEqual(["bad-request-shape", expect.any(String)]);
  });
});

describe("readBoundedText", () => {
  const post = (body: BodyInit) => new Request("http://x/", { method: "POST", body });

  test("reads up to the limit and not a byte more", async () => {
    const clock = new HandClock();
    expect(await readBoundedText(post("12345"), 5, clock)).toBe("12345");
    expect(await refusalOf(() => readBoundedText(post("123456"), 5, clock))).toEqual([
      "body-too-large",
      undefined,
    ]);
  });

  test("stops reading a body without end", async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1_000));
      },
    });
    const refusal = await refusalOf(() => readBoundedText(post(endless), 5_000, new HandClock()));
    expect(refusal).toEqual(["body-too-large", undefined]);
    expect(pulled).toBeLessThan(20);
  });

  test("gives up on a body that does not come (J-12)", async () => {
    const clock = new HandClock();
    const reading = refusalOf(() =>
      readBoundedText(post(new ReadableStream({ pull: () => new Promise(() => {}) })), 5, clock),
    );
    await Promise.resolve();
    clock.pass(BODY_TIMEOUT_MS);
    expect(await reading).toEqual(["body-too-slow", undefined]);
  });

  test("refuses what is not UTF-8", async () => {
    const bytes = Uint8Array.of(0x22, 0xff, 0x22);
    const refusal = await refusalOf(() => readBoundedText(post(bytes), 5, new HandClock()));
    expect(refusal).toEqual(["json-syntax", undefined]);
  });
});

test("a request that came round the gate is a fault of ours", () => {
  expect(() => inputOf(new Request("http://x/"))).toThrow("round the gate");
});
