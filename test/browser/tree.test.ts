/**
 * The block tree in a real browser on a real node: a fork seen as it happens, the reorganisation
 * after it, what breaks a rule, and a thousand heights with fifty forks.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import type { Block } from "../../src/primitives/block.ts";
import {
  expectSound,
  hasBrowser,
  LOOKS,
  openBrowser,
  openPage,
  takePicture,
} from "../support/browser.ts";
import { ANYONE_BY_WITNESS, Branch, QUICK, spend } from "../support/chain-builder.ts";
import { forkedChain, minedBy } from "../support/forked-chain.ts";
import {
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";
import { percentile } from "../support/until.ts";

/** Rows in the page at once at most, however many blocks there are. */
const MOST_ROWS = 150;

describe.skipIf(!hasBrowser())("block tree", () => {
  let browser: Browser;
  let running: RunningNode;
  let api: RunningApi;
  let url: string;
  /** The active chain as it grows from test to test. */
  let trunk: Branch;

  beforeAll(async () => {
    browser = await openBrowser();
    running = await startTestNode({ network: QUICK });
    api = await startTestApi(running.node);
    url = `${api.server.url}/tree`;
    trunk = new Branch(QUICK);
  });

  afterAll(async () => {
    await browser?.close();
    await api?.[Symbol.asyncDispose]();
    await running?.[Symbol.asyncDispose]();
  });

  function offer(blocks: readonly Block[]): string[] {
    return blocks.map((block) => running.node.submitBlock(block).status);
  }

  const row = (page: Page, { hash }: Block) => page.locator(`a[href='/block/${hash}']`).first();
  const rowAs = (page: Page, { hash }: Block, status: string) =>
    page.locator(`ol a[href='/block/${hash}'][data-status='${status}']`);

  test("at height 0 there is the root of the tree, and a word of what comes", async () => {
    await using watched = await openPage(browser, url);
    const { page } = watched;
    await page.getByText("Only the genesis block so far").waitFor();
    await page.getByText("None since this node began").waitFor();
    await page.getByText("One chain, no branches").waitFor();
    expect(await page.locator("ol a").count()).toBe(1);
    await takePicture(page, "tree-height-0");
    await expectSound(watched);
  });

  test("a fork and the reorganisation after it are seen as they happen", async () => {
    await using watched = await openPage(browser, url);
    const { page } = watched;
    await page.getByText("Only the genesis block so far").waitFor();
    for (let count = 0; count < 8; count++) {
      const coinbaseOutputs = [{ value: 5_000_000_000, scriptPubKey: ANYONE_BY_WITNESS }];
      trunk.mine({ ...minedBy(trunk, "alpha"), coinbaseOutputs });
    }
    offer(trunk.blocks);
    await rowAs(page, trunk.tip, "active").waitFor();

    const payment = (height: number) =>
      spend([trunk.coinbaseCoin(height)], { fee: 1_000, script: ANYONE_BY_WITNESS });
    const [both, displaced] = [payment(1), payment(2)];
    const rival = trunk.fork();
    trunk.mine({ transactions: [both, displaced], fees: 2_000 });
    rival.mine(minedBy(rival, "beta"));
    expect(offer([trunk.tip, rival.tip])).toEqual(["connected", "side-branch"]);
    const left = trunk.tip;
    await rowAs(page, left, "active").waitFor();
    await rowAs(page, rival.tip, "side-branch").waitFor();
    await page.getByText("1 branch off the active chain").waitFor();

    rival.mine({ transactions: [both], fees: 1_000 });
    offer([rival.tip]);
    await rowAs(page, left, "stale").waitFor();
    await rowAs(page, rival.tip, "active").waitFor();
    await page.locator("[data-reorg='1']").waitFor();
    await page
      .getByText("Transactions: 1 back in the mempool, 1 confirmed again.")
      .first()
      .waitFor();
    expect(await page.getByRole("status").allTextContents()).toContainEqual(
      expect.stringContaining("Reorganisation: 1 block replaced, the new tip has height 10."),
    );
    trunk = rival;
    await expectSound(watched);
  });

  test("who opens the page later is told of it, too", async () => {
    await using watched = await openPage(browser, url);
    await watched.page.locator("[data-reorg='1']").waitFor();
    expect(watched.errors).toEqual([]);
  });

  test("a branch that breaks a rule is there with the reason", async () => {
    await using watched = await openPage(browser, url);
    const { page } = watched;
    await row(page, trunk.tip).waitFor();
    const bad = trunk.fork(1);
    bad.mine({ ...minedBy(bad, "greedy"), fees: 1 });
    const first = bad.tip;
    bad.mine(minedBy(bad, "greedy"));
    expect(offer([first, bad.tip])).toEqual(["side-branch", "invalid"]);
    await rowAs(page, first, "invalid").waitFor();
    const branch = page.getByRole("list", { name: "Branches" }).getByRole("listitem");
    const greedy = branch.filter({ hasText: "greedy" });
    await greedy.getByText("Invalid").waitFor();
    const tree = (await (await api.fetch("/api/tree")).json()) as {
      blocks: { hash: string; reason: { code: string; detail: string } | null }[];
    };
    const reason = tree.blocks.find(({ hash }) => hash === first.hash)?.reason;
    expect(reason?.code).toBe("bad-cb-amount");
    await greedy.getByText(reason?.detail ?? "?").waitFor();
    await expectSound(watched);
  });

  test("keys alone lead to a block, and the same is there as a table", async () => {
    await using watched = await openPage(browser, url);
    const { page } = watched;
    await row(page, trunk.tip).waitFor();
    await page.getByRole("button", { name: "Table" }).focus();
    await page.keyboard.press("Tab");
    const isInTree = () =>
      page.evaluate(() => document.activeElement?.closest("ol[aria-label^='Blocks']") !== null);
    expect(await isInTree()).toBeTrue();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/block\/[0-9a-f]{64}$/);
    await page.goBack();
    await page.getByRole("button", { name: "Table" }).click();
    const table = page.getByRole("table", { name: "Blocks of all branches" });
    await table.waitFor();
    // Genesis and eleven above it, two that were left or are rivals, and one beyond the tip's rules.
    const tree = (await (await api.fetch("/api/tree?depth=50")).json()) as { blocks: unknown[] };
    expect(await table.getByRole("row").count()).toBe(tree.blocks.length + 1);
    await page.reload();
    await table.waitFor();
    await expectSound(watched);
  });

  describe("with forks of all fates", () => {
    let big: RunningNode;
    let bigApi: RunningApi;
    let bigUrl: string;

    beforeAll(async () => {
      big = await startTestNode({ network: QUICK });
      bigApi = await startTestApi(big.node);
      bigUrl = `${bigApi.server.url}/tree`;
      for (const block of forkedChain({ heights: 1_000, forks: 50 })) big.node.submitBlock(block);
    }, 120_000);

    afterAll(async () => {
      await bigApi?.[Symbol.asyncDispose]();
      await big?.[Symbol.asyncDispose]();
    });

    test("a thousand heights scroll smoothly, and only what is in sight is drawn", async () => {
      await using watched = await openPage(browser, `${bigUrl}?depth=1000`);
      const { page } = watched;
      const started = performance.now();
      await page.locator("ol a").first().waitFor();
      const shownMs = performance.now() - started;
      const tree = (await (await bigApi.fetch("/api/tree?depth=1000")).json()) as {
        blocks: { status: string }[];
      };
      expect(tree.blocks.filter(({ status }) => status === "active")).toHaveLength(1_000);
      expect(new Set(tree.blocks.map(({ status }) => status)).size).toBe(4);
      const measured = await measureScroll(page);
      const gap = (share: number) => percentile(measured.gaps, share).toFixed(0);
      console.log(
        `tree of ${tree.blocks.length} blocks: shown after ${shownMs.toFixed(0)} ms; ` +
          `${measured.gaps.length} frames, gaps of ${gap(0.5)} ms median, ${gap(0.95)} ms at 95 %, ` +
          `${gap(1)} ms at most; ${measured.longTasks.length} long tasks, ` +
          `${Math.max(0, ...measured.longTasks).toFixed(0)} ms the longest; ` +
          `${measured.mostRows} rows at once`,
      );
      expect(measured.mostRows).toBeLessThan(MOST_ROWS);
      expect(measured.emptyFrames).toBe(0);
      const genesisSide = page.locator("ol a").last();
      await genesisSide.waitFor();
      expect(await page.locator("ol li").last().getAttribute("aria-posinset")).toBe(
        String(tree.blocks.length),
      );
      await expectSound(watched);
    });

    test("a branch far down is brought into sight, and what is read stays when blocks come", async () => {
      await using watched = await openPage(browser, `${bigUrl}?depth=1000`);
      const { page } = watched;
      await page.locator("ol a").first().waitFor();
      await page.getByRole("button", { name: /^Show all .* Branches/ }).click();
      const list = page.getByRole("list", { name: "Branches" });
      const branch = list.getByRole("listitem").nth(25);
      const href = await branch.getByRole("link").getAttribute("href");
      await branch.getByRole("button").click();
      const target = page.locator(`ol a[href='${href}']`);
      await target.waitFor();
      const top = () => target.evaluate((element) => element.getBoundingClientRect().top);
      await page.waitForFunction((wanted) => {
        const found = document.querySelector(`ol a[href='${wanted}']`);
        const { top: y = -1 } = found?.getBoundingClientRect() ?? {};
        return y > 0 && y < innerHeight;
      }, href);
      const before = await top();
      const tip = big.node.chain.tip.height;
      await big.node.miner.mine(2, running.key.scriptPubKey);
      await page.getByText(`to ${(tip + 2).toLocaleString("en")} `).waitFor();
      expect(Math.abs((await top()) - before)).toBeLessThan(2);
      expect(watched.errors).toEqual([]);
    });
  });

  describe("in every look", () => {
    let small: RunningNode;
    let smallApi: RunningApi;

    beforeAll(async () => {
      small = await startTestNode({ network: QUICK });
      smallApi = await startTestApi(small.node);
      for (const block of forkedChain({ heights: 28, forks: 8 })) small.node.submitBlock(block);
    });

    afterAll(async () => {
      await smallApi?.[Symbol.asyncDispose]();
      await small?.[Symbol.asyncDispose]();
    });

    describe.each(LOOKS)("$name", ({ name, viewport, colorScheme }) => {
      test.each(["tree", "table"])("as a %s has room and contrast", async (form) => {
        const link = `${smallApi.server.url}/tree?as=${form}`;
        await using watched = await openPage(browser, link, { viewport, colorScheme });
        const { page } = watched;
        await page
          .locator(form === "tree" ? "ol a" : "table.rows")
          .first()
          .waitFor();
        await page.getByRole("heading", { level: 2 }).first().waitFor();
        await takePicture(page, `tree-${form}-${name}`);
        await expectSound(watched);
      });
    });
  });
});

