/**
 * Who may use the wallets of a node, over real sockets: pages of other sites, other machines, other
 * clients, those who guess, those who ask at once; and that no answer or log line has a secret.
 *
 * What wallets do for those who may is in api-wallets.test.ts.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Logger } from "../../src/lib/logger.ts";
import { CheckedClient } from "../support/checked-client.ts";
import { type RunningApi, startTestApi, TEST_TOKEN } from "../support/test-node.ts";
import { startWalletWorld, type WalletWorld } from "../support/wallet-api.ts";

const COIN = 100_000_000;
const CANARY = "canary-7c1d";
const PASSWORD = `${CANARY}-password`;
const MNEMONIC = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const JSON_TYPE = { "content-type": "application/json" };
const BEARER = { authorization: `Bearer ${TEST_TOKEN}` };

const logged: string[] = [];
// Passwords take their time, and more of it on a machine that has other things to do.
setDefaultTimeout(60_000);

let world: WalletWorld;

beforeAll(async () => {
  const sink = (record: object) => logged.push(JSON.stringify(record));
  const log = new Logger({ sink, level: "debug", category: "test" });
  world = await startWalletWorld({ log });
  const body = { name: "safe", password: PASSWORD, mnemonic: MNEMONIC, passphrase: CANARY };
  await world.ask("POST", "/api/wallets", body, 201);
  await world.ask("POST", "/api/faucet", { to: "safe", amount: 10 * COIN }, 201);
  world.mine();
});

afterAll(() => world[Symbol.asyncDispose]());

/** Every route of wallets, with a body that would do something. */
const ROUTES: [method: string, path: string, body?: object][] = [
  ["GET", "/api/wallets"],
  ["POST", "/api/wallets", { name: "evil", password: "x" }],
  ["GET", "/api/wallets/alice"],
  ["DELETE", "/api/wallets/alice", {}],
  ["GET", "/api/wallets/alice/balance"],
  ["POST", "/api/wallets/alice/password", { password: "", newPassword: "x" }],
  ["POST", "/api/wallets/alice/unlock", { password: "x" }],
  ["POST", "/api/wallets/alice/lock", {}],
  ["GET", "/api/wallets/alice/addresses"],
  ["POST", "/api/wallets/alice/addresses", {}],
  ["GET", "/api/wallets/alice/transactions"],
  ["GET", "/api/wallets/alice/utxos"],
  ["GET", "/api/wallets/alice/labels"],
  ["PUT", "/api/wallets/alice/labels", { type: "tx", ref: "ab".repeat(32), label: "x" }],
  ["POST", "/api/wallets/alice/payments", { recipients: [{ to: "bob", amount: COIN }] }],
  ["GET", "/api/wallets/alice/payments"],
  ["GET", "/api/wallets/alice/payments/x"],
  ["DELETE", "/api/wallets/alice/payments/x", {}],
  ["POST", "/api/wallets/alice/payments/x/confirm", { digest: "ab".repeat(32) }],
  ["POST", "/api/wallets/alice/payments/x/signed", { digest: "ab".repeat(32), psbt: "x" }],
  ["POST", "/api/wallets/alice/payments/bump", { txid: "ab".repeat(32) }],
  ["POST", "/api/wallets/alice/payments/abandon", { txid: "ab".repeat(32) }],
  ["POST", "/api/wallets/alice/payments/child", { txid: "ab".repeat(32) }],
  ["POST", "/api/wallets/alice/psbt", { psbt: "x" }],
  ["POST", "/api/wallets/alice/messages", { address: "x", message: "x" }],
  ["GET", "/api/contracts/templates"],
  ["POST", "/api/wallets/alice/contract-keys", {}],
  ["GET", "/api/wallets/alice/contracts"],
  ["POST", "/api/wallets/alice/contracts", { template: "timelock", parameters: {} }],
  ["GET", "/api/wallets/alice/contracts/x"],
  ["DELETE", "/api/wallets/alice/contracts/x", {}],
  ["POST", "/api/wallets/alice/contracts/x/spend", { branch: "spend", to: "bob" }],
  ["POST", "/api/wallets/alice/contracts/x/sign", { psbt: "x" }],
  ["POST", "/api/wallets/alice/contracts/x/combine", { psbts: ["x"] }],
  ["POST", "/api/wallets/alice/contracts/x/finish", { psbts: ["x"] }],
  ["GET", "/api/contacts"],
  ["GET", "/api/contacts/bob"],
  ["PUT", "/api/contacts/evil", { address: "x" }],
  ["DELETE", "/api/contacts/bob", {}],
  ["POST", "/api/faucet", { to: "bob" }],
];

