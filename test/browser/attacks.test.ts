/**
 * Pages of other sites, in a real browser, against a real node with money in its wallets: whatever
 * they send, nothing can be read and nothing changes.
 *
 * Each request of the API's own document is tried in every way that a page has. The browser's own
 * protection of machines nearby is off: this is about what the node does.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { hasBrowser, openBrowser } from "../support/browser.ts";
import {
  type Attempt,
  expectUnframed,
  type NetworkLog,
  recordAnswers,
  tryEmbedding,
  tryFetches,
  trySockets,
  trySubmittingForms,
} from "../support/hostile-page.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";

/** Names that lead to this machine, as an attacker's own name server would have it. */
const EVIL_NAMES = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"];

const FLAGS = [
  `--host-resolver-rules=${EVIL_NAMES.map((name) => `MAP ${name} 127.0.0.1`).join(", ")}`,
  "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
];

/** Whatever is of a wallet, of whoever its owner knows, or spends. */
const PRIVATE = /^\/api\/(?:wallets|contacts|contracts|faucet)(?:\/|$)/;

/** What stands for the parts of paths. */
const PARTS: Readonly<Record<string, string>> = { id: "0", address: "x", txid: "00".repeat(32) };

/** What must not change, whoever asks. */
const STATE_PATHS = [
  "/api/blockchain?limit=3",
  "/api/tips",
  "/api/mempool",
  "/api/mining",
  "/api/peers",
  "/api/peers/bans",
  "/api/wallets",
  "/api/contacts",
  "/api/wallets/alice/addresses",
  "/api/wallets/alice/labels",
  "/api/wallets/alice/payments",
  "/api/wallets/alice/transactions",
  "/api/wallets/alice/utxos",
];

