/**
 * The page of mining, in a real browser on real nodes: started, stopped and with other threads,
 * blocks asked for and given up, on a network of fixed difficulty and on one whose difficulty moves.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import {
  expectSound,
  findCard,
  hasBrowser,
  LOOKS,
  mineBlocks,
  openBrowser,
  openPage,
  takePicture,
} from "../support/browser.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";

/** Blocks of the node whose difficulty has changed. */
const BLOCKS = 230;

describe.skipIf(!hasBrowser())("mining page", () => {
  let browser: Browser;
  let directory: string;
  /** Of fixed difficulty; and one that is retargeted. */
  let fixed: ProcessNode;
  let moving: ProcessNode;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cairn-browser-mining-"));
    browser = await openBrowser();
    fixed = await startProcessNode(["--network", "regtest", "--data", join(directory, "fixed")]);
    moving = await startProcessNode([
      ...["--network", "browser-mining", "--difficulty", "1", "--no-mine"],
      ...["--data", join(directory, "moving"), "--node-name", "Ada"],
    ]);
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([fixed?.stop(), moving?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  async function askStatus(node: ProcessNode) {
    return await (await fetch(`${node.url}/api/status`)).json();
  }

  test("a node at height 0 says what to do", async () => {
    await using watched = await openPage(browser, fixed.url);
    const { page } = watched;
    await page.getByRole("link", { name: "Mining", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Mining" }).waitFor();
    await page.getByText("the difficulty is fixed").first().waitFor();
    await findCard(page, "Who found the last 1,000 blocks").getByText("No block yet").waitFor();
    await page.waitForFunction(() => document.querySelector("[aria-busy]") === null);
    await takePicture(page, "mining-height-0");
    await expectSound(watched);
  });

  test("blocks that are asked for arrive, and pay whom they should", async () => {
    await using watched = await openPage(browser, `${fixed.url}/mining`);
    const { page } = watched;
    const form = findCard(page, "Mine blocks now");
    await form.getByLabel("Blocks").fill("5");
    await form.getByRole("button", { name: "Mine now" }).click();
    await form.getByText("Mined 5 blocks, up to height 5.").waitFor();
    const shares = page.getByRole("list", { name: "Shares of the last blocks" });
    await shares.getByText("5 blocks, 100 %").waitFor();
    await shares.getByText("This node").waitFor();

    await form.getByLabel("Pay to").fill("nobody");
    await form.getByRole("button", { name: "Mine now" }).click();
    await form.getByText("address", { exact: false }).last().waitFor();
    await page.locator("[role='status'].text-bad").waitFor();
    expect((await askStatus(fixed)).height).toBe(5);
    // A refusal is an error in the browser's console, and none of the page's.
    expect(watched.dialogs).toEqual([]);
  });

  test("mining is started with a number of threads, shown stream by stream, and stopped", async () => {
    await using watched = await openPage(browser, `${fixed.url}/mining`);
    const { page } = watched;
    const form = findCard(page, "Continuous mining");
    await form.getByLabel("Threads").fill("2");
    await form.getByRole("button", { name: "Start mining" }).click();
    await form.getByText("Mining with 2 threads.").waitFor();
    const streams = page.getByRole("table", { name: "Streams", exact: true });
    await streams.getByRole("row", { name: /^B/ }).waitFor();
    await page.waitForFunction(() => {
      const rows = [...document.querySelectorAll("table tbody tr")];
      return rows.some((row) => Number(row.children[4]?.textContent?.replaceAll(",", "")) > 5);
    });
    await form.getByLabel("Threads").fill("1");
    await form.getByRole("button", { name: "Change threads" }).click();
    await form.getByText("Mining with 1 thread.").waitFor();
    await form.getByRole("button", { name: "Stop mining" }).click();
    await form.getByText("Mining is off.").waitFor();
    const { mining, height } = await askStatus(fixed);
    expect(mining).toMatchObject({ running: false, threads: 1 });
    expect(height).toBeGreaterThan(5);
    expect(watched.errors).toEqual([]);
  });

  test("a demand is given up", async () => {
    await using watched = await openPage(browser, `${moving.url}/mining`);
    const { page } = watched;
    const form = findCard(page, "Mine blocks now");
    await form.getByLabel("Blocks").fill("1000");
    await form.getByRole("button", { name: "Mine now" }).click();
    await form.getByRole("button", { name: "Mining…" }).waitFor();
    await form.getByRole("button", { name: "Give up" }).click();
    await form.getByText("Given up").waitFor();
    expect((await askStatus(moving)).height).toBeLessThan(1_000);
  });

  test("the difficulty is explained, and each of its changes shown", async () => {
    await mineBlocks(moving, BLOCKS);
    const { height } = await askStatus(moving);
    await using watched = await openPage(browser, `${moving.url}/mining`);
    const { page } = watched;
    const difficulty = findCard(page, "Difficulty");
    await difficulty.locator("canvas").waitFor();
    await difficulty.getByText(/Each dot is a change: [1-9]\d* change/).waitFor();
    const next = 100 * (Math.floor(height / 100) + 1);
    await difficulty.getByText(`at height ${next.toLocaleString("en")}`).waitFor();
    expect(watched.errors).toEqual([]);
  });

  describe.each(LOOKS)("$name", ({ name, viewport, colorScheme }) => {
    test("has room, contrast and nothing from elsewhere", async () => {
      const url = `${moving.url}/mining`;
      await using watched = await openPage(browser, url, { viewport, colorScheme });
      const { page } = watched;
      await page.locator("canvas").waitFor();
      await page.waitForFunction(() => document.querySelector("[aria-busy]") === null);
      await takePicture(page, `mining-${name}`);
      await expectSound(watched);
    });
  });

  test("the development network says how its blocks come", async () => {
    const dev = await startProcessNode(["--dev", "--data", join(directory, "dev")]);
    try {
      await using watched = await openPage(browser, `${dev.url}/mining`);
      await watched.page.getByText("On the development network").waitFor();
      await watched.page.getByText("The difficulty of this network is fixed.").waitFor();
      await expectSound(watched);
    } finally {
      await dev.stop();
    }
  });
});
