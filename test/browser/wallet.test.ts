/**
 * A wallet in the dashboard, from its first word to its removal, on two real nodes: made, paid,
 * paying, seen on the other node, unlocked for a while, restored.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import {
  hasBrowser,
  openBrowser,
  openPage,
  takePicture,
  type WatchedPage,
} from "../support/browser.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";
import { until } from "../support/until.ts";
import { ask, expectSound } from "../support/wallet-pages.ts";

/** Milliseconds in which a page must have done what it was asked. */
const PATIENCE_MS = 8_000;

const PASSWORD = "five quiet lamps on a hill";

describe.skipIf(!hasBrowser())("wallet", () => {
  const directories: string[] = [];
  let browser: Browser;
  let node: ProcessNode;
  let other: ProcessNode;
  let words: string[] = [];

  function start(...argv: string[]): Promise<ProcessNode> {
    const directory = mkdtempSync(join(tmpdir(), "cairn-browser-"));
    directories.push(directory);
    return startProcessNode(["--network", "regtest", "--data", directory, ...argv]);
  }

  beforeAll(async () => {
    browser = await openBrowser();
    node = await start();
    other = await start("--peer", `127.0.0.1:${node.p2pPort}`);
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([node?.stop(), other?.stop()]);
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });

  async function open(path: string): Promise<WatchedPage> {
    const watched = await openPage(browser, node.url + path);
    watched.page.setDefaultTimeout(PATIENCE_MS);
    return watched;
  }

  async function fillNewPassword(page: Page, password: string): Promise<void> {
    await page.getByLabel("New password").fill(password);
    await page.getByLabel("The same again").fill(password);
  }

  function walletOf(name: string) {
    return ask(node.url, "GET", `/api/wallets/${name}`);
  }

  test("K-01: a new wallet is made of words that were written down, and shown only then", async () => {
    await using watched = await open("/wallet");
    const { page } = watched;
    const sent: string[] = [];
    page.on("request", (request) => sent.push(`${request.method()} ${request.url()}`));
    await page.getByText("This node holds no wallet yet").waitFor();
    await expectSound(watched);
    await page.getByRole("link", { name: "New wallet" }).click();
    const list = page.getByRole("list", { name: "The words" });
    // They come with the list of all words, which is loaded now.
    await list.getByRole("listitem").nth(23).waitFor();
    words = (await list.getByRole("listitem").allTextContents()).map((text) =>
      text.replace(/[\d\s]+/g, ""),
    );
    expect(words).toHaveLength(24);
    await takePicture(page, "wallet-words");
    await expectSound(watched);

    await page.getByRole("button", { name: "I have written them down" }).click();
    const answer = async (wordAt: (position: number) => string) => {
      for (const field of await page.getByLabel(/^Word \d+$/).all()) {
        const label = await field.evaluate(
          (element) => (element as HTMLInputElement).labels?.[0]?.textContent,
        );
        await field.fill(wordAt(Number(label?.replace(/\D/g, "")) - 1));
      }
      await page.getByRole("button", { name: "Continue" }).click();
    };
    await answer(() => "zebra-crossing");
    await page.getByText("That is not what was shown").waitFor();
    await takePicture(page, "wallet-words-asked");
    await expectSound(watched);
    await answer((position) => words[position] ?? "");

    await page.getByLabel("Name", { exact: true }).fill("savings");
    await page.getByLabel("New password").fill(PASSWORD);
    await page.getByLabel("The same again").fill("another");
    await page.getByText("This is another password.").waitFor();
    expect(await page.getByRole("button", { name: "Make the wallet" }).isDisabled()).toBeTrue();
    await fillNewPassword(page, PASSWORD);
    // None of them is in the page any more.
    const text = await page.evaluate(() => document.documentElement.outerHTML);
    expect(
      words.filter((word) => new RegExp(`\\b${word}\\b`).test(text) && word.length > 7),
    ).toEqual([]);
    await takePicture(page, "wallet-password");
    await expectSound(watched);
    await page.getByRole("button", { name: "Make the wallet" }).click();
    await page.waitForURL(`${node.url}/wallet/savings`);
    await page.getByText("Nothing came or went yet").waitFor();
    await expectSound(watched);
    expect((await walletOf("savings")).kind).toBe("encrypted");
    expect(
      sent.filter((request) => words.some((word) => word.length > 4 && request.includes(word))),
    ).toEqual([]);
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0]);
  });

  test("an address is shown as text and as a code, and what is paid to it arrives in the open page", async () => {
    await using watched = await open("/wallet/savings/receive");
    const { page } = watched;
    const shown = page.locator("[data-address]");
    const first = await shown.getAttribute("data-address");
    await page.getByRole("img", { name: `The address ${first} as a code` }).waitFor();
    await page.getByLabel("What the next one is for").fill("rent <b>");
    await page.getByRole("button", { name: "New address" }).click();
    await page.getByText("For rent <b>").waitFor();
    const address = (await shown.getAttribute("data-address")) ?? "";
    expect(address).not.toBe(first);
    await takePicture(page, "wallet-receive");
    await expectSound(watched);

    await page.getByRole("link", { name: "Balance" }).click();
    await ask(node.url, "POST", "/api/mine", { blocks: 1, address });
    await page.getByRole("table").getByText("Mined").first().waitFor();
    await ask(node.url, "POST", "/api/mine", { blocks: 110 });
    await until("coins", async () => (await walletOf("savings")).balance.spendable > 0);
    await page.reload();
    await page.getByText("by a payment now").waitFor();
    await takePicture(page, "wallet-overview");
    await expectSound(watched);
  });

  test("a payment is looked at, confirmed with the password, and seen to confirm on another node", async () => {
    const target = await ask(other.url, "POST", "/api/wallets", {
      name: "shop",
      password: PASSWORD,
    });
    await ask(node.url, "PUT", "/api/contacts/Shop", { address: target.receiveAddress });
    await using watched = await open("/wallet/savings/send");
    const { page } = watched;
    await page.getByRole("button", { name: "Look at the payment" }).click();
    await page.getByText("Say who is paid.").waitFor();
    await page.getByLabel("To", { exact: true }).fill("Shop");
    await page.getByLabel("Amount", { exact: true }).fill("1.000000001");
    await page.getByRole("button", { name: "Look at the payment" }).click();
    await page.getByText("An amount in coins, with at most 8 decimals.").waitFor();
    await page.getByLabel("Amount", { exact: true }).fill("1.25");
    await page.getByText("More choices").click();
    await takePicture(page, "wallet-send");
    await expectSound(watched);
    await page.getByRole("button", { name: "Look at the payment" }).click();
    await page.waitForURL(/\/wallet\/savings\/send\/.+/);
    await page.reload();
    await page.getByText("Leaves this wallet").waitFor();
    await page.getByText("Shop", { exact: true }).waitFor();
    await takePicture(page, "wallet-preview");
    await expectSound(watched);

    await page.getByLabel("Password of savings").fill("wrong");
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page
      .getByRole("alert")
      .getByText(/wrong password/i)
      .waitFor();
    await page.getByLabel("Password of savings").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page.locator("[data-payment-state='waiting']").waitFor();
    await takePicture(page, "wallet-sent");
    const wallet = await ask(node.url, "GET", "/api/wallets/savings/transactions");
    const { txid } = wallet.transactions[0];

    await using elsewhere = await openPage(browser, other.url);
    await elsewhere.page.getByRole("link", { name: "Wallet" }).click();
    await elsewhere.page.getByRole("link", { name: "shop" }).click();
    await elsewhere.page.getByText("Waits for a block", { exact: true }).waitFor();
    await ask(node.url, "POST", "/api/mine", { blocks: 1 });
    await elsewhere.page.getByText("Confirmed", { exact: true }).last().waitFor();
    await page.locator("[data-payment-state='confirmed']").waitFor();
    expect((await ask(other.url, "GET", `/api/transactions/${txid}`)).status).toBe("confirmed");
    expect((await ask(other.url, "GET", "/api/wallets/shop")).balance.confirmed).toBe(125_000_000);
    await expectSound(watched);
  });

  test("an unlocked wallet asks for no password until it is locked, and a reload locks the page", async () => {
    await using watched = await open("/wallet/savings/send");
    const { page } = watched;
    const unlock = async (span: string) => {
      await page.getByRole("button", { name: "Unlock for a while" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await dialog.getByRole("button", { name: span }).click();
      await takePicture(page, "wallet-unlock");
      await expectSound(watched);
      await dialog.getByRole("button", { name: "Unlock", exact: true }).click();
      await page.locator("[data-unlocked]").waitFor();
    };
    await unlock("1 min");
    const left = page.locator("[data-unlocked]");
    const before = await left.textContent();
    await page.waitForFunction(
      (text) => document.querySelector("[data-unlocked]")?.textContent !== text,
      before,
    );
    await page.getByLabel("To", { exact: true }).fill("Shop");
    await page.getByLabel("Amount", { exact: true }).fill("0.5");
    await page.getByRole("button", { name: "Look at the payment" }).click();
    await page.getByText(/no password is needed/).waitFor();
    await takePicture(page, "wallet-preview-unlocked");
    await expectSound(watched);
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page.locator("[data-payment-state='waiting']").waitFor();
    await page.getByRole("button", { name: "Lock", exact: true }).click();
    await page.getByRole("button", { name: "Unlock for a while" }).waitFor();
    await unlock("5 min");
    const kept = await page.evaluate(() => [
      JSON.stringify(localStorage),
      JSON.stringify(sessionStorage),
      location.href,
      document.cookie,
    ]);
    expect(kept.join(" ")).not.toMatch(/[0-9a-f]{64}/);
    await page.reload();
    await page.getByRole("button", { name: "Unlock for a while" }).waitFor();
    expect(await page.locator("[data-unlocked]").count()).toBe(0);
    await ask(node.url, "POST", "/api/wallets/savings/lock", {});
  });

  test("what waits is bumped from the history, and the first is told to be replaced", async () => {
    await using watched = await open("/wallet/savings/history");
    const { page } = watched;
    await page.getByRole("button", { name: "Hurry" }).first().click();
    await takePicture(page, "wallet-hurry");
    await expectSound(watched);
    await page.getByRole("button", { name: "Pay a higher fee" }).click();
    await page.getByText("Takes the place of").waitFor();
    await page.getByLabel("Password of savings").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page.locator("[data-payment-state='waiting']").waitFor();
    await page.getByRole("link", { name: "History" }).first().click();
    await page.getByText("Another took its place").first().waitFor();
    await takePicture(page, "wallet-history");
    await expectSound(watched);
    await page.getByRole("button", { name: "Hurry" }).first().click();
    await page.getByRole("button", { name: "Take it back" }).click();
    await page.getByText("Nobody: the coins go back to this wallet").waitFor();
    await page.getByRole("button", { name: "Cancel the payment" }).click();
    await page.waitForURL(`${node.url}/wallet/savings/send`);
    await ask(node.url, "POST", "/api/mine", { blocks: 1 });
  });

  test("a prepared payment holds its coins until it is cancelled", async () => {
    await using watched = await open("/wallet/savings/send");
    const { page } = watched;
    await page.getByLabel("To", { exact: true }).fill("Shop");
    await page.getByLabel("All that is left").check();
    await page.getByRole("button", { name: "Look at the payment" }).click();
    await page.getByText("Leaves this wallet").waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Prepared and not confirmed" }).waitFor();
    await takePicture(page, "wallet-drafts");
    await expectSound(watched);
    expect((await walletOf("savings")).balance.reserved).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page
      .getByRole("heading", { name: "Prepared and not confirmed" })
      .waitFor({ state: "detached" });
    expect((await walletOf("savings")).balance.reserved).toBe(0);
  });

  test("a message is signed, and verified by whoever has it", async () => {
    await using watched = await open("/wallet/savings/signing");
    const { page } = watched;
    await page.getByLabel("Message", { exact: true }).fill("it was me");
    await page.getByLabel("Password of savings").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign the message" }).click();
    const signature = await page.locator("[data-signature] .font-mono").textContent();
    const address = await page.getByLabel("By the key of").inputValue();
    await page.getByLabel("Address", { exact: true }).fill(address);
    await page.getByLabel("Message to verify").fill("it was me");
    await page.getByLabel("Signature", { exact: true }).fill(signature ?? "");
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("Signed by this address", { exact: true }).waitFor();
    await takePicture(page, "wallet-signing");
    await page.getByLabel("Message to verify").fill("it was you");
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("Not signed by this address").waitFor();
    await expectSound(watched);
  });

  test("a password is changed, and a wallet removed only by its name", async () => {
    await using watched = await open("/wallet/savings/settings");
    const { page } = watched;
    await page.getByLabel("Password as it is").fill(PASSWORD);
    await fillNewPassword(page, `${PASSWORD}s`);
    await takePicture(page, "wallet-settings");
    await expectSound(watched);
    await page.getByRole("button", { name: "Change the password" }).click();
    await page.getByText("The password is changed.").waitFor();
    const remove = page.getByRole("button", { name: "Remove the wallet" });
    expect(await remove.isDisabled()).toBeTrue();
    await page.getByLabel("Type savings to confirm").fill("savings");
    await remove.click();
    await page.waitForURL(`${node.url}/wallet`);
    await page.getByText("This node holds no wallet yet").waitFor();
  });

  test("the words bring the wallet back, and words that do not belong together are refused", async () => {
    await using watched = await open("/wallet?add=words");
    const { page } = watched;
    const field = page.getByLabel("The words of the wallet");
    await field.fill([...words.slice(1), "zzz"].join(" "));
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Word 24 is not in the list of words.").waitFor();
    await takePicture(page, "wallet-restore");
    await expectSound(watched);
    await field.fill(words.map((word, index) => `${index + 1}. ${word.toUpperCase()}`).join("\n"));
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Name", { exact: true }).fill("again");
    await fillNewPassword(page, PASSWORD);
    await page.getByRole("button", { name: "Make the wallet" }).click();
    await page.waitForURL(`${node.url}/wallet/again`);
    await page.getByRole("table").getByText("Mined").first().waitFor();
    expect((await walletOf("again")).balance.confirmed).toBeGreaterThan(0);
    await expectSound(watched);
  });

  test("a descriptor is watched, and its payments go out as PSBTs to be signed elsewhere", async () => {
    const { descriptor } = await walletOf("again");
    await using watched = await open("/wallet?add=watch");
    const { page } = watched;
    await page.getByLabel("Name", { exact: true }).fill("window");
    await page.getByLabel("Descriptor, account key or address").fill(descriptor);
    await takePicture(page, "wallet-watch");
    await expectSound(watched);
    await page.getByRole("button", { name: "Watch", exact: true }).click();
    await page.waitForURL(`${node.url}/wallet/window`);
    await page.getByRole("link", { name: "Send", exact: true }).click();
    await page.getByLabel("To", { exact: true }).fill("Shop");
    await page.getByLabel("Amount", { exact: true }).fill("0.1");
    await page.getByRole("button", { name: "Look at the payment" }).click();
    const psbt = await page.getByLabel("PSBT", { exact: true }).inputValue();
    const signed = await ask(node.url, "POST", "/api/wallets/again/psbt", {
      psbt,
      password: PASSWORD,
    });
    await page.getByLabel("The same, signed elsewhere").fill(signed.psbt);
    await takePicture(page, "wallet-psbt");
    await expectSound(watched);
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page.locator("[data-payment-state='waiting']").waitFor();
  });
});
