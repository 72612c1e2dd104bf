/**
 * Pages without the internet: every view of the dashboard, and the documentation, whose operations
 * are tried from the page itself, in a browser that reaches nothing but this node.
 *
 * What the operations' examples do is tried one by one in functional/api-examples.test.ts.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { PAGE_PATHS, type PagePath } from "../../public/paths.ts";
import { hasBrowser, openBrowser, openPage, takePicture, WIDE } from "../support/browser.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";

setDefaultTimeout(120_000);

describe.skipIf(!hasBrowser())("without the internet", () => {
  let browser: Browser;
  let directory: string;
  let node: ProcessNode;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cairn-documentation-"));
    browser = await openBrowser();
    node = await startProcessNode(["--dev", "--data", directory]);
  });

  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A page at `path`; whatever it asks of another host fails, and is noted. */
  async function openAlone(path: string) {
    const { host } = new URL(node.url);
    const strangers: string[] = [];
    const watched = await openPage(browser, "about:blank", {
      viewport: WIDE,
      prepare: async (context) => {
        await context.route(
          (url) => url.host !== host,
          (route) => {
            strangers.push(route.request().url());
            return route.abort();
          },
        );
      },
    });
    const policies = new Map<string, string>();
    watched.page.on("response", (answer) => {
      policies.set(answer.url(), answer.headers()["content-security-policy"] ?? "none");
    });
    // Scripts and styles that the policy keeps out.
    await watched.page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        console.error(`policy: ${violatedDirective} ${blockedURI}`);
      });
    });
    await watched.page.goto(node.url + path);
    return { ...watched, strangers, policies };
  }

  function expectAlone({ errors, strangers, policies, dialogs }: Opened): void {
    expect(strangers).toEqual([]);
    expect(errors).toEqual([]);
    expect(dialogs).toEqual([]);
    expect(policies.size).toBeGreaterThan(3);
    for (const [url, policy] of policies) {
      expect([url, policy.startsWith("default-src 'self';")]).toEqual([url, true]);
      expect([url, /unsafe-|\*|https?:/.test(policy)]).toEqual([url, false]);
    }
  }
  type Opened = Awaited<ReturnType<typeof openAlone>>;

  /** What to put for the parts of a path that have a colon. */
  async function pathOf(page: PagePath): Promise<string> {
    const block = await (await fetch(`${node.url}/api/block/1`)).json();
    const { txid, outputs } = block.transactions[0];
    const parts: Record<string, string> = {
      ":id": "1",
      ":txid": txid,
      ":address": outputs[0].address,
      ":name": "alice",
      ":section": "history",
      ":item": "1",
    };
    return page.replace(/:[a-z]+/g, (part) => parts[part] ?? part);
  }

  test.each(PAGE_PATHS)("the page %s works, and no style or script is inline", async (path) => {
    await using opened = await openAlone(await pathOf(path));
    const { page } = opened;
    await page.locator("main > *").first().waitFor();
    await page.waitForFunction(() => document.querySelector("[aria-busy]") === null);
    if (path === "/") await page.locator("canvas").first().waitFor();
    expectAlone(opened);
  });

  test("the documentation lists every operation", async () => {
    await using opened = await openAlone("/swagger");
    const { page } = opened;
    await page.locator(".opblock").first().waitFor();
    const { paths } = (await (await fetch(`${node.url}/swagger/json`)).json()) as any;
    const expected = Object.values<object>(paths).flatMap((methods) => Object.keys(methods));
    expect(await page.locator(".opblock").count()).toBe(expected.length);
    await takePicture(page, "documentation");
    expectAlone(opened);
  });

  test("operations are tried from their page as they stand there", async () => {
    await using opened = await openAlone("/swagger");
    for (const [method, path, status] of [
      ["get", "/api/status", "200"],
      ["get", "/api/wallets/{name}/balance", "200"],
      ["post", "/api/mine", "200"],
      ["post", "/api/faucet", "201"],
      ["post", "/api/wallets/{name}/payments", "201"],
    ] as const) {
      const operation = await openOperation(opened.page, method, path);
      await operation.getByRole("button", { name: "Execute" }).click();
      const live = operation.locator(".live-responses-table .response .response-col_status");
      await live.waitFor();
      expect([path, (await live.textContent())?.trim().slice(0, 3)]).toEqual([path, status]);
    }
    await takePicture(opened.page, "documentation-tried");
    expectAlone(opened);
  });

  /** Unfolds one operation. */
  async function openOperation(page: Page, method: string, path: string): Promise<Locator> {
    const operation = page
      .locator(`.opblock-${method}`)
      .filter({ has: page.locator(`[data-path="${path}"]`) });
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Execute" }).waitFor();
    return operation;
  }
});