function request(method: string, body: object | undefined, headers: Record<string, string>) {
  return body === undefined
    ? { method, headers }
    : { method, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) };
}

async function codesOf(api: RunningApi, headers: Record<string, string>) {
  const codes = new Set<string>();
  for (const [method, path, body] of ROUTES) {
    const response = await api.fetch(path, request(method, body, headers));
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    codes.add(((await response.json()) as { code: string }).code);
  }
  return [...codes];
}

test("the routes tried here are all that the document has", async () => {
  const { paths } = (await (await world.api.fetch("/swagger/json")).json()) as any;
  const described = Object.entries<object>(paths)
    .filter(([path]) => /^\/api\/(?:wallets|contacts|contracts|faucet)/.test(path))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
  const tried = ROUTES.map(([method, path]) => {
    const general = path
      .replace("/alice", "/{name}")
      .replace(/contacts\/\w+/, "contacts/{name}")
      .replace(/payments\/x/, "payments/{id}")
      .replace(/contracts\/x/, "contracts/{address}");
    return `${method.toLowerCase()} ${general}`;
  });
  expect(tried.sort()).toEqual(described.sort());
});

describe("pages of other sites", () => {
  const foreign: [string, Record<string, string>][] = [
    ["another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["another site in an old browser", { origin: "https://evil.example" }],
    ["a sandboxed page", { origin: "null" }],
    ["an image on another site", { "sec-fetch-site": "cross-site" }],
    ["another port of this machine", { "sec-fetch-site": "same-site" }],
  ];
  test.each(foreign)("can neither read nor change: %s (A-01, A-04, A-05)", async (_, headers) => {
    const before = await world.ask("GET", "/api/wallets");
    expect(await codesOf(world.api, headers)).toEqual(["cross-site-request"]);
    expect(await world.ask("GET", "/api/wallets")).toEqual(before);
  });

  test("cannot come under a name of their own (A-03)", async () => {
    const host = await codesOf(world.api, { host: `evil.example:${world.api.server.port}` });
    expect(host).toEqual(["wrong-host"]);
  });

  test("cannot send what a form can (A-04)", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      const response = await world.api.fetch("/api/wallets/alice/payments", {
        method: "POST",
        headers: { "content-type": type },
        body: JSON.stringify({ recipients: [{ to: "bob", amount: COIN }] }),
      });
      expect(response.status).toBe(415);
    }
  });

  test("our own page and those that were allowed can", async () => {
    const origin = `http://127.0.0.1:${world.api.server.port}`;
    const own = { origin, "sec-fetch-site": "same-origin" };
    expect((await world.api.fetch("/api/wallets", { headers: own })).status).toBe(200);
    const allowed = "https://dash.example";
    await using api = await startTestApi(world.node, { corsOrigin: [allowed] });
    const headers = { origin: allowed, "sec-fetch-site": "cross-site" };
    const response = await api.fetch("/api/wallets", { headers });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([
      200,
      allowed,
    ]);
  });
});

describe("where other machines can ask", () => {
  const exposed = { apiHost: "0.0.0.0", apiExpose: true };

  test("there are no wallets, whoever asks", async () => {
    await using api = await startTestApi(world.node, exposed);
    expect(await codesOf(api, {})).toEqual(["wallets-off"]);
    expect(await codesOf(api, BEARER)).toEqual(["wallets-off"]);
  });

  test("and with --wallet-remote nothing of them without the token", async () => {
    await using api = await startTestApi(world.node, { ...exposed, walletRemote: true });
    expect(await codesOf(api, {})).toEqual(["token-needed"]);
    const response = await api.fetch("/api/wallets", { headers: BEARER });
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
  });
});

