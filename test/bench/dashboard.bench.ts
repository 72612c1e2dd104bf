/**
 * How long it takes from submitting a transaction until the dashboard shows it, in a real browser,
 * while 200 transactions come each second and a hundred clients listen, ten of which never read, and
 * one of which is the page; and how soon the page is there at first.
 *
 * The page is only looked at: what changes in it is noted once it was drawn. The node is a process
 * of its own. `bun test/bench/dashboard.bench.ts` prints it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { findNetwork } from "../../src/consensus/networks.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { formatAddress } from "../../src/primitives/address.ts";
import { encodeTransaction, type Transaction } from "../../src/primitives/transaction.ts";
import { CHROMIUM_PATH, openBrowser } from "../support/browser.ts";
import { askForSocket, LiveListener, type RawSocket } from "../support/live-client.ts";
import { paymentKey } from "../support/payments.ts";
import { FROM_BINARY, FROM_SOURCE, HAS_BINARY, startProcessNode } from "../support/process-node.ts";
import { percentile, until } from "../support/until.ts";
import { mine, post, preparePayments } from "./live.bench.ts";
import { report } from "./measure.ts";

/** Beside the page: more than a hundred the node has no place for. */
const CLIENTS = 99;
const SILENT_CLIENTS = 10;
const TRANSACTIONS_PER_SECOND = 200;
const SECONDS = 10;

/** Transactions that are sent alone, one after the other was seen. */
const LONELY = 10;

/** Milliseconds between two looks at how many transactions are due. */
const STEP_MS = 5;

const FIRST_VISITS = 5;

/** What was seen in the page, with times in milliseconds since 1970. */
interface Seen {
  /** Transactions by the time at which their row was drawn. */
  readonly rows: Record<string, number>;
  /** Counts of the mempool, each with the time at which it was drawn. */
  readonly counts: [count: number, at: number][];
}

/** Measures for about half a minute, and prints a line for each figure. */
export async function run(): Promise<void> {
  if (CHROMIUM_PATH === undefined) {
    console.log("no Chromium was found; install it or set CAIRN_CHROMIUM");
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "cairn-dashboard-"));
  const key = paymentKey();
  const address = formatAddress(key.scriptPubKey, findNetwork("regtest").addressPrefixes) ?? "";
  const argv = ["--network", "regtest", "--no-mine", "--address", address, "--data", folder];
  const node = await startProcessNode(argv, { program: HAS_BINARY ? FROM_BINARY : FROM_SOURCE });
  const browser = await openBrowser();
  try {
    await measureVisits(browser, node.url);
    const count = TRANSACTIONS_PER_SECOND * SECONDS + LONELY;
    const txs = await preparePayments(node, key, count);
    await measureFlow(browser, node.url, txs);
    await measureLonely(browser, node.url, txs.slice(-LONELY), () => mine(node, 1));
  } finally {
    await browser.close();
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** First visits, with nothing remembered: what is drawn when, and how much came. */
async function measureVisits(browser: Browser, url: string): Promise<void> {
  const paints: number[] = [];
  const filled: number[] = [];
  let bytes = 0;
  for (let visit = 0; visit < FIRST_VISITS; visit++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.locator("[data-height]").waitFor();
    const timing = await page.evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
      filled: performance.now(),
      bytes: performance
        .getEntriesByType("resource")
        .filter(({ name }) => name.includes("/assets/"))
        .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize, 0),
    }));
    paints.push(timing.paint);
    filled.push(timing.filled);
    bytes = Math.max(bytes, timing.bytes);
    await context.close();
  }
  report("first visit: something is drawn, p50", percentile(paints, 0.5), "ms");
  report("first visit: the node's state is drawn, p50", percentile(filled, 0.5), "ms");
  report("scripts and styles of the overview, compressed", bytes / 1_000, "kB");
}