/** Scrolls through the whole page by a wheel, and looks at every frame meanwhile. */
async function measureScroll(page: Page) {
  await page.evaluate(() => {
    const seen = {
      gaps: [] as number[],
      longTasks: [] as number[],
      mostRows: 0,
      emptyFrames: 0,
      isOver: false,
    };
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.longTasks.push(duration);
    }).observe({ type: "longtask" });
    let last = performance.now();
    const look = (now: number) => {
      seen.gaps.push(now - last);
      last = now;
      const rows = [...document.querySelectorAll("ol[aria-label^='Blocks'] li")];
      seen.mostRows = Math.max(seen.mostRows, rows.length);
      // The first and the last tell of all between them, at little cost to what is measured.
      const top = rows[0]?.getBoundingClientRect().top ?? innerHeight;
      const bottom = rows.at(-1)?.getBoundingClientRect().bottom ?? 0;
      const isSeen = top < innerHeight && bottom > 0;
      if (!isSeen) seen.emptyFrames += 1;
      if (!seen.isOver) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.mouse.move(300, 700);
  const isAtEnd = () =>
    page.evaluate(() => scrollY + innerHeight >= document.documentElement.scrollHeight - 2);
  while (!(await isAtEnd())) await page.mouse.wheel(0, 600);
  return await page.evaluate(() => {
    const { seen } = globalThis as unknown as {
      seen: {
        gaps: number[];
        longTasks: number[];
        mostRows: number;
        emptyFrames: number;
        isOver: boolean;
      };
    };
    seen.isOver = true;
    return seen;
  });
}
