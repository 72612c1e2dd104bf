/**
 * The pages that the node serves: the status page and Swagger UI, complete and from nowhere else.
 *
 * Read as a browser would, short of running scripts: every resource of every page is fetched, and
 * must come from this node, with the right type and nothing inline.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
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

describe.each(["/", "/swagger"])("%s", (path) => {
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

test("the scripts and styles of our own name no other place", async () => {
  for (const path of ["/status.js", "/status.css", "/swagger/swagger.js", "/swagger", "/"]) {
    expect(await (await api.fetch(path)).text()).not.toMatch(/https?:\/\//);
  }
});

test("the status page's script asks only for paths that answer", async () => {
  const script = await (await api.fetch("/status.js")).text();
  const paths = [...script.matchAll(/ask\(["`](\/api\/[a-z]+)/g)].map((match) => match[1] ?? "");
  expect(paths).toEqual(["/api/status", "/api/blockchain", "/api/nodes"]);
  for (const path of paths) expect((await api.fetch(path)).status).toBe(200);
});

test("the status page has every place that its script fills", async () => {
  const html = await (await api.fetch("/")).text();
  const script = await (await api.fetch("/status.js")).text();
  const ids = [...script.matchAll(/(?:show|element)\("([a-z-]+)"/g)].map((match) => match[1] ?? "");
  expect(ids.length).toBeGreaterThan(10);
  for (const id of ids) expect(html).toContain(`id="${id}"`);
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