async function measureFlow(
  browser: Browser,
  url: string,
  txs: readonly Transaction[],
): Promise<void> {
  const port = Number(new URL(url).port);
  const readers = await Promise.all(
    Array.from({ length: CLIENTS - SILENT_CLIENTS }, () =>
      LiveListener.connect(port, "transactions", "mempool"),
    ),
  );
  const silent: RawSocket[] = [];
  for (let count = 0; count < SILENT_CLIENTS; count++) {
    const raw = await askForSocket(port);
    raw.send('{"op":"subscribe","topics":["transactions","blocks","mempool","stats","mining"]}');
    silent.push(raw);
  }
  const page = await openWatched(browser, url);
  const sentAt = await submitAll(url, txs.slice(0, -LONELY));
  const times = [...sentAt.values()];
  await until("the page shows all", async () => {
    return (await readSeen(page)).counts.some(([count]) => count >= times.length);
  });
  const { rows, counts } = await readSeen(page);
  // The first count that includes it: those before it are as many as were sent before.
  const byCount = times.map((at, index) => {
    return (counts.find(([count]) => count > index)?.[1] ?? Number.NaN) - at;
  });
  const byRow = Object.entries(rows).flatMap(([txid, at]) => {
    const sent = sentAt.get(txid);
    return sent === undefined ? [] : [at - sent];
  });
  reportDelays("200/s: from the request to the count", byCount);
  reportDelays("200/s: from the request to the row", byRow);
  report("200/s: rows that were drawn", byRow.length, "");
  await page.context().close();
  await Promise.all(readers.map((reader) => reader.close()));
  for (const raw of silent) raw[Symbol.dispose]();
}

/** One transaction at a time, when nothing else happens. */
async function measureLonely(
  browser: Browser,
  url: string,
  txs: readonly Transaction[],
  empty: () => Promise<void>,
): Promise<void> {
  await empty();
  const page = await openWatched(browser, url);
  const delays: number[] = [];
  for (const tx of txs) {
    const sentAt = now();
    await submit(url, tx);
    const seenAt = await until("its row", async () => (await readSeen(page)).rows[tx.txid]);
    delays.push(seenAt - sentAt);
  }
  reportDelays("alone: from the request to the row", delays);
  await page.context().close();
}

function reportDelays(name: string, delays: readonly number[]): void {
  report(`${name}, p50`, percentile(delays, 0.5), "ms");
  report(`${name}, p95`, percentile(delays, 0.95), "ms");
}

/** Opens the overview, and notes each row and count once it was drawn. */
async function openWatched(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    const seen: Seen = { rows: {}, counts: [] };
    Object.assign(globalThis, { seen });
    const look = () => {
      const at = performance.timeOrigin + performance.now();
      for (const link of document.querySelectorAll('a[href^="/tx/"]')) {
        const txid = link.getAttribute("href")?.slice(4) ?? "";
        seen.rows[txid] ??= at;
      }
      for (const term of document.querySelectorAll("dt")) {
        if (term.textContent !== "Mempool") continue;
        const shown = term.parentElement?.querySelector("dd span")?.textContent ?? "";
        const count = Number(shown.replaceAll(/\D/g, ""));
        if (seen.counts.at(-1)?.[0] !== count) seen.counts.push([count, at]);
      }
    };
    let isDue = false;
    new MutationObserver(() => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        look();
      });
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto(url);
  await page.locator("[data-connection='live']").waitFor();
  await page
    .getByRole("table", { name: "Transactions in the mempool" })
    .or(page.getByText("No transaction waits"))
    .first()
    .waitFor();
  return page;
}

function readSeen(page: Page): Promise<Seen> {
  return page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);
}

/** Submits `txs` one by one, as many a second as are to come; returns when each was sent. */
async function submitAll(url: string, txs: readonly Transaction[]): Promise<Map<string, number>> {
  const startedAt = performance.now();
  const sentAt = new Map<string, number>();
  const pending: Promise<void>[] = [];
  while (pending.length < txs.length) {
    const due = ((performance.now() - startedAt) / 1_000) * TRANSACTIONS_PER_SECOND;
    for (const tx of txs.slice(pending.length, Math.ceil(due))) {
      sentAt.set(tx.txid, now());
      pending.push(submit(url, tx));
    }
    await Bun.sleep(STEP_MS);
  }
  await Promise.all(pending);
  report("transactions submitted", (txs.length / (performance.now() - startedAt)) * 1_000, "/s");
  return sentAt;
}

function submit(url: string, tx: Transaction): Promise<void> {
  return post({ url }, "/api/transactions", { hex: toHex(encodeTransaction(tx)) });
}

/** Milliseconds since 1970, finer than the clock on the wall. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

if (import.meta.main) await run();