describe.skipIf(!hasBrowser())("a page of another site", () => {
  let browser: Browser;
  let directory: string;
  let node: ProcessNode;
  let evil: Bun.Server<undefined>;
  let attempts: readonly Attempt[];
  let before: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cairn-attacks-"));
    browser = await openBrowser(FLAGS);
    node = await startProcessNode(["--dev", "--data", join(directory, "node")]);
    evil = serveEvil();
    attempts = await listAttempts();
    before = await readState();
  }, 30_000);

  afterAll(async () => {
    await browser?.close();
    await evil?.stop(true);
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Every operation of the document, with its own examples. */
  async function listAttempts(): Promise<Attempt[]> {
    const { paths } = (await (await fetch(`${node.url}/swagger/json`)).json()) as any;
    return Object.entries<Record<string, any>>(paths).flatMap(([pattern, methods]) =>
      Object.entries(methods).map(([method, { parameters, requestBody }]) => {
        const path = pattern.replace(/\{(\w+)\}/g, (_, name) => {
          const parameter = parameters.find((one: { name: string }) => one.name === name);
          return encodeURIComponent(parameter?.example ?? PARTS[name] ?? "alice");
        });
        const example = requestBody?.content["application/json"].example ?? {};
        const body = requestBody === undefined ? undefined : JSON.stringify(example);
        return { method: method.toUpperCase(), path, body };
      }),
    );
  }

  async function readState(): Promise<string> {
    const parts = STATE_PATHS.map(async (path) => {
      const answer = await fetch(node.url + path);
      expect([path, answer.status]).toEqual([path, 200]);
      return `${path} ${await answer.text()}`;
    });
    return (await Promise.all(parts)).join("\n");
  }

  const changing = () => attempts.filter(({ method }) => method !== "GET");
  const posts = () => changing().filter(({ method }) => method === "POST");
  const reading = () => attempts.filter(({ method }) => method === "GET");
  const readingPrivate = () => reading().filter(({ path }) => PRIVATE.test(path));

  /** A page at `url`, with all that passes between it and the node. */
  async function visit(
    url: string,
    host = new URL(node.url).host,
  ): Promise<{ page: Page; context: BrowserContext; log: NetworkLog } & AsyncDisposable> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const log = await recordAnswers(context, page, host);
    await page.goto(url);
    return { page, context, log, [Symbol.asyncDispose]: () => context.close() };
  }

  /** Where pages are served from that try it. */
  const SITES = [
    ["another site", "evil.example"],
    ["another port of this machine", "127.0.0.1"],
    ["this machine by another name", "localhost"],
  ] as const;

  describe.each(SITES)("on %s", (_, name) => {
    const site = () => `http://${name}:${evil.port}/`;

    test("A-01: can read nothing, by any request that there is", async () => {
      expect(readingPrivate().length).toBeGreaterThan(8);
      await using visited = await visit(site());
      expect(await tryFetches(visited.page, node.url, reading())).toEqual([]);
      expect(refusalsOf(visited.log, readingPrivate())).toEqual([403]);
      expect(await readState()).toBe(before);
    }, 60_000);

    test("A-04: can change nothing, by any request that there is", async () => {
      expect(changing().length).toBeGreaterThan(25);
      await using visited = await visit(site());
      expect(await tryFetches(visited.page, node.url, changing())).toEqual([]);
      await trySubmittingForms(visited.page, node.url, posts());
      expect(refusalsOf(visited.log, changing())).toEqual([403]);
      // Preflights as well: none was told that it may go on.
      expect(statusesOf(visited.log)).toEqual([403]);
      expect(await readState()).toBe(before);
    }, 60_000);

    test("A-01: can hold nothing of the node, as a picture, script, style or film", async () => {
      await using visited = await visit(site());
      const pages = ["/", "/icon.svg", "/assets/app.js", "/swagger/swagger-ui.css"];
      const paths = [...pages, ...reading().map(({ path }) => path)];
      expect(await tryEmbedding(visited.page, node.url, paths)).toEqual([]);
      expect(refusalsOf(visited.log, readingPrivate())).toEqual([403]);
    }, 60_000);

    test("A-06: can open no socket", async () => {
      await using visited = await visit(site());
      expect(await trySockets(visited.page, node.url)).toEqual([]);
      expect(await trySockets(visited.page, `http://localhost:${new URL(node.url).port}`)).toEqual(
        [],
      );
    });

    test("A-13: can put no page of the node into a frame", async () => {
      await using visited = await visit(site());
      for (const path of ["/", "/block/1", "/swagger", "/api/status", "/swagger/json"]) {
        await expectUnframed(visited.page, node.url + path);
      }
    });

    test("A-01: can open a window on the node, and neither look into it nor steer it", async () => {
      await using visited = await visit(site());
      const { page, context } = visited;
      const opening = context.waitForEvent("page");
      await page.evaluate((url) => {
        Object.assign(globalThis, { opened: open(url) });
      }, node.url);
      const opened = await opening;
      await opened.locator("[data-height]").waitFor();
      const seen = await page.evaluate(() => {
        const { opened } = globalThis as unknown as { opened: Window };
        opened.postMessage({ op: "subscribe", token: "x", path: "/api/mine" }, "*");
        opened.postMessage("#token=evil", "*");
        const tries = [
          () => opened.document.title,
          () => opened.localStorage.length,
          () => opened.sessionStorage.length,
          () => opened.location.href,
        ];
        return tries.flatMap((look) => {
          try {
            return [String(look())];
          } catch {
            return [];
          }
        });
      });
      expect(seen).toEqual([]);
      // Its page cannot find whoever opened it either, nor count its frames.
      expect(await opened.evaluate(() => opener === null)).toBeTrue();
      expect(await readState()).toBe(before);
    });

    test("A-14: learns nothing of where its visitor came from, and there are no cookies", async () => {
      await using visited = await visit(site());
      const { page, context, log } = visited;
      await page.goto(`${node.url}/?#token=${"a".repeat(64)}`);
      await page.locator("[data-height]").waitFor();
      await page.evaluate((url) => {
        const link = document.createElement("a");
        link.href = url;
        document.body.append(link);
        link.click();
      }, site());
      await page.waitForURL(site());
      expect(await page.evaluate(() => document.referrer)).toBe("");
      expect(await context.cookies()).toEqual([]);
      expect(log.withCookies).toEqual([]);
      expect(log.answers.filter(({ setsCookie }) => setsCookie)).toEqual([]);
    });
  });

  test("A-04: a link or a form in a window of its own is refused like any other", async () => {
    await using visited = await visit(`http://evil.example:${evil.port}/`);
    const { page, log } = visited;
    for (const { path } of readingPrivate()) {
      await page.evaluate((url) => {
        location.href = url;
      }, node.url + path);
      await page.waitForURL(node.url + path);
      expect(await page.textContent("body")).toContain("cross-site-request");
      await page.goBack();
    }
    await page.evaluate((url) => {
      const form = document.createElement("form");
      Object.assign(form, { action: url, method: "post" });
      document.body.append(form);
      form.submit();
    }, `${node.url}/api/mine`);
    await page.waitForURL(`${node.url}/api/mine`);
    expect(await page.textContent("body")).toContain("cross-site-request");
    const mining = { method: "POST", path: "/api/mine", body: undefined };
    expect(refusalsOf(log, [...readingPrivate(), mining])).toEqual([403]);
    expect(await readState()).toBe(before);
  }, 30_000);

  describe.each(EVIL_NAMES)("A-03: whose own name %s leads to this machine", (name) => {
    // The first name in all ways, the others in a few.
    const tried = () => (name === EVIL_NAMES[0] ? attempts : attempts.slice(0, 5));

    test("is told that it is wrong here, whatever it asks for", async () => {
      const { port } = new URL(node.url);
      const base = `http://${name}:${port}`;
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        const log = await recordAnswers(context, page, `${name}:${port}`);
        // As it was served before the name moved: for the browser, the same site as the node is.
        await context.route(`${base}/evil`, (route) =>
          route.fulfill({ contentType: "text/html", body: EVIL_PAGE }),
        );
        await page.goto(`${base}/evil`);
        log.answers.length = 0;
        const read = await tryFetches(page, base, tried());
        expect(read.length).toBeGreaterThan(tried().length);
        expect(read.filter((text) => !text.includes('"code":"wrong-host"'))).toEqual([]);
        expect(await trySockets(page, base)).toEqual([]);
        expect(refusalsOf(log, tried())).toEqual([421]);
        for (const path of ["/", "/swagger", "/icon.svg", "/assets/app.js", "/ws"]) {
          const answer = await page.goto(base + path);
          expect([path, answer?.status()]).toEqual([path, 421]);
        }
        expect(await readState()).toBe(before);
      } finally {
        await context.close();
      }
    }, 60_000);
  });

  test("A-07: 0.0.0.0 leads nowhere, for pages and for those who type it", async () => {
    const base = `http://0.0.0.0:${new URL(node.url).port}`;
    await using visited = await visit(`http://evil.example:${evil.port}/`, new URL(base).host);
    const { page, log } = visited;
    expect(await tryFetches(page, base, attempts)).toEqual([]);
    expect(await trySockets(page, base)).toEqual([]);
    // Where the browser sends it at all.
    expect(log.answers.filter(({ status }) => status !== 421 && status !== 403)).toEqual([]);
    const status = await page.goto(base).then(
      (answer) => answer?.status() ?? "no answer",
      () => "refused by the browser",
    );
    expect([421, "refused by the browser"]).toContain(status);
    expect(await readState()).toBe(before);
  }, 30_000);

  test("the same attempts by the node's own page go through", async () => {
    await using visited = await visit(node.url);
    const { page, log } = visited;
    const paths = readingPrivate().filter(({ path }) => !path.includes("Zoe"));
    const read = await tryFetches(page, node.url, paths);
    expect(read.some((text) => text.includes('"name":"alice"'))).toBeTrue();
    expect(statusesOf(log)).toContain(200);
    expect(await trySockets(page, node.url)).toEqual(["socket"]);
    const label = { type: "addr", ref: await addressOfAlice(), label: "tried" };
    const put = { method: "PUT", path: "/api/wallets/alice/labels", body: JSON.stringify(label) };
    await tryFetches(page, node.url, [put]);
    expect(await readState()).not.toBe(before);
    await tryFetches(page, node.url, [{ ...put, body: JSON.stringify({ ...label, label: "" }) }]);
    expect(await readState()).toBe(before);
  }, 30_000);

  async function addressOfAlice(): Promise<string> {
    const { receiveAddress } = await (await fetch(`${node.url}/api/wallets/alice`)).json();
    return receiveAddress;
  }

  describe("A-05: where one site was allowed", () => {
    let open: ProcessNode;

    beforeAll(async () => {
      const argv = ["--network", "regtest", "--data", join(directory, "open")];
      open = await startProcessNode([...argv, "--cors-origin", "http://good.example:81"]);
    });

    afterAll(async () => {
      await open?.stop();
    });

    const ASKED: Attempt[] = [
      { method: "GET", path: "/api/status", body: undefined },
      { method: "GET", path: "/api/wallets", body: undefined },
      { method: "POST", path: "/api/mining/stop", body: "{}" },
    ];

    /** What a page of `origin` can read, wherever that would be served from. */
    async function readFrom(origin: string): Promise<string[]> {
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        await context.route(`${origin}/**`, (route) =>
          route.fulfill({ contentType: "text/html", body: EVIL_PAGE }),
        );
        await page.goto(`${origin}/`);
        return await tryFetches(page, open.url, ASKED);
      } finally {
        await context.close();
      }
    }

    test("that one can read and act, without credentials", async () => {
      const read = await readFrom("http://good.example:81");
      expect(read.filter((text) => text.startsWith("cors /"))).toHaveLength(2);
      expect(read.filter((text) => text.startsWith("cors json /"))).toHaveLength(1);
      expect(read.filter((text) => text.startsWith("credentials "))).toEqual([]);
    });

    test.each([
      "http://good.example",
      "http://good.example:82",
      "https://good.example:81",
      "http://good.example.evil.example:81",
      "http://evilgood.example:81",
      "http://www.good.example:81",
      "http://good.example.:81",
    ])("%s is another, and can read nothing", async (origin) => {
      expect(await readFrom(origin)).toEqual([]);
    });

    test("a page without an origin can read nothing", async () => {
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        await page.goto(`data:text/html,${encodeURIComponent(EVIL_PAGE)}`);
        expect(await page.evaluate(() => origin)).toBe("null");
        expect(await tryFetches(page, open.url, ASKED)).toEqual([]);
      } finally {
        await context.close();
      }
    });
  });

  test("A-12: every answer says that nothing from elsewhere runs in it", async () => {
    const pages = ["/", "/blocks", "/swagger", "/swagger/json", "/icon.svg", "/assets/app.js"];
    const paths = [...pages, "/nothing", ...reading().map(({ path }) => path)];
    for (const path of paths) {
      const { headers } = await fetch(node.url + path);
      const policy = headers.get("content-security-policy") ?? "";
      expect([path, policy.includes("default-src 'self'")]).toEqual([path, true]);
      expect([path, policy.includes("frame-ancestors 'none'")]).toEqual([path, true]);
      expect([path, /unsafe-|\*|https?:/.test(policy)]).toEqual([path, false]);
      expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
      expect([path, headers.get("referrer-policy")]).toEqual([path, "no-referrer"]);
      expect([path, headers.get("cross-origin-opener-policy")]).toEqual([path, "same-origin"]);
      expect([path, headers.get("set-cookie")]).toEqual([path, null]);
      expect([path, headers.get("server")]).toEqual([path, null]);
    }
  });
});

const EVIL_PAGE = "<!doctype html><title>evil</title><body></body>";

function serveEvil(): Bun.Server<undefined> {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response(EVIL_PAGE, { headers: { "content-type": "text/html" } }),
  });
}

/** Statuses of all answers of the node, each once. */
function statusesOf({ answers }: NetworkLog): number[] {
  return [...new Set(answers.map(({ status }) => status))].sort();
}

/** Statuses of the answers to `attempts`, each once; throws if one of them never came. */
function refusalsOf({ answers }: NetworkLog, attempts: readonly Attempt[]): number[] {
  const statuses = new Set<number>();
  for (const { method, path } of attempts) {
    const own = answers.filter((answer) => {
      return answer.path === path && (answer.method === method || answer.method === "OPTIONS");
    });
    if (own.length === 0) throw new Error(`${method} ${path} did not reach the node`);
    for (const { status } of own) statuses.add(status);
  }
  return [...statuses].sort();
}
