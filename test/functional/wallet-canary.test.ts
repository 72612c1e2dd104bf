/**
 * K-08: secrets that are known to the test, and to be found nowhere: a node that logs all it can is
 * led through every route of its wallets, by those who ask well and by those who put words, keys and
 * passwords where they do not belong, through a restart and a damaged file.
 *
 * Then every answer, both streams, every file, and what the system shows of the process are searched
 * for them in all forms.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex } from "../../src/lib/bytes.ts";
import {
  FROM_SOURCE,
  type ProcessNode,
  runCommand,
  startProcessNode,
} from "../support/process-node.ts";
import { SecretSearch } from "../support/secret-search.ts";

// Keys are derived from passwords slowly, on purpose.
setDefaultTimeout(240_000);

/** A published vector, of nobody's money. */
const WORDS =
  "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy " +
  "gospel tennis maple dilemma loan word shrug inflict delay length";
const ENTROPY = "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c";
const PASSPHRASE = "canary-passphrase-Zt71";
const PASSWORD = "canary-password-Qw93";
const NEW_PASSWORD = "canary-renewed-Lm58";

/** Bytes of a body that no route takes. */
const TOO_MANY_BYTES = 3 * 1024 * 1024;

const directory = mkdtempSync(join(tmpdir(), "cairn-canary-"));
const search = new SecretSearch();
let node: ProcessNode;
let accountKey: string;

/** All that the node ever wrote to its streams. */
const streams: (() => string)[] = [];

/** Every answer, with its headers. */
const answers: { readonly asked: string; readonly text: string }[] = [];

/** Sessions that were opened, and the one answer that gave each. */
const sessions = new Map<string, string>();

async function start(): Promise<void> {
  const argv = ["--network", "regtest", "--data", directory, "--log-level", "debug"];
  node = await startProcessNode(argv);
  streams.push(node.log, node.output);
}

beforeAll(async () => {
  search.addText("password", PASSWORD);
  search.addText("new password", NEW_PASSWORD);
  search.addText("passphrase", PASSPHRASE);
  accountKey = search.addMnemonic(WORDS, PASSPHRASE, fromHex(ENTROPY));
  await start();
});

afterAll(async () => {
  await node?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Sends text as the body, and keeps the answer. */
async function send(method: string, path: string, text?: string, contentType = "application/json") {
  const answer = await fetch(node.url + path, {
    method,
    ...(text === undefined ? {} : { body: text, headers: { "content-type": contentType } }),
  });
  const body = await answer.text();
  const headers = [...answer.headers].map((pair) => pair.join(": ")).join("\n");
  answers.push({ asked: `${method} ${path}`, text: `${answer.status}\n${headers}\n\n${body}` });
  const isJson = (answer.headers.get("content-type") ?? "").includes("json");
  return { status: answer.status, body: isJson ? JSON.parse(body) : body };
}

/** Sends JSON that must be answered with success. */
async function ask(method: string, path: string, body?: unknown): Promise<any> {
  const answer = await send(method, path, body === undefined ? undefined : JSON.stringify(body));
  if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function unlock(password: string): Promise<string> {
  const path = "/api/wallets/canary/unlock";
  const { session } = await ask("POST", path, { password });
  sessions.set(session, answers.at(-1)?.text ?? "");
  search.addText(`session ${sessions.size}`, session);
  return session;
}

/** What is found in the answers, but for a session in the one that gave it. */
function findInAnswers(): string[] {
  return answers.flatMap(({ asked, text }) => {
    const given = [...sessions].find(([, whole]) => whole === text)?.[0];
    const rest = given === undefined ? text : text.replace(given, "");
    return search.find(rest).map((what) => `${asked}: ${what}`);
  });
}

/** What the system shows of the node's process and of those that it started. */
function findInProcess(): string[] {
  if (process.platform !== "linux") return [];
  const { pid } = node.process;
  const parts = ["cmdline", "environ", "comm", "status"].map((name) => `/proc/${pid}/${name}`);
  return parts.flatMap((path) => search.find(readFileSync(path)).map((what) => `${path}: ${what}`));
}

function expectNothing(): void {
  expect(findInAnswers()).toEqual([]);
  expect(streams.flatMap((stream) => search.find(stream()))).toEqual([]);
  expect(search.findInFiles(directory)).toEqual([]);
  expect(findInProcess()).toEqual([]);
}

describe("the search", () => {
  test("finds each form in which a secret can be written", () => {
    const entropy = Buffer.from(fromHex(ENTROPY));
    const forms = [
      WORDS.split(" ").slice(5, 8).join(" "),
      JSON.stringify(WORDS.split(" ").slice(20, 24)),
      `x${PASSWORD}x`,
      PASSPHRASE.toUpperCase(),
      ENTROPY.toUpperCase(),
      Buffer.concat([Buffer.from([7]), entropy]),
      Buffer.concat([Buffer.from([7, 7]), entropy, Buffer.from([7])]).toString("base64"),
      entropy.toString("base64url"),
    ];
    for (const form of forms) expect(search.find(form).length).toBeGreaterThan(0);
    expect(search.find(`${WORDS.slice(0, 15)} ${ENTROPY.slice(0, 20)}`)).toEqual([]);
  });
});

test("a wallet is restored, paid, and signs, by all its routes", async () => {
  const restored = { name: "canary", password: PASSWORD, mnemonic: WORDS, passphrase: PASSPHRASE };
  const { receiveAddress: address, descriptor } = await ask("POST", "/api/wallets", restored);
  // The keys that are searched for are this wallet's.
  expect(descriptor).toContain(accountKey);
  await ask("POST", "/api/mine", { blocks: 101, address });
  await ask("POST", "/api/wallets", { name: "other", password: PASSWORD });

  const base = "/api/wallets/canary";
  const session = await unlock(PASSWORD);
  await ask("POST", `${base}/messages`, { address, message: "x", session });
  await ask("POST", `${base}/addresses`, { label: "x" });
  const recipients = [{ to: "other", amount: 100_000_000 }];
  const { id, digest, psbt } = await ask("POST", `${base}/payments`, { recipients });
  await ask("POST", `${base}/psbt`, { psbt, session });
  const { txid } = await ask("POST", `${base}/payments/${id}/confirm`, { digest, session });
  const bumped = await ask("POST", `${base}/payments/bump`, { txid });
  await ask("POST", `${base}/payments/${bumped.id}/confirm`, {
    digest: bumped.digest,
    password: PASSWORD,
  });
  await ask("POST", "/api/mine", { blocks: 1 });
  await ask("POST", `${base}/lock`, {});
  await ask("POST", `${base}/password`, { password: PASSWORD, newPassword: NEW_PASSWORD });
  await unlock(NEW_PASSWORD);
  const reads = await privateReads();
  expect(reads.length).toBeGreaterThan(6);
  for (const path of reads) await send("GET", path);
  expect(answers.some(({ text }) => text.includes(txid))).toBeTrue();
  expectNothing();
});

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly schema: { readonly properties?: Record<string, unknown> } | undefined;
  readonly example: Record<string, unknown>;
}

/** Every operation that has to do with wallets, on the wallet `canary`. */
async function privateOperations(): Promise<Operation[]> {
  const document = (await (await fetch(`${node.url}/swagger/json`)).json()) as any;
  const pattern = /^\/api\/(?:wallets|contacts|contracts|faucet|psbt|messages)(?:\/|$)/;
  return Object.entries<Record<string, any>>(document.paths)
    .filter(([path]) => pattern.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { requestBody }]) => {
        const { schema, example = {} } = requestBody?.content["application/json"] ?? {};
        return {
          method: method.toUpperCase(),
          path: path.replace("{name}", "canary").replace(/\{\w+\}/g, "x"),
          schema: schema?.$ref === undefined ? schema : resolve(document, schema.$ref),
          example,
        };
      }),
    );
}

