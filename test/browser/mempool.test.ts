/**
 * The mempool in a real browser on a real node: empty, filled as somebody looks, confirmed, families
 * opened, pages turned, and 200 transactions a second without flicker.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import type { Transaction } from "../../src/primitives/transaction.ts";
import {
  expectSound,
  hasBrowser,
  LOOKS,
  openBrowser,
  openPage,
  takePicture,
} from "../support/browser.ts";
import {
  ANYONE_BY_WITNESS,
  Branch,
  coinOf,
  QUICK,
  type SpendableCoin,
  spend,
  withParams,
} from "../support/chain-builder.ts";
import {
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";

/** Coins to pay with, made by one transaction in a block. */
const COINS = 1_000;

/** Blocks in which those have room, and of which more than one is filled at the end. */
const NETWORK = withParams(QUICK, { maxBlockWeight: 190_000 });

/** Transactions a second while flicker is looked for, and for how many seconds. */
const PER_SECOND = 200;
const SECONDS = 4;

describe.skipIf(!hasBrowser())("mempool", () => {
  let browser: Browser;
  let running: RunningNode;
  let api: RunningApi;
  let url: string;
  let trunk: Branch;
  let coins: SpendableCoin[];

  beforeAll(async () => {
    browser = await openBrowser();
    running = await startTestNode({ network: NETWORK });
    api = await startTestApi(running.node);
    url = `${api.server.url}/mempool`;
    trunk = new Branch(NETWORK).mine(3);
  });

  afterAll(async () => {
    await browser?.close();
    await api?.[Symbol.asyncDispose]();
    await running?.[Symbol.asyncDispose]();
  });

  function accept(...transactions: readonly Transaction[]): void {
    for (const tx of transactions) {
      expect(running.node.submitTransaction(tx).status).toBe("accepted");
    }
  }

  /** Spends the next coin that nothing spends yet. */
  function pay(fee: number): Transaction {
    const coin = coins.pop();
    if (coin === undefined) throw new Error("no coins are left");
    return spend([coin], { fee, script: ANYONE_BY_WITNESS });
  }

  function confirmAll(): void {
    const entries = [...running.node.mempool.entries()];
    const fees = entries.reduce((sum, { fee }) => sum + fee, 0);
    const block = trunk.mine({ transactions: entries.map(({ tx }) => tx), fees }).tip;
    expect(running.node.submitBlock(block).status).toBe("connected");
    expect(running.node.mempool.count).toBe(0);
  }

  const count = (page: Page, wanted: number) =>
    page.locator(`[data-mempool-count='${wanted}']`).waitFor();

  test("at height 0 it says that there are no coins yet", async () => {
    await using watched = await openPage(browser, url);
    const { page } = watched;
    await page.getByText("there are no coins yet").waitFor();
    await count(page, 0);
    await takePicture(page, "mempool-height-0");
    await expectSound(watched);
  });

  test("it fills while somebody looks, and is empty again after the block", async () => {
    for (const block of trunk.blocks) running.node.submitBlock(block);
    const split = spend([trunk.coinbaseCoin(1)], { count: COINS, script: ANYONE_BY_WITNESS });
    running.node.submitBlock(trunk.mine({ transactions: [split] }).tip);
    coins = split.outputs.map((_, vout) => coinOf(split, vout));

    await using watched = await openPage(browser, url);
    const { page } = watched;
    await page.getByText("Every transaction is in a block.").waitFor();
    const [low, high] = [pay(300), pay(9_000)];
    accept(low, high);
    await count(page, 2);
    const rows = page.locator("tr[data-txid]");
    await rows.nth(1).waitFor();
    expect(await rows.nth(0).getAttribute("data-txid")).toBe(high.txid);
    expect(await rows.nth(1).getAttribute("data-txid")).toBe(low.txid);
    await rows.nth(0).getByText("Next", { exact: true }).waitFor();
    await page.getByRole("row", { name: /^50 to 100 sat\/vB 1 / }).waitFor({ state: "attached" });

    confirmAll();
    await count(page, 0);
    await page.getByText("Every transaction is in a block.").waitFor();
    await expectSound(watched);
  });

  test("a family is opened in the list, and is gone when it is confirmed", async () => {
    await using watched = await openPage(browser, url);
    const { page } = watched;
    const parent = pay(200);
    const child = spend([coinOf(parent)], { fee: 5_000, script: ANYONE_BY_WITNESS });
    accept(parent, child);
    await count(page, 2);
    const row = (tx: Transaction) => page.locator(`tr[data-txid='${tx.txid}']`);
    await row(child).getByRole("button", { name: "1 before" }).click();
    await page.getByText("Must be confirmed before it").waitFor();
    expect(await page.locator(`li a[href='/tx/${parent.txid}']`).count()).toBe(1);
    await row(parent).getByRole("button", { name: "1 after" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("Spend it").waitFor();
    expect(await page.locator(`li a[href='/tx/${child.txid}']`).count()).toBe(1);
    await expectSound(watched);
    confirmAll();
    await count(page, 0);
  });

  test("pages go down to lower feerates and back, and a list held still stays", async () => {
    accept(...Array.from({ length: 60 }, (_, index) => pay(1_000 + index * 7)));
    await using watched = await openPage(browser, url);
    const { page } = watched;
    await count(page, 60);
    const txids = () =>
      page.locator("tr[data-txid]").evaluateAll((rows) => rows.map((row) => row.dataset.txid));
    await page.locator("tr[data-txid]").nth(24).waitFor();
    const first = await txids();
    await page.getByRole("link", { name: "Lower" }).click();
    await page.getByRole("heading", { name: "Lower feerates" }).waitFor();
    await page.locator("tr[data-txid]").nth(24).waitFor();
    expect(new Set([...first, ...(await txids())]).size).toBe(50);
    await page.getByRole("link", { name: "Highest" }).click();
    await page.getByRole("heading", { name: "Highest feerate first" }).waitFor();
    await page.getByRole("button", { name: "Still" }).click();
    const held = await txids();
    accept(pay(50_000));
    await count(page, 61);
    expect(await txids()).toEqual(held);
    await page.getByRole("button", { name: "Live", exact: true }).click();
    await page.waitForFunction(
      (old) => document.querySelector<HTMLElement>("tr[data-txid]")?.dataset.txid !== old,
      held[0],
    );
    expect(watched.errors).toEqual([]);
    confirmAll();
  });

  test("200 transactions a second leave the page calm", async () => {
    await using watched = await openPage(browser, url);
    const { page } = watched;
    await page.getByText("Every transaction is in a block.").waitFor();
    await page.waitForFunction(() => document.querySelector("[aria-busy]") === null);
    await page.evaluate(() => {
      const seen = { draws: 0, placeholders: 0, longTasks: [] as number[], shifts: 0 };
      Object.assign(globalThis, { seen });
      new MutationObserver(() => {
        seen.draws += 1;
        if (document.querySelector("[aria-busy]") !== null) seen.placeholders += 1;
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) seen.longTasks.push(duration);
      }).observe({ type: "longtask" });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          seen.shifts += (entry as PerformanceEntry & { value: number }).value;
        }
      }).observe({ type: "layout-shift" });
    });
    const total = PER_SECOND * SECONDS;
    const payments = Array.from({ length: total }, (_, index) => pay(200 + ((index * 37) % 5_000)));
    const started = performance.now();
    for (const [index, tx] of payments.entries()) {
      const due = started + (index * 1_000) / PER_SECOND;
      if (due > performance.now()) await Bun.sleep(due - performance.now());
      accept(tx);
    }
    const seconds = (performance.now() - started) / 1_000;
    await count(page, total);
    const seen = await page.evaluate(
      () =>
        (
          globalThis as unknown as {
            seen: { draws: number; placeholders: number; longTasks: number[]; shifts: number };
          }
        ).seen,
    );
    console.log(
      `mempool: ${total} transactions in ${seconds.toFixed(1)} s, ${seen.draws} draws, ` +
        `${seen.longTasks.length} long tasks, ${Math.max(0, ...seen.longTasks).toFixed(0)} ms the ` +
        `longest, layout shift ${seen.shifts.toFixed(3)}`,
    );
    // Nothing that is shown gives way to a placeholder.
    expect(seen.placeholders).toBe(0);
    expect(watched.errors).toEqual([]);
  });

  describe.each(LOOKS)("$name", ({ name, viewport, colorScheme }) => {
    test("has room and contrast", async () => {
      if (running.node.mempool.count < 800) throw new Error("nothing waits");
      await using watched = await openPage(browser, url, { viewport, colorScheme });
      const { page } = watched;
      await page.locator("tr[data-txid]").nth(24).waitFor();
      await page.waitForFunction(() => document.querySelector("[aria-busy]") === null);
      await takePicture(page, `mempool-${name}`);
      await expectSound(watched);
    });
  });
});
