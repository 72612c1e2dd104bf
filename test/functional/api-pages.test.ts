/**
 * The pages that the node serves: the status page and Swagger UI, complete and from nowhere else.
 *
 * Read as a browser would, short of running scripts: every resource of every page is fetched, and
 * must come from this node, with the right type and nothing inline.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FROM_BINARY, HAS_BINARY, startProcessNode } from "../support/process-node.ts";
import {
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";

let running: RunningNode;
let api: RunningApi;

beforeAll(async () => {
  running = await startTestNode();
  api = await startTestApi(running.node);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
});

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
};

/** What a page loads: `src` of anything, `href` of links to resources. */
function resourcesOf(html: string): string[] {
  const found: string[] = [];
  new HTMLRewriter()
    .on("[src]", { element: (element) => void found.push(element.getAttribute("src") ?? "") })
    .on("link[href]", { element: (element) => void found.push(element.getAttribute("href") ?? "") })
    .transform(html);
  return found;
}

describe.each(["/", "/block/1", "/swagger"])("%s", (path) => {
  test("is a page with everything from this node", async () => {
    const response = await api.fetch(path);
    expect(response.headers.get("content-type")).toStartWith("text/html");
    const resources = resourcesOf(await response.text());
    expect(resources.length).toBeGreaterThan(2);
    for (const resource of resources) {
      expect(resource).toStartWith("/");
      expect(resource).not.toStartWith("//");
      const loaded = await api.fetch(resource);
      expect(loaded.status).toBe(200);
      const extension = resource.split(".").at(-1) ?? "";
      expect(loaded.headers.get("content-type")).toStartWith(TYPES[extension] ?? "none");
      expect(loaded.headers.get("x-content-type-options")).toBe("nosniff");
      expect((await loaded.bytes()).length).toBeGreaterThan(100);
    }
  });

  test("has nothing inline, so that the content policy holds", async () => {
    const response = await api.fetch(path);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain("unsafe-inline");
    const html = await response.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:/);
  });

  test("is not sent again to whoever has it", async () => {
    const etag = (await api.fetch(path)).headers.get("etag") ?? "";
    const again = await api.fetch(path, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
  });
});

/** Every file that the dashboard may load, also what it loads only when it is shown. */
async function dashboardFiles(
  ask: (path: string) => Promise<Response> = (path) => api.fetch(path),
): Promise<string[]> {
  const html = await (await ask("/")).text();
  const found = resourcesOf(html);
  const script = await (await ask("/assets/app.js")).text();
  const later = [...script.matchAll(/\/assets\/[\w.-]+/g)].map(([path]) => path);
  return [...new Set([...found, ...later])];
}

