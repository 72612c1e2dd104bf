/**
 * A real browser on the dashboard: pages that note every error and every host they ask, accessibility
 * as axe sees it, pictures to look at.
 *
 * Chromium as the system has it, or at CAIRN_CHROMIUM; tests that need one are skipped where there is
 * none, except under CI, where that is a failure.
 */

import { expect } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const WELL_KNOWN_PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** No sandbox, as in containers; nothing that asks other machines by itself. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** Where Chromium is; undefined if it is nowhere. */
export const CHROMIUM_PATH =
  process.env.CAIRN_CHROMIUM ?? WELL_KNOWN_PATHS.find((path) => existsSync(path));

/** Folder for pictures of what the tests saw; none are taken without. */
const PICTURES = process.env.CAIRN_SCREENSHOTS;

/** True if tests in a browser can run here; throws under CI if they cannot. */
export function hasBrowser(): boolean {
  if (CHROMIUM_PATH !== undefined) return true;
  if (process.env.CI) throw new Error("no Chromium was found; install it or set CAIRN_CHROMIUM");
  console.log("browser tests: no Chromium was found; install it or set CAIRN_CHROMIUM");
  return false;
}

/** The sizes at which pages are looked at. */
export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

const ALL_LOOKS = [
  { name: "wide-light", viewport: WIDE, colorScheme: "light" },
  { name: "phone-dark", viewport: PHONE, colorScheme: "dark" },
  { name: "wide-dark", viewport: WIDE, colorScheme: "dark" },
  { name: "phone-light", viewport: PHONE, colorScheme: "light" },
] as const;

/** How every page is looked at: both sizes and both themes once; each with each for pictures. */
export const LOOKS = PICTURES === undefined ? ALL_LOOKS.slice(0, 2) : ALL_LOOKS;

/** What the browser itself writes of a live line that could not be opened; the page copes with it. */
const NO_LINE = /^WebSocket connection to '[^']*\/ws' failed/;

/** How a page is opened. */
export interface PageOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: "light" | "dark";
  /** What is done to the window before anything is asked for. */
  readonly prepare?: (context: BrowserContext) => Promise<void>;
}

/** An open page, and what it did that it should not have. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors in the console and exceptions, as text. */
  readonly errors: string[];
  /** Every host that was asked for anything. */
  readonly hosts: Set<string>;
  /** Dialogs that were opened by a script: always a fault, or an attack that went through. */
  readonly dialogs: string[];
}

/** Starts Chromium, with further `flags` if a test is about them. */
export function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM_PATH ?? "", args: [...FLAGS, ...flags] });
}

/** Opens `url` in a window of its own, with nothing remembered from others. */
export async function openPage(
  browser: Browser,
  url: string,
  { viewport = WIDE, colorScheme = "light", prepare }: PageOptions = {},
): Promise<WatchedPage> {
  const context: BrowserContext = await browser.newContext({
    viewport,
    colorScheme,
    // What is animated would be another picture each time.
    reducedMotion: "reduce",
  });
  await prepare?.(context);
  const page = await context.newPage();
  const watched = {
    page,
    errors: [] as string[],
    hosts: new Set<string>(),
    dialogs: [] as string[],
    [Symbol.asyncDispose]: () => context.close(),
  };
  page.on("console", (message) => {
    if (message.type() !== "error" || NO_LINE.test(message.text())) return;
    watched.errors.push(message.text());
  });
  page.on("pageerror", (error) => watched.errors.push(String(error)));
  page.on("request", (request) => watched.hosts.add(new URL(request.url()).host));
  page.on("websocket", (socket) => watched.hosts.add(new URL(socket.url()).host));
  page.on("dialog", (dialog) => {
    watched.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(url);
  return watched;
}

/** Has a node mine `blocks` blocks, and waits for them. */
export async function mineBlocks({ url }: { readonly url: string }, blocks: number): Promise<void> {
  const response = await fetch(`${url}/api/mine`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ blocks }),
  });
  expect(response.status).toBe(200);
}

/** The card of a page that has this title. */
export function findCard(page: Page, name: string) {
  return page.getByRole("region", { name, exact: true });
}

/** Returns what axe finds grave about the page: `rule: element`, each. */
export async function findBarriers(page: Page): Promise<string[]> {
  // Evaluated through the debugger, which the page's content policy does not bind.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe: engine } = globalThis as unknown as { axe: typeof axe };
    return (await engine.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** True if nothing has to be scrolled sideways. */
export function fitsWidth(page: Page): Promise<boolean> {
  return page.evaluate(
    () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
  );
}

/** Expects what every page must hold, whatever it shows. */
export async function expectSound({ page, errors, hosts, dialogs }: WatchedPage): Promise<void> {
  expect(await findBarriers(page)).toEqual([]);
  expect(await fitsWidth(page)).toBeTrue();
  expect(errors).toEqual([]);
  expect(dialogs).toEqual([]);
  expect([...hosts]).toEqual([new URL(page.url()).host]);
}

/** Leaves a picture of the whole page in the folder CAIRN_SCREENSHOTS, if that is set. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
