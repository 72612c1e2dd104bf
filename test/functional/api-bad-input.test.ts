/**
 * What clients get wrong, or try: each asserts status and code, and the client checks that no answer
 * tells of stacks or places.
 *
 * Against a real node over a socket, so that what the HTTP parser and the framework do is part of it.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { findNetwork } from "../../src/consensus/networks.ts";
import { parseJson } from "../../src/lib/json.ts";
import { formatAddress } from "../../src/primitives/address.ts";
import { CheckedClient } from "../support/checked-client.ts";
import { paymentKey } from "../support/payments.ts";
import {
  joinTestNode,
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";

let running: RunningNode;
let api: RunningApi;
let client: CheckedClient;

beforeAll(async () => {
  running = await startTestNode();
  await joinTestNode(running.node);
  await running.node.miner.mine(3);
  api = await startTestApi(running.node);
  client = await CheckedClient.connect(api);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
});

/** Status and code of the answer to a body sent to a path. */
async function refusal(path: string, body: string): Promise<[number, string]> {
  const answer = await client.postText(path, body);
  return [answer.status, answer.body.code];
}

const HASH = "ab".repeat(32);

describe("bodies that are not strict JSON", () => {
  const cases: [string, string, number, string][] = [
    ["not JSON", "{bad", 400, "json-syntax"],
    ["cut off", '{"hex":"00', 400, "json-syntax"],
    ["two values", "{}{}", 400, "json-syntax"],
    ["a comment", "{/* */}", 400, "json-syntax"],
    ["NaN", '{"blocks":NaN}', 400, "json-syntax"],
    ["17 deep", `${'{"a":'.repeat(17)}1${"}".repeat(17)}`, 400, "json-too-deep"],
    ["100,000 deep", "[".repeat(100_000), 400, "json-too-deep"],
    ["the same key twice", '{"hex":"00","hex":"01"}', 400, "json-duplicate-key"],
    ["an escaped equal key", '{"hex":"00","\\u0068ex":"01"}', 400, "json-duplicate-key"],
    ["__proto__", '{"__proto__":{"polluted":true}}', 400, "json-forbidden-key"],
    ["constructor", '{"constructor":{"prototype":{"polluted":true}}}', 400, "json-forbidden-key"],
    ["a number beyond 2^53", '{"blocks":9007199254740993}', 400, "json-number"],
  ];
  const paths = [
    "/api/transactions",
    "/api/transactions/batch",
    "/api/transactions/test",
    "/api/mine",
    "/api/mining/start",
    "/api/mining/stop",
    "/api/mining/submit",
  ];
  test.each(cases)("%s", async (_, body, status, code) => {
    for (const path of paths) expect(await refusal(path, body)).toEqual([status, code]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("bodies of another shape", () => {
  const cases: [string, string, string][] = [
    ["/api/mine", "null", "body"],
    ["/api/mine", "[]", "body"],
    ["/api/mine", '"{}"', "body"],
    ["/api/mine", '{"blocks":0}', "blocks"],
    ["/api/mine", '{"blocks":1001}', "blocks"],
    ["/api/mine", '{"blocks":-1}', "blocks"],
    ["/api/mine", '{"blocks":1.5}', "blocks"],
    ["/api/mine", '{"blocks":"1"}', "blocks"],
    ["/api/mine", '{"blocks":null}', "blocks"],
    ["/api/mine", '{"blocks":[1]}', "blocks"],
    ["/api/mine", '{"blocks":true}', "blocks"],
    ["/api/mine", '{"block":1}', "block"],
    ["/api/mine", '{"address":5}', "address"],
    ["/api/mining/start", '{"threads":0}', "threads"],
    ["/api/mining/start", '{"threads":257}', "threads"],
    ["/api/mining/stop", '{"now":true}', "now"],
    ["/api/mining/submit", "{}", "hex"],
    ["/api/mining/submit", '{"hex":5}', "hex"],
    ["/api/transactions", "{}", "inputs"],
    ["/api/transactions", "null", "body"],
    ["/api/transactions", "[]", "body"],
    ["/api/transactions", '{"hex":5}', "hex"],
    ["/api/transactions", '{"hex":"00","more":1}', "more"],
    ["/api/transactions", '{"inputs":[],"outputs":[]}', "inputs"],
    ["/api/transactions/batch", "{}", "transactions"],
    ["/api/transactions/batch", '{"transactions":[]}', "transactions"],
    ["/api/transactions/batch", '{"transactions":[5]}', "transactions.0"],
  ];
  test.each(cases)("%s takes no %s", async (path, body, field) => {
    const answer = await client.postText(path, body);
    expect([answer.status, answer.body.code, answer.body.field]).toEqual([
      422,
      "bad-request-shape",
      field,
    ]);
  });

  const amounts = [
    "1.5",
    '"1e3"',
    '"0x10"',
    '" 12 "',
    '""',
    "-1",
    '"+5"',
    '"1_000"',
    "null",
    "[1]",
    "true",
  ];
  test.each(amounts)("no amount is %s (J-01)", async (amount) => {
    const body = `{"inputs":[{"tx_id":"${HASH}","output_index":0}],"outputs":[{"script":"00","amount":${amount}}]}`;
    const { status, body: problem } = await client.postText("/api/transactions", body);
    expect([status, problem.field]).toEqual([422, "outputs.0.amount"]);
  });

  test("no more than 1,000 transactions make a batch", async () => {
    const transactions = Array.from({ length: 1_001 }, () => "00");
    const answer = await client.post("/api/transactions/batch", { transactions });
    expect([answer.status, answer.body.field]).toEqual([422, "transactions"]);
  });
});

describe("hex", () => {
  const cases: [string, string][] = [
    ["zz", "bad-hex"],
    ["abc", "bad-hex"],
    ["0x00", "bad-hex"],
    ["00 00", "bad-hex"],
    ["00\\n", "bad-hex"],
    ["\uff10\uff10", "bad-hex"],
    ["", "tx-decode-failed"],
    ["00", "tx-decode-failed"],
    ["ff".repeat(1_000), "tx-decode-failed"],
    // A count of inputs that no memory could hold.
    ["02000000feffffffff", "tx-decode-failed"],
  ];
  test.each(cases)("%p is no transaction", async (hex, code) => {
    for (const path of ["/api/transactions", "/api/transactions/test"]) {
      expect(await refusal(path, `{"hex":"${hex}"}`)).toEqual([400, code]);
    }
  });

  test("that ends late or early is no block", async () => {
    const { body } = await client.get("/api/block/1/raw");
    for (const hex of [body.hex.slice(2), `${body.hex}00`, "", "00"]) {
      expect(await refusal("/api/mining/submit", JSON.stringify({ hex }))).toEqual([
        400,
        "block-decode-failed",
      ]);
    }
    expect(await refusal("/api/mining/submit", '{"hex":"abc"}')).toEqual([400, "bad-hex"]);
  });
});

describe("paths", () => {
  test.each([
    "-1",
    "1e3",
    "0x10",
    "9007199254740992",
    "1.0",
    "01",
    "+1",
    "%201",
    "latest",
    "tip",
    HASH.slice(1),
    `${HASH}0`,
    "zz".repeat(32),
  ])("no block is called %s (A-17)", async (id) => {
    for (const rest of ["", "/raw"]) {
      const { status, body } = await client.get(`/api/block/${id}${rest}`);
      expect([status, body.code]).toEqual([400, "bad-block-id"]);
    }
  });

  test("a block that is not there is 404", async () => {
    for (const id of ["4", "9999999999", HASH]) {
      const { status, body } = await client.get(`/api/block/${id}`);
      expect([status, body.code, body.height]).toEqual([404, "block-not-found", 3]);
    }
  });

  test("a transaction that is not there is 404, and what is no txid 400", async () => {
    for (const rest of ["", "/raw", "/merkle-proof"]) {
      const unknown = await client.get(`/api/transactions/${HASH}${rest}`);
      expect([unknown.status, unknown.body.code]).toEqual([404, "transaction-not-found"]);
      const bad = await client.get(`/api/transactions/xyz${rest}`);
      expect([bad.status, bad.body.code]).toEqual([400, "bad-txid"]);
    }
  });

  test.each([
    "/api",
    "/api/",
    "/api/nothing",
    "/API/status",
    "/api//status",
    "/api/status/",
    "/api/m%69ne",
    "/api/mine/",
    "/api/block",
    "/api/block/",
    "/api/block/1/raw/more",
    "/..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/swagger/../../etc/passwd",
    "/public/index.html",
    "/index.html",
    "/.env",
    "/swagger/swagger-ui-bundle.js.map",
  ])("there is nothing at %s (J-13)", async (path) => {
    const { status, body } = await client.get(path);
    expect([status, body.code]).toEqual([404, "not-found"]);
  });

  test("another method is 405 and says which there are", async () => {
    for (const [method, path, allow] of [
      ["POST", "/api/status", "GET, HEAD"],
      ["DELETE", "/api/transactions", "GET, HEAD, POST"],
      ["PUT", "/api/block/1", "GET, HEAD"],
      ["GET", "/api/mine", "POST"],
      ["PATCH", "/", "GET, HEAD"],
    ] as const) {
      const { status, body, headers } = await client.send(path, { method });
      expect([status, body.code]).toEqual([405, "method-not-allowed"]);
      expect(headers.get("allow")).toBe(allow);
    }
  });

  test("lists refuse what is no page of theirs", async () => {
    for (const query of ["limit=0", "limit=101", "limit=x", "limit=1&limit=1", "page=2"]) {
      for (const path of [
        "/api/blockchain",
        "/api/transactions",
        `/api/addresses/${own()}/utxos`,
      ]) {
        const { status, body } = await client.get(`${path}?${query}`);
        expect([status, body.code]).toEqual([422, "bad-request-shape"]);
      }
    }
    for (const cursor of ["x", "-1", "1e3", "1:2:3", "99999999999999999"]) {
      for (const path of [
        "/api/blockchain",
        "/api/transactions",
        `/api/addresses/${own()}/utxos`,
      ]) {
        const { status, body } = await client.get(`${path}?cursor=${cursor}`);
        expect([status, body.code]).toEqual([400, "bad-cursor"]);
      }
    }
    expect((await client.get("/api/stats/history?range=2h")).status).toBe(422);
    expect((await client.get("/api/blockchain?stream=csv")).status).toBe(422);
  });
});

describe("addresses", () => {
  test("of another network, mistyped, or none at all", async () => {
    const foreign = formatAddress(
      paymentKey().scriptPubKey,
      findNetwork("cairn", 1).addressPrefixes,
    );
    const mistyped = `${own().slice(0, -1)}${own().endsWith("q") ? "p" : "q"}`;
    const mixed = `${own().slice(0, 10)}${own().slice(10).toUpperCase()}`;
    const cases: [string, string][] = [
      [foreign ?? "", "bad-address-network"],
      ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bad-address-network"],
      [mistyped, "bad-address-checksum"],
      [mixed, "bad-address-checksum"],
      ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bad-address-checksum"],
      ["nothing0", "bad-address-format"],
      ["x".repeat(5_000), "bad-address-format"],
      ["%F0%9F%A6%8A", "bad-address-format"],
    ];
    for (const [text, code] of cases) {
      for (const rest of ["", "/utxos", "/transactions"]) {
        const { status, body } = await client.get(`/api/addresses/${text}${rest}`);
        expect([text, status, body.code]).toEqual([text, 400, code]);
      }
      const checked = await client.get(`/api/addresses/${text}/validate`);
      expect([checked.status, checked.body.valid]).toEqual([200, false]);
      if (text.length > 120 || text.startsWith("%")) continue;
      const mined = await client.post("/api/mine", { address: text });
      expect([mined.status, mined.body.code]).toEqual([400, code]);
    }
    expect(running.node.chain.tip.height).toBe(3);
  });
});

// What is no address and no name is tried in full in test/unit/api/peer-names.test.ts: each of these
// takes a part of the quota.
describe("peers", () => {
  // With quotas of its own: the others have used theirs.
  let own: RunningApi;
  let peerClient: CheckedClient;

  beforeAll(async () => {
    own = await startTestApi(running.node);
    peerClient = await CheckedClient.connect(own);
  });

  afterAll(() => own[Symbol.asyncDispose]());

  test("are dialled at no name, no URL, and nowhere that nobody can be (A-19)", async () => {
    for (const address of ["localhost:8333", "http://10.0.0.1:8333/", "169.254.169.254:80"]) {
      const answer = await peerClient.post("/api/peers", { address });
      expect([address, answer.status, answer.body.code]).toEqual([
        address,
        422,
        "bad-peer-address",
      ]);
    }
  });

  const bodies: [path: string, body: string, field: string][] = [
    ["/api/peers", "{}", "address"],
    ["/api/peers", '{"address":8333}', "address"],
    ["/api/peers", '{"address":"10.0.0.1:1","url":"x"}', "url"],
    ["/api/peers", `{"address":"${"1".repeat(65)}"}`, "address"],
    ["/api/peers/discover", '{"now":true}', "now"],
    ["/api/peers/1/ban", '{"seconds":0}', "seconds"],
    ["/api/peers/1/ban", '{"seconds":1.5}', "seconds"],
    ["/api/peers/1/ban", '{"seconds":99999999999}', "seconds"],
    ["/api/peers/1/ban", `{"reason":"${"x".repeat(201)}"}`, "reason"],
  ];
  test.each(bodies)("%s takes no %s", async (path, body, field) => {
    const answer = await peerClient.postText(path, body);
    expect([answer.status, answer.body.field]).toEqual([422, field]);
  });

  test("lists of them refuse what is no page of theirs", async () => {
    for (const path of ["/api/peers", "/api/nodes", "/api/peers/bans"]) {
      const cursor = await peerClient.get(`${path}?cursor=x`);
      expect([path, cursor.status, cursor.body.code]).toEqual([path, 400, "bad-cursor"]);
      const limit = await peerClient.get(`${path}?limit=101`);
      expect([path, limit.status, limit.body.code]).toEqual([path, 422, "bad-request-shape"]);
    }
  });

  test.each(["localhost", "%25", "%2541", "..%2fbans", "x".repeat(5_000)])(
    "nobody is called %s",
    async (name) => {
      for (const [method, path] of [
        ["DELETE", `/api/peers/${name}`],
        ["DELETE", `/api/peers/${name}/ban`],
        ["POST", `/api/peers/${name}/ban`],
      ] as const) {
        const { status, body } = await peerClient.send(path, { method });
        expect([path, status, body.code]).toEqual([path, 400, "bad-peer-id"]);
      }
      expect(running.node.peers?.bans.list()).toEqual([]);
    },
  );
});

describe("kinds and sizes of bodies", () => {
  const send = (headers: Record<string, string>, body: BodyInit) =>
    client.send("/api/transactions", { method: "POST", headers, body });

  test("other than JSON are refused (J-11)", async () => {
    const form = new FormData();
    form.set("hex", "00");
    for (const body of [
      '{"hex":"00"}',
      form,
      new URLSearchParams({ hex: "00" }),
      new Blob(["{}"]),
    ]) {
      expect((await send({}, body)).body.code).toBe("not-json");
    }
    expect((await send({ "content-type": "text/plain" }, "{}")).status).toBe(415);
    const packed = Bun.gzipSync(new TextEncoder().encode('{"hex":"00"}'));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    expect((await send(headers, packed)).status).toBe(415);
  });

  test("beyond the limit are refused, told or not", async () => {
    const headers = { "content-type": "application/json" };
    const large = `{"hex":"${"00".repeat(5_000_000)}"}`;
    expect((await send(headers, large)).body).toMatchObject({
      code: "body-too-large",
      most: 262_144,
    });
    const untold = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode("0".repeat(100_000)));
      },
    });
    expect((await send(headers, untold as BodyInit)).status).toBe(413);
    expect((await client.get("/health/live")).status).toBe(200);
  });
});

describe("raw requests", () => {
  /** Sends bytes and returns what came back before the other side, or we, closed. */
  function exchange(text: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let received = "";
    const socket = connect(api.server.port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (data) => {
      received += data;
      if (received.includes("}") || received.includes("\r\n\r\n")) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
    return promise;
  }
  const host = (): string => `Host: 127.0.0.1:${api.server.port}\r\n`;
  const statusOf = (answer: string) => answer.slice(9, 12);

  const cases: [string, () => string, string][] = [
    ["no host", () => "GET /api/status HTTP/1.0\r\n\r\n", "421"],
    ["another host", () => "GET /api/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"],
    ["two hosts", () => `GET /api/status HTTP/1.1\r\n${host()}Host: evil\r\n\r\n`, "421"],
    ["another host for a static file", () => "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"],
    ["TRACE", () => `TRACE / HTTP/1.1\r\n${host()}\r\n`, "405"],
    ["two slashes first", () => `GET //evil.example/ HTTP/1.1\r\n${host()}\r\n`, "400"],
    ["a NUL in the path", () => `GET /%00 HTTP/1.1\r\n${host()}\r\n`, "400"],
    [
      "a length and chunks at once (J-12)",
      () =>
        `POST /api/mine HTTP/1.1\r\n${host()}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      "400",
    ],
    [
      "two lengths",
      () => `POST /api/mine HTTP/1.1\r\n${host()}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
      "400",
    ],
    [
      "64 KiB of headers",
      () => `GET / HTTP/1.1\r\n${host()}X: ${"a".repeat(65_536)}\r\n\r\n`,
      "431",
    ],
  ];
  test.each(cases)("%s", async (_, request, status) => {
    expect(statusOf(await exchange(request()))).toBe(status);
  });
});

function own(): string {
  return formatAddress(running.node.payoutScript, running.node.network.addressPrefixes) ?? "";
}

test("the client of these tests reads what strict readers read", async () => {
  const text = await (await api.fetch("/api/status")).text();
  expect(parseJson(text)).toEqual(JSON.parse(text));
});