function resolve(document: any, reference: string): any {
  return document.components.schemas[reference.split("/").at(-1) ?? ""];
}

async function privateReads(): Promise<string[]> {
  const operations = await privateOperations();
  return operations.filter(({ method }) => method === "GET").map(({ path }) => path);
}

/** Bodies with secrets where they do not belong; none has what a wallet could be made or opened of. */
function badBodies({ example, schema }: Operation): string[] {
  const misplaced = Object.keys(schema?.properties ?? {})
    // A wrong password is tried for long, and only so often: that is done once, below.
    .filter((field) => !/^(?:password|newPassword|mnemonic|passphrase)$/.test(field))
    .flatMap((field) =>
      [WORDS, PASSWORD, [WORDS], { [field]: PASSWORD }].map((secret) => ({
        ...example,
        password: 1,
        [field]: secret,
      })),
    );
  const whole = JSON.stringify({ ...example, password: PASSWORD, mnemonic: WORDS });
  return [
    ...misplaced.map((body) => JSON.stringify(body)),
    ...[PASSWORD, WORDS].map((to) =>
      JSON.stringify({ ...example, recipients: [{ to, amount: 1_000 }] }),
    ),
    JSON.stringify({ ...example, words: WORDS, entropy: ENTROPY }),
    JSON.stringify({ ...example, password: [PASSWORD] }),
    JSON.stringify({ ...example, password: { is: PASSWORD }, session: PASSWORD }),
    JSON.stringify({ password: PASSWORD.repeat(400) }),
    JSON.stringify([PASSWORD, WORDS]),
    JSON.stringify(WORDS),
    whole.slice(0, -1),
    whole.slice(0, -40),
    `${whole}${whole}`,
    whole.replaceAll('"', "'"),
    whole.replace(":", " "),
    WORDS,
  ];
}

test("bodies that are wrong in every way say nothing of what was in them", async () => {
  const operations = (await privateOperations()).filter(({ method }) => method !== "GET");
  expect(operations.length).toBeGreaterThan(20);
  for (const operation of operations) {
    const { method, path } = operation;
    for (const body of badBodies(operation)) await send(method, path, body);
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      await send(method, path, `password=${PASSWORD}&mnemonic=${WORDS}`, type);
    }
  }
  const sizes = operations.filter(({ path }) => /wallets$|unlock|psbt|confirm/.test(path));
  for (const { method, path } of sizes) {
    const filling = `${PASSWORD} ${WORDS} `;
    const body = JSON.stringify({ password: filling.repeat(TOO_MANY_BYTES / filling.length) });
    await send(method, path, body).catch(() => {});
  }
  const codes = new Set(answers.map(({ text }) => text.slice(0, 3)));
  for (const code of ["400", "413", "415", "422"]) expect(codes.has(code)).toBeTrue();
  expect(codes.has("500")).toBeFalse();
  expectNothing();
});