describe("sessions (A-02)", () => {
  test("are of no use to a client of another standing, nor for another wallet", async () => {
    const unlock = { password: PASSWORD, limit: COIN };
    const opened = await world.api.fetch(
      "/api/wallets/safe/unlock",
      request("POST", unlock, BEARER),
    );
    const { session } = (await opened.json()) as { session: string };
    const sign = async (wallet: string, headers: Record<string, string>) => {
      const { receiveAddress: address } = await world.ask("GET", `/api/wallets/${wallet}`);
      const body = { address, message: "x", session };
      const path = `/api/wallets/${wallet}/messages`;
      const response = await world.api.fetch(path, request("POST", body, headers));
      return ((await response.json()) as { code?: string }).code ?? "signed";
    };
    expect(await sign("safe", {})).toBe("wallet-locked");
    expect(await sign("alice", BEARER)).toBe("wallet-locked");
    expect(await sign("safe", BEARER)).toBe("signed");
    await world.ask("POST", "/api/wallets/safe/lock", {});
    expect(await sign("safe", BEARER)).toBe("wallet-locked");
  });

  test("do not count towards a limit what was not sent, and never beyond it", async () => {
    const { session } = await world.ask("POST", "/api/wallets/safe/unlock", {
      password: PASSWORD,
      limit: COIN,
    });
    const path = "/api/wallets/safe/payments";
    const body = { recipients: [{ to: "bob", amount: (COIN * 3) / 4 }] };
    const prepared = [
      await world.ask("POST", path, body, 201),
      await world.ask("POST", path, body, 201).catch(() => undefined),
    ].filter((payment) => payment !== undefined);
    // One coin can be held by one payment alone.
    expect(prepared).toHaveLength(1);
    const [{ id, digest, psbt, leaving }] = prepared;
    // Signed as a PSBT it leaves the wallet as well.
    await world.ask("POST", "/api/wallets/safe/psbt", { psbt, session });
    expect(leaving).toBeGreaterThan(COIN / 4);
    expect(await world.refusal("POST", `${path}/${id}/confirm`, { digest, session })).toEqual([
      403,
      "unlock-limit-exceeded",
    ]);
    await world.ask("DELETE", `${path}/${id}`, {});
    await world.ask("POST", "/api/wallets/safe/lock", {});
  });
});

describe("those who ask at once (K-05)", () => {
  test("100 payments of one wallet spend no coin twice, and all are sent", async () => {
    for (let part = 0; part < 2; part++) {
      const recipients = Array.from({ length: 60 }, () => ({ to: "judy", amount: (COIN * 2) / 5 }));
      const path = "/api/wallets/alice/payments";
      const { id, digest } = await world.ask("POST", path, { recipients }, 201);
      await world.ask("POST", `${path}/${id}/confirm`, { digest });
      world.mine();
    }
    const path = "/api/wallets/judy/payments";
    const body = { recipients: [{ to: "carol", amount: COIN / 5 }] };
    const sent = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const { id, digest } = await world.ask("POST", path, body, 201);
        return await world.ask("POST", `${path}/${id}/confirm`, { digest });
      }),
    );
    const spent = sent.flatMap(({ inputs }) => inputs.map((at: any) => `${at.txid}:${at.vout}`));
    expect(new Set(spent).size).toBe(spent.length);
    for (const { txid } of sent) expect(world.node.mempool.has(txid)).toBeTrue();
    world.mine();
    for (const { txid } of sent) expect(world.node.mempool.has(txid)).toBeFalse();
    const { payments } = await world.ask("GET", `${path}?limit=100`);
    expect(payments.every(({ state }: any) => state === "sent")).toBeTrue();
  });

  test("confirming one payment many times pays once", async () => {
    const path = "/api/wallets/safe/payments";
    const body = { recipients: [{ to: "bob", amount: COIN }] };
    const { id, digest } = await world.ask("POST", path, body, 201);
    const confirm = { digest, password: PASSWORD };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.ask("POST", `${path}/${id}/confirm`, confirm)),
    );
    expect(new Set(answers.map(({ txid }) => txid)).size).toBe(1);
    const { transactions } = await world.ask("GET", "/api/wallets/safe/transactions");
    expect(transactions.filter(({ kind }: any) => kind === "sent")).toHaveLength(1);
    world.mine();
  });

  test("more passwords than can be tried are told to come again, and nothing else waits", async () => {
    const unlock = () =>
      world.api.fetch("/api/wallets/safe/unlock", request("POST", { password: PASSWORD }, {}));
    let isDone = false;
    const all = Promise.all(Array.from({ length: 20 }, unlock)).finally(() => {
      isDone = true;
    });
    let answered = 0;
    while (!isDone && answered < 20) {
      expect((await world.api.fetch("/api/status")).status).toBe(200);
      answered += 1;
    }
    // Other requests were answered while keys were derived, which takes far longer.
    expect([isDone, answered]).toEqual([false, 20]);
    const answers = await all;
    const busy = answers.filter(({ status }) => status === 503);
    expect(busy.length).toBeGreaterThan(0);
    expect(busy.length + answers.filter(({ status }) => status === 200).length).toBe(20);
    expect(busy[0]?.headers.get("retry-after")).toBe("1");
    await world.ask("POST", "/api/wallets/safe/lock", {});
  });
});