function withoutLicences(text: string): string {
  return text.replace(/\/\*![\s\S]*?\*\//g, "");
}

test("the scripts and styles of our own name no other place", async () => {
  const files = [...(await dashboardFiles()), "/swagger/swagger.js", "/swagger", "/"];
  for (const path of files) {
    const text = await (await api.fetch(path)).text();
    // Licences stand in comments, and the names of namespaces are asked for by nobody.
    const places = withoutLicences(text).replace(/https?:\/\/www\.w3\.org\//g, "");
    expect(places.match(/https?:\/\/[^"'`\s]*/g), path).toBeNull();
  }
});

/** What the whole dashboard may weigh on the way, in bytes. */
const MAX_DASHBOARD_BYTES = 350_000;

test("the whole dashboard is light, and sent compressed to who takes that", async () => {
  let total = 0;
  const files = await dashboardFiles();
  expect(files.length).toBeGreaterThan(4);
  for (const path of files) {
    const plain = await api.fetch(path, { headers: { "accept-encoding": "identity" } });
    const asked = { headers: { "accept-encoding": "br, gzip;q=0.8" }, decompress: false };
    const packed = await api.fetch(path, asked);
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(packed.headers.get("vary")).toContain("Accept-Encoding");
    expect(packed.headers.get("etag")).not.toBe(plain.headers.get("etag"));
    const bytes = await packed.bytes();
    expect(Bun.gunzipSync(bytes)).toEqual(await plain.bytes());
    total += bytes.length;
  }
  console.log(`dashboard: ${(total / 1000).toFixed(1)} kB in ${files.length} files, compressed`);
  expect(total).toBeLessThan(MAX_DASHBOARD_BYTES);
});

test("who refuses gzip is not sent it", async () => {
  const headers = { "accept-encoding": "gzip;q=0, identity" };
  expect(
    (await api.fetch("/assets/app.js", { headers })).headers.has("content-encoding"),
  ).toBeFalse();
});

test("pages are served at the dashboard's paths and nowhere else", async () => {
  for (const path of ["/api/nothing", "/nothing", "/block", "/block/1/2", "/assets/nothing.js"]) {
    const response = await api.fetch(path);
    expect(response.status, path).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
});

test.skipIf(!HAS_BINARY)("the binary has the whole dashboard, with no source near", async () => {
  const directory = mkdtempSync(join(tmpdir(), "cairn-pages-"));
  const argv = ["--network", "regtest", "--data", directory];
  const binary = await startProcessNode(argv, { program: FROM_BINARY, cwd: directory });
  try {
    const ask = (path: string) => fetch(binary.url + path);
    const files = await dashboardFiles(ask);
    expect(files.length).toBe((await dashboardFiles()).length);
    for (const path of ["/blocks", ...files]) {
      const built = await ask(path);
      expect(built.status, path).toBe(200);
      expect((await built.bytes()).length, path).toBeGreaterThan(100);
    }
  } finally {
    await binary.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});

describe("the OpenAPI document", () => {
  test("describes every route but pages, with words and an answer", async () => {
    const document = (await (await api.fetch("/swagger/json")).json()) as any;
    expect(document.openapi).toStartWith("3.");
    for (const [path, methods] of Object.entries<Record<string, any>>(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation.summary.length, path).toBeGreaterThan(3);
        expect(operation.description.length, path).toBeGreaterThan(10);
        expect(operation.tags, path).toHaveLength(1);
        expect(
          Object.keys(operation.responses).some((status) => /^(?:2..|101)$/.test(status)),
        ).toBeTrue();
        const named = path.match(/\{[a-z]+\}/g)?.length ?? 0;
        expect(operation.parameters.filter((part: any) => part.in === "path")).toHaveLength(named);
      }
    }
  });

  test("lists the paths that the design names", async () => {
    const document = (await (await api.fetch("/swagger/json")).json()) as any;
    const expected = [
      "/api/status",
      "/api/blockchain",
      "/api/blocks",
      "/api/block/{id}",
      "/api/block/{id}/raw",
      "/api/headers",
      "/api/tips",
      "/api/transactions",
      "/api/transactions/batch",
      "/api/transactions/test",
      "/api/transactions/{txid}",
      "/api/transactions/{txid}/raw",
      "/api/transactions/{txid}/merkle-proof",
      "/api/mempool",
      "/api/fees",
      "/api/addresses/{address}",
      "/api/addresses/{address}/utxos",
      "/api/addresses/{address}/transactions",
      "/api/addresses/{address}/validate",
      "/api/mine",
      "/api/mining",
      "/api/mining/start",
      "/api/mining/stop",
      "/api/mining/template",
      "/api/mining/submit",
      "/api/peers",
      "/api/peers/discover",
      "/api/peers/bans",
      "/api/peers/{id}",
      "/api/peers/{id}/ban",
      "/api/nodes",
      "/api/topology",
      "/api/stats",
      "/api/stats/history",
      "/api/contacts",
      "/api/contacts/{name}",
      "/api/contracts/templates",
      "/api/faucet",
      "/api/mempool/transactions",
      "/api/mempool/transactions/{txid}",
      "/api/messages/verify",
      "/api/psbt/combine",
      "/api/psbt/decode",
      "/api/psbt/finalize",
      "/api/reorgs",
      "/api/tree",
      "/api/wallets",
      "/api/wallets/{name}",
      "/api/wallets/{name}/addresses",
      "/api/wallets/{name}/balance",
      "/api/wallets/{name}/contract-keys",
      "/api/wallets/{name}/contracts",
      "/api/wallets/{name}/contracts/{address}",
      "/api/wallets/{name}/contracts/{address}/combine",
      "/api/wallets/{name}/contracts/{address}/finish",
      "/api/wallets/{name}/contracts/{address}/sign",
      "/api/wallets/{name}/contracts/{address}/spend",
      "/api/wallets/{name}/labels",
      "/api/wallets/{name}/lock",
      "/api/wallets/{name}/messages",
      "/api/wallets/{name}/password",
      "/api/wallets/{name}/payments",
      "/api/wallets/{name}/payments/abandon",
      "/api/wallets/{name}/payments/bump",
      "/api/wallets/{name}/payments/child",
      "/api/wallets/{name}/payments/{id}",
      "/api/wallets/{name}/payments/{id}/confirm",
      "/api/wallets/{name}/payments/{id}/signed",
      "/api/wallets/{name}/psbt",
      "/api/wallets/{name}/transactions",
      "/api/wallets/{name}/unlock",
      "/api/wallets/{name}/utxos",
      "/health/live",
      "/health/ready",
      "/metrics",
      "/ws",
    ];
    expect(Object.keys(document.paths).sort()).toEqual(expected.sort());
  });

  test("resolves every reference within itself", async () => {
    const text = await (await api.fetch("/swagger/json")).text();
    const document = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([A-Za-z]+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, name] of references)
      expect(document.components.schemas).toHaveProperty(name ?? "");
  });
});
