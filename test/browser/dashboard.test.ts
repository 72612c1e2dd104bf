/**
 * The dashboard as a stranger meets it, in a real browser on a real node: the first visit, blocks
 * arriving, searching, links that survive a reload, a node that dies and comes back, small and dark
 * screens.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { formatCount } from "../../public/format.ts";
import {
  findBarriers,
  fitsWidth,
  hasBrowser,
  LOOKS,
  openBrowser,
  openPage,
  takePicture,
  type WatchedPage,
} from "../support/browser.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";

/** Blocks that the node has while its pages are looked at. */
const BLOCKS = 30;

describe.skipIf(!hasBrowser())("dashboard", () => {
  let browser: Browser;
  let node: ProcessNode;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cairn-browser-"));
    browser = await openBrowser();
    node = await startProcessNode(["--network", "regtest", "--data", directory]);
  });

  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What every page must hold, whatever it shows. */
  async function expectSound({ page, errors, hosts, dialogs }: WatchedPage): Promise<void> {
    expect(await findBarriers(page)).toEqual([]);
    expect(await fitsWidth(page)).toBeTrue();
    expect(errors).toEqual([]);
    expect(dialogs).toEqual([]);
    expect([...hosts]).toEqual([new URL(page.url()).host]);
  }

  async function mine(blocks: number, { url } = node): Promise<void> {
    const response = await fetch(`${url}/api/mine`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ blocks }),
    });
    expect(response.status).toBe(200);
  }

  async function blockAt(
    height: number,
  ): Promise<{ hash: string; transactions: { txid: string }[] }> {
    return await (await fetch(`${node.url}/api/block/${height}`)).json();
  }

  async function miningAddress(): Promise<string> {
    const status = await (await fetch(`${node.url}/api/status`)).json();
    return status.mining.address;
  }

  function heading(page: Page, text: string): Promise<void> {
    return page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();
  }

  test("a first visit at height 0 without peers shows a page that says so", async () => {
    await using watched = await openPage(browser, node.url);
    const { page } = watched;
    await page.locator("[data-height='0']").waitFor();
    await page.getByText("Why there are no peers").waitFor();
    await page.getByText("No transaction waits").waitFor();
    await page
      .getByRole("table", { name: "Blocks" })
      .getByText("0", { exact: true })
      .first()
      .waitFor();
    await takePicture(page, "overview-height-0");
    await expectSound(watched);
  });

  test("the genesis block has its page", async () => {
    await using watched = await openPage(browser, `${node.url}/block/0`);
    await heading(watched.page, "Block 0");
    await watched.page.getByText("nothing came before").waitFor();
    await expectSound(watched);
  });

  test("a block that is mined arrives in the open page, marked as new", async () => {
    await using watched = await openPage(browser, node.url);
    const { page } = watched;
    await page.locator("[data-height='0']").waitFor();
    await page.getByRole("button", { name: "Mine one block" }).click();
    await page.locator("[data-height='1']").waitFor();
    await page.getByText("Block 1 was mined here.").waitFor();
    await page.locator("tr[data-new]").getByText("1", { exact: true }).first().waitFor();
    await mine(BLOCKS - 1);
    await page.locator(`[data-height='${BLOCKS}']`).waitFor();
    await page.locator("canvas").first().waitFor();
    await expectSound(watched);
  });

  test("mining is started and stopped by the same button", async () => {
    await using watched = await openPage(browser, `${node.url}/blocks`);
    const { page } = watched;
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("button", { name: "Start mining" }).click();
    await page.getByRole("button", { name: "Stop mining" }).click();
    await page.getByRole("button", { name: "Start mining" }).waitFor();
    const status = await (await fetch(`${node.url}/api/status`)).json();
    expect(status.mining.running).toBeFalse();
    expect(status.height).toBeGreaterThanOrEqual(BLOCKS);
    expect(watched.errors).toEqual([]);
  });

  test("a search leads to what was named, and says so if there is nothing", async () => {
    await using watched = await openPage(browser, node.url);
    const { page } = watched;
    const { hash, transactions } = await blockAt(7);
    const txid = transactions[0]?.txid ?? "";
    const address = await miningAddress();
    const search = page.getByRole("searchbox");
    for (const [text, path] of [
      ["7", "/block/7"],
      [hash.toUpperCase(), `/block/${hash}`],
      [txid, `/tx/${txid}`],
      [` ${address} `, `/address/${address}`],
    ]) {
      await search.fill(text ?? "");
      await search.press("Enter");
      await page.waitForURL(`${node.url}${path}`);
    }
    const asked = page.url();
    await search.fill("nobody's");
    await search.press("Enter");
    await page.getByText("Nothing here by that name.").waitFor();
    expect(page.url()).toBe(asked);
  });

  test("a page survives a reload, and back and forward lead through what was seen", async () => {
    await using watched = await openPage(browser, `${node.url}/block/7`);
    const { page, errors } = watched;
    await heading(page, "Block 7");
    await page.reload();
    await heading(page, "Block 7");
    await page.getByRole("link", { name: "Next" }).click();
    await heading(page, "Block 8");
    await page.getByRole("link", { name: "Blocks", exact: true }).click();
    await heading(page, "Blocks");
    await page.goBack();
    await heading(page, "Block 8");
    await page.goBack();
    await heading(page, "Block 7");
    await page.goForward();
    await heading(page, "Block 8");
    expect(errors).toEqual([]);
  });

  test("back leads to where the page was scrolled to", async () => {
    await using watched = await openPage(browser, `${node.url}/blocks`);
    const { page } = watched;
    const link = page.getByRole("row").last().getByRole("link").first();
    await link.scrollIntoViewIfNeeded();
    const position = await page.evaluate(() => scrollY);
    expect(position).toBeGreaterThan(0);
    const height = await link.textContent();
    await link.click();
    await heading(page, `Block ${height}`);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await page.goBack();
    await page.waitForFunction((wanted) => Math.abs(scrollY - wanted) < 2, position);
  });

  test("the list leads to older blocks and back to the newest", async () => {
    await using watched = await openPage(browser, `${node.url}/blocks`);
    const { page } = watched;
    const lowest = page.getByRole("row").last().getByRole("link").first();
    const height = Number((await lowest.textContent())?.replaceAll(",", ""));
    await page.getByRole("link", { name: "Older" }).click();
    await page.getByRole("heading", { name: "Older blocks" }).waitFor();
    const next = formatCount(height - 1);
    await page.getByRole("link", { name: next, exact: true }).waitFor();
    await page.getByRole("link", { name: "Newest" }).click();
    await page.getByRole("heading", { name: "Newest first" }).waitFor();
  });

  test("what is not there is told in the node's own words", async () => {
    await using watched = await openPage(browser, `${node.url}/block/999999`);
    await watched.page.getByRole("alert").waitFor();
    expect(await findBarriers(watched.page)).toEqual([]);
  });

  test("a chosen theme stays, and is there before the page is drawn", async () => {
    await using watched = await openPage(browser, node.url, { colorScheme: "light" });
    const { page } = watched;
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole("button", { name: "Dark colours" }).click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await ground()).toBe(dark);
    await page.getByRole("button", { name: "Colours of the system" }).click();
    expect(await ground()).toBe(light);
  });

  test("the page can be used by keys alone", async () => {
    await using watched = await openPage(browser, node.url);
    const { page } = watched;
    await page.locator("[data-height]").waitFor();
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to the content" });
    expect(await skip.evaluate((element) => element === document.activeElement)).toBeTrue();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement?.id === "content");
    const blocks = page.getByRole("link", { name: "Blocks", exact: true });
    await blocks.focus();
    await page.keyboard.press("Enter");
    await heading(page, "Blocks");
    expect(await blocks.getAttribute("aria-current")).toBe("page");
  });

  describe.each(LOOKS)("$name", ({ name, viewport, colorScheme }) => {
    test.each(["overview", "blocks", "block", "transaction", "address"])(
      "%s has room, contrast and nothing from elsewhere",
      async (view) => {
        const { transactions } = await blockAt(5);
        const path = {
          overview: "/",
          blocks: "/blocks",
          block: "/block/5",
          transaction: `/tx/${transactions[0]?.txid}`,
          address: `/address/${await miningAddress()}`,
        }[view];
        const url = `${node.url}${path}`;
        await using watched = await openPage(browser, url, { viewport, colorScheme });
        const { page } = watched;
        await page.waitForFunction(() => document.querySelector("[aria-busy]") === null);
        await page.getByRole("heading", { level: 2 }).first().waitFor();
        if (view === "overview") await page.locator("canvas").first().waitFor();
        await takePicture(page, `${view}-${name}`);
        await expectSound(watched);
      },
    );
  });

  test("A-12: what a miner says of itself is text, whatever it is", async () => {
    const tag = "<img src=x onerror=alert(1)>";
    const folder = mkdtempSync(join(tmpdir(), "cairn-browser-"));
    const argv = ["--network", "regtest", "--data", folder, "--miner-tag", tag];
    const other = await startProcessNode(argv);
    try {
      await mine(1, other);
      for (const path of ["/", "/blocks", "/block/1"]) {
        await using watched = await openPage(browser, other.url + path);
        await watched.page.getByText(tag).first().waitFor();
        await expectSound(watched);
      }
    } finally {
      await other.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("A-14: the token is asked for where it is needed, and goes out with nothing else", async () => {
    await using watched = await openPage(browser, `${node.url}/#token=${"a".repeat(40)}`);
    const { page } = watched;
    const sent: string[] = [];
    page.on("request", (request) => {
      const token = request.headers().authorization;
      if (token !== undefined) sent.push(`${request.method()} ${token}`);
    });
    // As a node answers that other machines can reach.
    await page.route("**/api/mining/start", (route) => {
      return route.fulfill({
        status: 401,
        contentType: "application/problem+json",
        body: JSON.stringify({ code: "token-needed", detail: "No." }),
      });
    });
    await page.getByRole("button", { name: "Start mining" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Token").fill("b".repeat(40));
    expect(await findBarriers(page)).toEqual([]);
    await takePicture(page, "token");
    await dialog.getByRole("button", { name: "Continue" }).click();
    // Refused again, and so asked for again.
    await dialog.getByLabel("Token").waitFor();
    expect(sent).toEqual([`POST Bearer ${"a".repeat(40)}`, `POST Bearer ${"b".repeat(40)}`]);
    expect(page.url()).toBe(`${node.url}/`);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });

  test("a page left open finds its node again after it was killed and started anew", async () => {
    const { port } = new URL(node.url);
    await using watched = await openPage(browser, node.url);
    const { page } = watched;
    await page.locator("[data-height]").waitFor();
    await node.kill();
    await page.locator("[data-connection='reconnecting']").waitFor();
    await takePicture(page, "overview-reconnecting");
    // What was known stays in sight.
    expect(await page.locator("[data-height]").count()).toBe(1);
    node = await startProcessNode(
      [
        ...["--network", "regtest", "--data", directory, "--port", port],
        ...["--no-discover", "--p2p-host", "127.0.0.1", "--p2p-port", "0"],
      ],
      { isPlain: true, environment: { CAIRN_MULTICAST_INTERFACE: "127.0.0.1" } },
    );
    await page
      .locator("[data-connection='live'], [data-connection='polling']")
      .waitFor({ timeout: 45_000 });
    const before = Number(await page.locator("[data-height]").getAttribute("data-height"));
    await mine(1);
    await page.locator(`[data-height='${before + 1}']`).waitFor();
    expect(watched.dialogs).toEqual([]);
  });
});