describe("secrets (K-08)", () => {
  test("are in no answer to a body that has them in the wrong place", async () => {
    const bodies: [string, string, unknown][] = [
      ["POST", "/api/wallets", { name: 1, password: CANARY }],
      ["POST", "/api/wallets", { name: "w", password: [CANARY] }],
      ["POST", "/api/wallets", { name: "w", password: CANARY.repeat(200) }],
      ["POST", "/api/wallets", { name: "w", password: CANARY, mnemonic: `abandon ${CANARY}` }],
      ["POST", "/api/wallets", { name: "w", password: CANARY, mnemonic: CANARY.repeat(200) }],
      ["POST", "/api/wallets", { name: "w", password: CANARY, mnemonic: MNEMONIC, account: 1 }],
      ["POST", "/api/wallets", { name: "w", password: CANARY, passphrase: `${CANARY}\ud800` }],
      ["POST", "/api/wallets", { name: "w", password: CANARY, passphrase: "ü".repeat(200) }],
      ["POST", "/api/wallets", { name: "w", password: `${CANARY}\ud800` }],
      ["POST", "/api/wallets", { name: "w", password: CANARY, watch: "x" }],
      ["POST", "/api/wallets", { name: "w", watch: `wpkh(${CANARY})` }],
      ["POST", "/api/wallets/safe/unlock", { password: CANARY, limit: -1 }],
      ["POST", "/api/wallets/safe/unlock", { password: { a: CANARY } }],
      ["POST", "/api/wallets/safe/password", { password: CANARY }],
      ["POST", "/api/wallets/safe/password", { password: PASSWORD, newPassword: "" }],
      ["POST", "/api/wallets/safe/messages", { address: "x", message: "x", session: CANARY }],
      ["POST", "/api/wallets/safe/psbt", { psbt: CANARY, password: PASSWORD }],
    ];
    for (const [method, path, body] of bodies) {
      const response = await world.api.fetch(path, request(method, body as object, {}));
      const text = await response.text();
      expect([path, response.status >= 400 && response.status < 500]).toEqual([path, true]);
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain("sausage");
    }
    const broken = `{"name":"w","password":"${PASSWORD}","mnemonic":"${MNEMONIC}",}`;
    for (const text of [broken, broken.slice(0, -20), broken.replace(":", ""), `[${broken}`]) {
      const response = await world.api.fetch("/api/wallets", {
        method: "POST",
        headers: JSON_TYPE,
        body: text,
      });
      expect(response.status).toBe(400);
      expect(await response.text()).not.toMatch(/canary|sausage/);
    }
  });

  test("are in no other file than the wallet's, and in no log", () => {
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.join("\n")).not.toMatch(/canary|sausage/);
    const { path } = world.node.directory;
    const names = readdirSync(path, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(3);
    for (const { parentPath, name } of files) {
      const bytes = readFileSync(join(parentPath, name)).toString("latin1");
      expect([name, /canary-|sausage/.test(bytes)]).toEqual([name, false]);
    }
  });
});

describe("those who guess (A-10, K-07)", () => {
  // With quotas of its own, and last: from here on the client's guesses are used up.
  test("get five a minute, each told late, and then not even the right one is tried", async () => {
    await using api = await startTestApi(world.node);
    const client = await CheckedClient.connect(api);
    const guess = (password: string) => client.post("/api/wallets/safe/unlock", { password });
    const startedAt = performance.now();
    for (let attempt = 0; attempt < 5; attempt++) {
      const { status, body } = await guess(`guess ${attempt}`);
      expect([status, body.code]).toEqual([403, "wrong-password-or-damaged"]);
    }
    expect(performance.now() - startedAt).toBeGreaterThan(5 * 250);
    for (const password of ["guess", PASSWORD]) {
      const refused = await guess(password);
      expect([refused.status, refused.body.code]).toEqual([429, "rate-limited"]);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect((await client.get("/api/wallets")).status).toBe(200);
  });

  test("and a connection that sends a password slowly is not kept for ever", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = connect(world.api.server.port, "127.0.0.1", () => {
      socket.write(
        `POST /api/wallets/safe/unlock HTTP/1.1\r\nHost: 127.0.0.1:${world.api.server.port}\r\n` +
          `Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"pass`,
      );
    });
    socket.on("data", (data) => resolve(String(data)));
    socket.on("error", () => resolve("closed"));
    socket.on("close", () => resolve("closed"));
    const answer = await promise;
    expect(answer === "closed" || answer.startsWith("HTTP/1.1 408")).toBeTrue();
    socket.destroy();
  });
});
