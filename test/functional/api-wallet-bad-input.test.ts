/**
 * What clients get wrong, or try, at the routes of wallets: each asserts status and code, and the
 * client checks that no answer tells of stacks or places.
 *
 * Bodies that are not strict JSON are tried at every route that takes one.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWalletWorld, type WalletWorld } from "../support/wallet-api.ts";

// Of many requests each.
setDefaultTimeout(60_000);

const HASH = "ab".repeat(32);

let world: WalletWorld;
let before: unknown;

beforeAll(async () => {
  world = await startWalletWorld();
  before = await world.ask("GET", "/api/wallets");
});

afterAll(async () => {
  // Nothing of all this has changed anything.
  expect(await world.ask("GET", "/api/wallets")).toEqual(before as object);
  await world[Symbol.asyncDispose]();
});

function sendText(method: string, path: string, body: string) {
  const headers = { "content-type": "application/json" };
  return world.client.send(path, { method, headers, body });
}

describe("every route that takes a body", () => {
  const bodies: [string, number, string][] = [
    ["{bad", 400, "json-syntax"],
    ["{}{}", 400, "json-syntax"],
    ['{"a":1,"a":2}', 400, "json-duplicate-key"],
    ['{"__proto__":{}}', 400, "json-forbidden-key"],
    ['{"a":9007199254740993}', 400, "json-number"],
    ["[".repeat(1_000), 400, "json-too-deep"],
    ["null", 422, "bad-request-shape"],
    ["[]", 422, "bad-request-shape"],
    ['"x"', 422, "bad-request-shape"],
    ['{"unknown":1}', 422, "bad-request-shape"],
  ];
  test("refuses what is no strict JSON of its shape", async () => {
    const { paths } = await world.ask("GET", "/swagger/json");
    let count = 0;
    for (const [path, methods] of Object.entries<any>(paths)) {
      if (!/^\/api\/(?:wallets|contacts|contracts|faucet|psbt|messages)/.test(path)) continue;
      const shown = path.replace("{name}", "alice").replace(/\{\w+\}/, "x");
      for (const [method, { requestBody }] of Object.entries<any>(methods)) {
        if (requestBody === undefined) continue;
        for (const [body, status, code] of bodies) {
          const answer = await sendText(method.toUpperCase(), shown, body);
          expect([method, path, body.slice(0, 20), answer.status, answer.body.code]).toEqual([
            ...[method, path, body.slice(0, 20)],
            status,
            code,
          ]);
        }
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(25);
  });
});

describe("fields", () => {
  const wallet = "/api/wallets/alice";
  const recipients = (change: object) => ({
    recipients: [{ to: "bob", amount: 1_000, ...change }],
  });
  const pay = (change: object) => ({ ...recipients({}), ...change });
  const cases: [method: string, path: string, body: object, field: string][] = [
    ["POST", "/api/wallets", { name: "w" }, "password"],
    ["POST", "/api/wallets", { password: "x" }, "name"],
    ["POST", "/api/wallets", { name: "w", password: "x", account: "sh" }, "account"],
    ["POST", "/api/wallets", { name: "w", password: "x", accountIndex: -1 }, "accountIndex"],
    ["POST", "/api/wallets", { name: "w", password: "x", accountIndex: 2 ** 31 }, "accountIndex"],
    ["POST", "/api/wallets", { name: "w", watch: "x", mnemonic: "x" }, "mnemonic"],
    ["POST", "/api/wallets", { name: "w", watch: "x".repeat(501) }, "watch"],
    ["POST", `${wallet}/unlock`, { password: "x", seconds: 301 }, "seconds"],
    ["POST", `${wallet}/unlock`, { password: "x", limit: 0.5 }, "limit"],
    ["POST", `${wallet}/addresses`, { label: "x".repeat(256) }, "label"],
    ["POST", `${wallet}/payments`, { recipients: [] }, "recipients"],
    ["POST", `${wallet}/payments`, recipients({ amount: -1 }), "recipients.0.amount"],
    ["POST", `${wallet}/payments`, recipients({ amount: 0.5 }), "recipients.0.amount"],
    ["POST", `${wallet}/payments`, recipients({ amount: "1" }), "recipients.0.amount"],
    ["POST", `${wallet}/payments`, recipients({ amount: null }), "recipients.0.amount"],
    ["POST", `${wallet}/payments`, recipients({ to: "x".repeat(129) }), "recipients.0.to"],
    ["POST", `${wallet}/payments`, pay({ feerate: -1 }), "feerate"],
    ["POST", `${wallet}/payments`, pay({ feerate: 1_000_001 }), "feerate"],
    ["POST", `${wallet}/payments`, pay({ target: 2 }), "target"],
    ["POST", `${wallet}/payments`, pay({ feerate: 1, target: 1 }), "target"],
    ["POST", `${wallet}/payments`, pay({ coins: [] }), "coins"],
    ["POST", `${wallet}/payments`, pay({ clientId: "" }), "clientId"],
    ["POST", `${wallet}/payments`, pay({ clientId: "x".repeat(129) }), "clientId"],
    ["POST", `${wallet}/payments`, pay({ lifeSeconds: 604_801 }), "lifeSeconds"],
    ["POST", `${wallet}/payments/bump`, { txid: "x" }, "txid"],
    ["POST", `${wallet}/payments/x/confirm`, { digest: "x" }, "digest"],
    [
      "POST",
      `${wallet}/payments/x/confirm`,
      { digest: HASH, password: "x", session: HASH },
      "session",
    ],
    ["POST", `${wallet}/psbt`, { psbt: "x".repeat(600_001) }, "psbt"],
    ["POST", "/api/psbt/combine", { psbts: [] }, "psbts"],
    ["POST", "/api/psbt/combine", { psbts: Array.from({ length: 33 }, () => "x") }, "psbts"],
    ["PUT", "/api/contacts/x", { address: "x".repeat(129) }, "address"],
    ["PUT", "/api/contacts/x", { address: "x", note: "x".repeat(256) }, "note"],
    ["POST", "/api/faucet", { to: "bob", amount: 0 }, "amount"],
  ];
  test.each(cases)("%s %s %j", async (method, path, body, field) => {
    const { status, body: problem } = await sendText(method, path, JSON.stringify(body));
    expect([status, problem.code, problem.field]).toEqual([422, "bad-request-shape", field]);
  });
});

describe("values", () => {
  const wallet = "/api/wallets/alice";
  const cases: [method: string, path: string, body: object, status: number, code: string][] = [
    ["POST", "/api/wallets", { name: "Savings", password: "x" }, 400, "bad-wallet-name"],
    ["POST", "/api/wallets", { name: "../x", password: "x" }, 400, "bad-wallet-name"],
    ["POST", "/api/wallets", { name: "", password: "x" }, 400, "bad-wallet-name"],
    ["POST", "/api/wallets", { name: "x".repeat(33), password: "x" }, 400, "bad-wallet-name"],
    ["POST", "/api/wallets", { name: "alice", password: "x" }, 409, "wallet-exists"],
    ["POST", "/api/wallets", { name: "w", password: "" }, 422, "weak-password"],
    [
      "POST",
      "/api/wallets",
      { name: "w", password: "x", mnemonic: "one two" },
      400,
      "bad-mnemonic-word-count",
    ],
    [
      "POST",
      "/api/wallets",
      { name: "w", password: "x", mnemonic: "abandon ".repeat(12) },
      400,
      "bad-mnemonic-checksum",
    ],
    ["POST", "/api/wallets", { name: "w", watch: "sh(x)" }, 400, "bad-descriptor-unsupported"],
    ["POST", "/api/wallets", { name: "w", watch: "x" }, 400, "bad-descriptor-format"],
    ["GET", "/api/wallets/..%2f..%2fx", {}, 400, "bad-wallet-name"],
    ["GET", "/api/wallets/nobody", {}, 404, "wallet-not-found"],
    ["POST", "/api/wallets/nobody/lock", {}, 404, "wallet-not-found"],
    [
      "POST",
      `${wallet}/password`,
      { password: "x", newPassword: "y" },
      409,
      "wallet-has-no-password",
    ],
    ["POST", `${wallet}/addresses`, { label: "\ud800" }, 422, "text-malformed"],
    [
      "POST",
      `${wallet}/payments`,
      { recipients: [{ to: "bob", amount: 1 }] },
      422,
      "amount-is-dust",
    ],
    [
      "POST",
      `${wallet}/payments`,
      { recipients: [{ to: "bob", amount: Number.MAX_SAFE_INTEGER }] },
      422,
      "insufficient-funds",
    ],
    [
      "POST",
      `${wallet}/payments`,
      { recipients: [{ to: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", amount: 1_000 }] },
      400,
      "bad-recipient",
    ],
    [
      "POST",
      `${wallet}/payments`,
      { recipients: [{ to: "bob", amount: 1_000 }], coins: [{ txid: HASH, vout: 0 }] },
      422,
      "unknown-coin",
    ],
    [
      "POST",
      `${wallet}/payments`,
      { recipients: [{ to: "bob", amount: 1_000 }], feerate: 0.1 },
      422,
      "feerate-too-low",
    ],
    ["GET", `${wallet}/payments/x`, {}, 404, "draft-not-found"],
    ["POST", `${wallet}/payments/x/confirm`, { digest: HASH }, 404, "draft-not-found"],
    ["POST", `${wallet}/payments/x/signed`, { digest: HASH, psbt: "x" }, 400, "psbt-format"],
    ["POST", `${wallet}/psbt`, { psbt: "cHNidP8=" }, 400, "psbt-format"],
    ["POST", "/api/psbt/decode", { psbt: "" }, 400, "psbt-format"],
    ["POST", "/api/psbt/finalize", { psbt: "AAAA" }, 400, "psbt-format"],
    ["POST", `${wallet}/messages`, { address: "x", message: "x" }, 400, "bad-recipient"],
    [
      "POST",
      "/api/messages/verify",
      { address: "x", message: "x", signature: "x" },
      400,
      "bad-address-format",
    ],
    ["PUT", `${wallet}/labels`, { type: "addr", ref: "x", label: "x" }, 400, "bad-address-format"],
    ["PUT", "/api/contacts/Zoe", { address: "x" }, 400, "bad-recipient"],
    ["GET", "/api/contacts/nobody", {}, 404, "contact-not-found"],
    ["GET", `${wallet}/transactions?limit=101`, {}, 422, "bad-request-shape"],
    ["GET", `${wallet}/transactions?cursor=x`, {}, 400, "bad-cursor"],
    ["GET", `${wallet}/utxos?cursor=-1`, {}, 400, "bad-cursor"],
    ["GET", `${wallet}/addresses?branch=both`, {}, 422, "bad-request-shape"],
    ["GET", `${wallet}/payments?password=x`, {}, 422, "bad-request-shape"],
  ];
  test.each(cases)("%s %s %j", async (method, path, body, status, code) => {
    const answer =
      method === "GET"
        ? await world.client.get(path)
        : await sendText(method, path, JSON.stringify(body));
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test("the name of a contact is a text that people can read", async () => {
    const { address } = world.node.wallets.resolve("bob");
    for (const name of ["%20", "x".repeat(65)]) {
      const { status } = await sendText(
        "PUT",
        `/api/contacts/${name}`,
        JSON.stringify({ address }),
      );
      expect([name, status]).toEqual([name, 422]);
    }
  });
});
