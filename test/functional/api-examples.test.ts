/**
 * The documentation of the API as a reader meets it: every operation is described in words, and its
 * own examples do what they say, pressed one after the other on a development network.
 *
 * Where an example needs something to be there first, or stands for what only this node has, the
 * table PREPARATIONS says what and why.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckedClient } from "../support/checked-client.ts";
import { LiveListener } from "../support/live-client.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";
import { until } from "../support/until.ts";

// Passwords take their time, and more of it on a machine that has other things to do.
setDefaultTimeout(60_000);

const directory = mkdtempSync(join(tmpdir(), "cairn-examples-"));
const node: ProcessNode = await startProcessNode([
  ...["--dev", "--dev-mine", "manual", "--data", directory],
]);
const api = { fetch: (path: string, init?: RequestInit) => fetch(node.url + path, init) };
const document = (await (await api.fetch("/swagger/json")).json()) as any;
let client: CheckedClient;

beforeAll(async () => {
  client = await CheckedClient.connect(api);
});

afterAll(async () => {
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** One operation of the document. */
interface Pressed {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: any;
}

const OPERATIONS: readonly Pressed[] = Object.entries<Record<string, any>>(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      operation,
    })),
);

/** What takes the place of parts of an example. */
interface Replaced {
  readonly path?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

async function ask(method: string, path: string, body?: unknown): Promise<any> {
  const answer = await client.send(path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const PAYMENTS = "/api/wallets/alice/payments";

/** An open payment of half a coin, by alice to bob, of a coin that no other payment holds. */
async function prepare() {
  await ask("POST", "/api/faucet", { to: "alice", amount: 100_000_000 });
  await ask("POST", "/api/mine", { blocks: 1 });
  return await ask("POST", PAYMENTS, { recipients: [{ to: "bob", amount: 50_000_000 }] });
}

/** One that was sent and waits for a block. */
async function sendPayment(): Promise<{ txid: string }> {
  const { id, digest } = await prepare();
  return await ask("POST", `${PAYMENTS}/${id}/confirm`, { digest });
}

/** A payment, and its PSBT with all signatures. */
async function signPayment() {
  const { id, digest, psbt } = await prepare();
  return { id, digest, ...(await ask("POST", "/api/wallets/alice/psbt", { psbt })) };
}

/** The wallet that the examples with a password are of. */
async function makeSavings(): Promise<Replaced> {
  const { wallets } = await ask("GET", "/api/wallets");
  if (wallets.some(({ name }: { name: string }) => name === "savings")) {
    await ask("DELETE", "/api/wallets/savings", {});
  }
  await press("POST /api/wallets");
  return {};
}

async function makeContact(): Promise<Replaced> {
  await press("PUT /api/contacts/{name}");
  return {};
}

async function makeContract(): Promise<Replaced> {
  await press("POST /api/wallets/{name}/contracts");
  return {};
}

/** A contract of alice's own key with a coin in it that can be spent, and a spend of it. */
async function fundContract() {
  const { publicKey } = await ask("POST", "/api/wallets/alice/contract-keys", {});
  const parameters = { owner: { name: "Alice", publicKey }, lock: { height: 1 } };
  const contract = { template: "timelock", parameters };
  const { address } = await ask("POST", "/api/wallets/alice/contracts", contract);
  await ask("POST", "/api/faucet", { to: address });
  await ask("POST", "/api/mine", { blocks: 1 });
  const body = { branch: "spend", to: "bob" };
  const path = `/api/wallets/alice/contracts/${address}/spend`;
  const { psbt } = await ask("POST", path, { ...body, sign: true });
  return { path: { address }, psbt };
}

async function keepPeer(): Promise<Replaced> {
  // Nobody listens there, and nothing leaves this machine.
  await ask("POST", "/api/peers", { address: "127.0.0.1:1" });
  return { path: { id: "127.0.0.1:1" } };
}

/** What has to be there before an example can do what it says, and what stands in its place. */
const PREPARATIONS: Readonly<Record<string, () => Promise<Replaced>>> = {
  // The coin of the example is nowhere.
  "POST /api/transactions": async () => {
    const { psbt } = await signPayment();
    return { body: { hex: (await ask("POST", "/api/psbt/finalize", { psbt })).hex } };
  },
  // A payment must wait to be replaced or sped up, and its txid is new each time.
  "POST /api/wallets/{name}/payments/bump": async () => ({
    body: { txid: (await sendPayment()).txid, feerate: 10 },
  }),
  "POST /api/wallets/{name}/payments/abandon": async () => ({
    body: { txid: (await sendPayment()).txid },
  }),
  "POST /api/wallets/{name}/payments/child": async () => ({
    body: { txid: (await sendPayment()).txid, feerate: 10 },
  }),
  "GET /api/mempool/transactions/{txid}": async () => ({
    path: { txid: (await sendPayment()).txid },
  }),
  // Names and digests of payments are new each time.
  "GET /api/wallets/{name}/payments/{id}": async () => ({ path: { id: (await prepare()).id } }),
  "DELETE /api/wallets/{name}/payments/{id}": async () => ({ path: { id: (await prepare()).id } }),
  "POST /api/wallets/{name}/payments/{id}/confirm": async () => {
    const { id, digest } = await prepare();
    return { path: { id }, body: { digest } };
  },
  "POST /api/wallets/{name}/payments/{id}/signed": async () => {
    const { id, digest, psbt } = await signPayment();
    return { path: { id }, body: { digest, psbt } };
  },
  // The coin of the example is nowhere.
  "POST /api/wallets/{name}/psbt": async () => ({ body: { psbt: (await prepare()).psbt } }),
  // What is to be shown, changed or removed must be there.
  "POST /api/wallets": async () => {
    await ask("DELETE", "/api/wallets/savings", {}).catch(() => {});
    return {};
  },
  "DELETE /api/wallets/{name}": makeSavings,
  "POST /api/wallets/{name}/password": makeSavings,
  "POST /api/wallets/{name}/unlock": makeSavings,
  "GET /api/contacts/{name}": makeContact,
  "DELETE /api/contacts/{name}": makeContact,
  "GET /api/wallets/{name}/contracts/{address}": makeContract,
  "DELETE /api/wallets/{name}/contracts/{address}": makeContract,
  // The contract of the example is nobody's here, and has no coins.
  "POST /api/wallets/{name}/contracts/{address}/spend": async () => {
    const { path } = await fundContract();
    return { path };
  },
  "POST /api/wallets/{name}/contracts/{address}/sign": async () => {
    const { path, psbt } = await fundContract();
    return { path, body: { psbt } };
  },
  "POST /api/wallets/{name}/contracts/{address}/combine": async () => {
    const { path, psbt } = await fundContract();
    return { path, body: { psbts: [psbt] } };
  },
  "POST /api/wallets/{name}/contracts/{address}/finish": async () => {
    const { path, psbt } = await fundContract();
    return { path, body: { psbts: [psbt] } };
  },
  // The machine of the example would be asked.
  "POST /api/peers": async () => ({ body: { address: "127.0.0.1:1" } }),
  "DELETE /api/peers/{id}": keepPeer,
  "DELETE /api/peers/{id}/ban": async () => {
    await press("POST /api/peers/{id}/ban");
    return {};
  },
};

/** What has to be undone, so that the node is as it was for those that follow. */
const AFTERWARDS: Readonly<Record<string, () => Promise<void>>> = {
  "POST /api/mining/start": async () => {
    await ask("POST", "/api/mining/stop");
    await until("mining at rest", async () => !(await ask("GET", "/api/mining")).running);
  },
};

/** Does what an operation's example says, and returns the answer, which was held to its schema. */
async function press(name: string) {
  const found = OPERATIONS.find((pressed) => pressed.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  const { method, path, operation } = found;
  const replaced = (await PREPARATIONS[name]?.()) ?? {};
  const filled = path.replace(/\{(\w+)\}/g, (_, part) => {
    const parameter = operation.parameters.find((one: any) => one.name === part);
    return encodeURIComponent(replaced.path?.[part] ?? parameter.example);
  });
  const example = operation.requestBody?.content["application/json"].example;
  const body = replaced.body ?? example;
  const answer = await client.send(filled, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  await AFTERWARDS[name]?.();
  return answer;
}

const SOCKET = "GET /ws";

describe("each operation", () => {
  const all = OPERATIONS.map((pressed) => [pressed.name, pressed] as const);

  test.each(all)("%s is described in words", (_, { path, operation }) => {
    expect(operation.summary.length).toBeGreaterThan(5);
    expect(operation.description).toMatch(/^[A-Z`].{10,}[.:]/s);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = operation.parameters.filter((parameter: any) => parameter.in === "path");
    expect(inPath.map(({ name }: any) => name)).toEqual(named);
    for (const { name, description } of operation.parameters) {
      expect([name, description.length > 5]).toEqual([name, true]);
    }
    for (const [status, answer] of Object.entries<any>(operation.responses)) {
      expect([status, answer.description.length > 4]).toEqual([status, true]);
      if (status === "101") continue;
      for (const media of Object.values<any>(answer.content)) expect(media.schema).toBeDefined();
      expect(Object.keys(answer.content)).toHaveLength(1);
    }
  });

  test.each(all)("%s has an example of all that it must be told", (_, { path, operation }) => {
    // Only this node knows what a payment of its own is called.
    if (path.includes("/payments/{id}")) return;
    for (const { name, in: place, example, required } of operation.parameters) {
      if (place !== "path" && !required) continue;
      expect([name, typeof example]).toEqual([name, "string"]);
    }
    if (operation.requestBody === undefined) return;
    const { schema, example } = operation.requestBody.content["application/json"];
    expect(schema).toBeDefined();
    expect(example).toBeDefined();
    expect(JSON.stringify(example)).not.toContain("…");
  });

  const pressable = OPERATIONS.filter(({ name }) => name !== SOCKET).map(({ name, operation }) => ({
    name,
    expected: Object.keys(operation.responses).filter((status) => status.startsWith("2")),
  }));
  test.each(pressable)("$name does what its example says", async ({ name, expected }) => {
    const { status, body } = await press(name);
    expect([name, expected.includes(String(status)), status < 300 || body]).toEqual([
      name,
      true,
      true,
    ]);
  });
});

test(`${SOCKET} becomes a socket, as its description says`, async () => {
  const told = document.paths["/ws"].get.description.match(/`(\{"op":"subscribe"[^`]*\})`/)[1];
  await using listener = await LiveListener.connect(Number(new URL(node.url).port));
  expect((await listener.askText(told)).op).toBe("subscribed");
});

test("the preparations are of operations that there are", () => {
  const names = OPERATIONS.map(({ name }) => name);
  for (const name of [...Object.keys(PREPARATIONS), ...Object.keys(AFTERWARDS)]) {
    expect(names).toContain(name);
  }
});