test("secrets in an address are in no log and no file", async () => {
  const inQuery = `password=${PASSWORD}&mnemonic=${encodeURIComponent(WORDS)}`;
  for (const path of await privateReads()) {
    await send("GET", `${path}?${inQuery}`);
    await send("GET", path.replace("canary", encodeURIComponent(WORDS)));
  }
  expectNothing();
});

test("wrong passwords and words are refused without being repeated", async () => {
  const wrong = "canary-mistyped-Xx00";
  search.addText("mistyped password", wrong);
  const base = "/api/wallets/canary";
  const tried: [string, string, unknown][] = [
    ["POST", `${base}/unlock`, { password: wrong }],
    ["POST", `${base}/password`, { password: wrong, newPassword: NEW_PASSWORD }],
    ["POST", "/api/wallets", { name: "new", password: wrong, mnemonic: `${WORDS} ${WORDS}` }],
    ["POST", "/api/wallets", { name: "new", password: wrong, mnemonic: `zoo ${WORDS}` }],
    ["POST", "/api/wallets", { name: "new", password: wrong, mnemonic: WORDS.slice(0, -7) }],
    ["POST", "/api/wallets", { name: WORDS, password: wrong, mnemonic: WORDS }],
    ["POST", "/api/wallets", { name: "canary", password: wrong, mnemonic: WORDS }],
    ["POST", "/api/wallets", { name: "new", watch: `wpkh(${WORDS})` }],
  ];
  for (const [method, path, body] of tried) {
    const { status } = await send(method, path, JSON.stringify(body));
    expect([path, status >= 400 && status < 500]).toEqual([path, true]);
  }
  expectNothing();
});

test("a restart and a damaged file bring nothing to light", async () => {
  const session = [...sessions.keys()].at(-1);
  expect(await node.stop()).toBe(0);
  expectFilesClean();
  await start();
  const { receiveAddress: address } = await ask("GET", "/api/wallets/canary");
  const message = { address, message: "x", session };
  const refused = await send("POST", "/api/wallets/canary/messages", JSON.stringify(message));
  expect(refused.body.code).toBe("wallet-locked");

  const keystore = join(directory, "regtest", "keystore");
  const name = readdirSync(keystore).find((file) => file.startsWith("canary.wallet"));
  const path = join(keystore, name ?? "");
  const whole = readFileSync(path, "utf8");
  const damaged = [whole.slice(0, whole.length >> 1), whole.replace(/[0-9a-f]{8}/, "00000000"), ""];
  for (const text of damaged) {
    writeFileSync(path, text, { mode: 0o600 });
    expect(await node.stop()).toBe(0);
    await start();
    await send("GET", "/api/wallets");
    const body = JSON.stringify({ password: NEW_PASSWORD });
    const { status } = await send("POST", "/api/wallets/canary/unlock", body);
    expect(status).toBeGreaterThanOrEqual(400);
  }
  writeFileSync(path, whole, { mode: 0o600 });
  expect(await node.stop()).toBe(0);
  await start();
  await unlock(NEW_PASSWORD);
  await ask("DELETE", "/api/wallets/other", {});
  await ask("DELETE", "/api/wallets/canary", {});
  expectNothing();
});

function expectFilesClean(): void {
  expect(search.findInFiles(directory)).toEqual([]);
}

test("commands about wallets repeat no secret", async () => {
  const options = ["--data", directory, "--network", "regtest"];
  const run = (argv: string[], stdin: string) =>
    runCommand([...argv, ...options], { program: FROM_SOURCE, stdin });
  const passwordFile = join(mkdtempSync(join(tmpdir(), "cairn-canary-key-")), "password");
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  try {
    const unlocked = ["--password-file", passwordFile];
    const restore = ["wallet", "restore", "typed", "--words-stdin", ...unlocked];
    const done = [
      await run(restore, `${WORDS}\n`),
      await run(restore, `${WORDS}\n`),
      await run(["wallet", "restore", "wrong", "--words-stdin", ...unlocked], `zoo ${WORDS}\n`),
      await run(["wallet", "show", "typed"], ""),
      await run(["wallet", "list"], ""),
      await run(["wallet", "show", "typed", "--json"], ""),
      await run(["wallet", "remove", "typed"], ""),
    ];
    expect(done[0]?.exitCode).toBe(0);
    expect(done[1]?.exitCode).not.toBe(0);
    const printed = done.flatMap(({ stdout, stderr }) => [stdout, stderr]);
    expect(printed.flatMap((text) => search.find(text))).toEqual([]);
    expectNothing();
  } finally {
    rmSync(join(passwordFile, ".."), { recursive: true, force: true });
  }
});
