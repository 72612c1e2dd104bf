/**
 * Wallets of a development network in the dashboard: the faucet, contracts of two parties, the address
 * book, text that attacks, and every page in every look.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import {
  hasBrowser,
  LOOKS,
  openBrowser,
  openPage,
  type PageOptions,
  takePicture,
  type WatchedPage,
} from "../support/browser.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";
import { ask, expectSound } from "../support/wallet-pages.ts";

/** Milliseconds in which a page must have done what it was asked. */
const PATIENCE_MS = 8_000;

const ATTACK = "<img src=x onerror=alert(1)>";

describe.skipIf(!hasBrowser())("wallets of a development network", () => {
  let browser: Browser;
  let node: ProcessNode;
  let directory: string;
  /** Of the contract that alice and bob share. */
  let contract = "";

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cairn-browser-"));
    browser = await openBrowser();
    node = await startProcessNode(["--dev", "--dev-mine", "manual", "--data", directory]);
  });

  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function open(path: string, options: PageOptions = {}): Promise<WatchedPage> {
    const watched = await openPage(browser, node.url + path, options);
    watched.page.setDefaultTimeout(PATIENCE_MS);
    return watched;
  }

  function mine(blocks = 1) {
    return ask(node.url, "POST", "/api/mine", { blocks });
  }

  /** Fills in a multisig of alice and bob in the page of the wallet `name`. */
  async function makeContract(page: Page, keys: readonly string[]): Promise<void> {
    for (const [index, key] of keys.entries()) {
      await page.getByLabel(`Public key of signer ${index + 1}`).fill(key);
    }
    await page.getByRole("button", { name: "Make the contract" }).click();
    await page.getByRole("heading", { name: "The way to spend" }).waitFor();
  }

  test("the faucet gives a coin, which is in the next block", async () => {
    await using watched = await open("/wallet/bob");
    const { page } = watched;
    const before = (await ask(node.url, "GET", "/api/wallets/bob")).balance.confirmed;
    await page.getByRole("button", { name: "Ask for a coin" }).click();
    await page.getByText("Waits for a block", { exact: true }).waitFor();
    await mine();
    await page.getByText("Waits for a block", { exact: true }).waitFor({ state: "detached" });
    const after = (await ask(node.url, "GET", "/api/wallets/bob")).balance.confirmed;
    expect(after - before).toBe(100_000_000);
    await expectSound(watched);
  });

  test("a wallet without a password is not asked for one", async () => {
    await using watched = await open("/wallet/alice/send");
    const { page } = watched;
    await page.getByLabel("To", { exact: true }).fill("bob");
    await page.getByLabel("Amount", { exact: true }).fill("0.3");
    await page.getByRole("button", { name: "Look at the payment" }).click();
    await page.getByText("This wallet has no password").waitFor();
    expect(await page.locator("input[type=password]").count()).toBe(0);
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page.locator("[data-payment-state='waiting']").waitFor();
    await mine();
    await page.locator("[data-payment-state='confirmed']").waitFor();
    await expectSound(watched);
  });

  test("several are paid at once, of chosen coins, at a rate of one's own", async () => {
    await using watched = await open("/wallet/alice/send");
    const { page } = watched;
    await page.getByLabel("To", { exact: true }).fill("bob");
    await page.getByLabel("Amount", { exact: true }).fill("0.1");
    await page.getByRole("button", { name: "Pay someone else, too" }).click();
    await page.getByLabel("To 2").fill("carol");
    await page.getByLabel("Amount 2").fill("0.2");
    await page.getByRole("button", { name: "Own rate" }).click();
    await page.getByLabel("Rate in sat/vB").fill("7.5");
    await page.getByText("More choices").click();
    await page
      .getByRole("group", { name: /^Coins to spend/ })
      .getByRole("checkbox")
      .first()
      .check();
    await page.getByLabel("Take the fee from this amount").first().check();
    await takePicture(page, "wallet-send-several");
    await expectSound(watched);
    await page.getByRole("button", { name: "Look at the payment" }).click();
    await page.getByText("7.5 sat/vB").waitFor();
    const { payments } = await ask(node.url, "GET", "/api/wallets/alice/payments");
    const paid = payments[0].outputs.filter(
      (output: { role: string }) => output.role === "payment",
    );
    expect(payments[0].inputs).toHaveLength(1);
    expect(payments[0].leaving).toBe(30_000_000);
    expect(paid.map(({ name }: { name: string }) => name)).toEqual(["bob", "carol"]);
    await page.getByRole("button", { name: "Cancel the payment" }).click();
    await page.waitForURL(`${node.url}/wallet/alice/send`);
  });

  test("coins of a contract are spent by two wallets, who pass a PSBT on", async () => {
    await using alice = await open("/wallet/alice/contracts");
    await using bob = await open("/wallet/bob/contracts");
    await bob.page.getByRole("button", { name: "Use a key of bob" }).first().click();
    await bob.page.waitForFunction(() => {
      return [...document.querySelectorAll("input")].some(({ value }) => /^0[23]/.test(value));
    });
    const bobs = await bob.page.getByLabel("Public key of signer 1").inputValue();
    await alice.page.getByRole("button", { name: "Use a key of alice" }).first().click();
    await alice.page.waitForFunction(() => {
      return [...document.querySelectorAll("input")].some(({ value }) => /^0[23]/.test(value));
    });
    const alices = await alice.page.getByLabel("Public key of signer 1").inputValue();
    await takePicture(alice.page, "wallet-contract-form");
    await expectSound(alice);
    await alice.page.getByLabel("Name of signer 1").fill("");
    await makeContract(alice.page, [alices, bobs]);
    await bob.page.getByLabel("Name of signer 1").fill("");
    await makeContract(bob.page, [alices, bobs]);
    contract = decodeURIComponent(new URL(alice.page.url()).pathname.split("/").at(-1) ?? "");
    expect(bob.page.url().endsWith(contract)).toBeTrue();

    const faucet = { to: contract, amount: 50_000_000 };
    await ask(node.url, "POST", "/api/faucet", faucet);
    await mine();
    await alice.page.getByText("Open now").waitFor();
    await alice.page.getByLabel("To", { exact: true }).fill("carol");
    await alice.page.getByRole("button", { name: "Begin and sign" }).click();
    await alice.page.getByText("Not complete yet").waitFor();
    await takePicture(alice.page, "wallet-contract-begun");
    await expectSound(alice);
    const psbt = await alice.page.getByLabel("PSBT", { exact: true }).inputValue();

    await bob.page.getByLabel("Their PSBT").fill(psbt);
    await bob.page.getByRole("button", { name: "Take it in" }).click();
    await bob.page.getByRole("button", { name: "Sign with bob" }).click();
    await bob.page.getByText("Complete", { exact: true }).waitFor();
    await takePicture(bob.page, "wallet-contract-complete");
    await bob.page.getByRole("button", { name: "Finish and send" }).click();
    const txid = await bob.page.locator("[data-sent]").getAttribute("data-sent");
    await mine();
    const transaction = await ask(node.url, "GET", `/api/transactions/${txid}`);
    expect(transaction.status).toBe("confirmed");
    await expectSound(bob);
  });

  test("a secret is made for a contract, and its hash is the one in the contract", async () => {
    await using watched = await open("/wallet/alice/contracts");
    const { page } = watched;
    const { publicKey } = await ask(node.url, "POST", "/api/wallets/bob/contract-keys", {});
    await page.getByLabel("Kind").selectOption("htlc");
    await page.getByRole("button", { name: "Use a key of alice" }).first().click();
    await page.getByLabel("Public key of sender").fill(publicKey);
    await page.getByRole("button", { name: "Make a secret" }).click();
    await page.getByText("The secret, shown only now:").waitFor();
    await takePicture(page, "wallet-secret");
    await expectSound(watched);
    const text = (await page.locator("[translate=no].font-mono").textContent()) ?? "";
    const secret = /[0-9a-f]{64}/.exec(text)?.[0] ?? "";
    await page.getByLabel("Block height").fill("10000");
    await page.getByRole("button", { name: "Make the contract" }).click();
    await page.getByRole("heading", { name: "The ways to spend" }).waitFor();
    const address = new URL(page.url()).pathname.split("/").at(-1);
    const made = await ask(node.url, "GET", `/api/wallets/alice/contracts/${address}`);
    const digest = new Bun.CryptoHasher("sha256").update(Buffer.from(secret, "hex")).digest("hex");
    expect(made.parameters.hash).toBe(digest);
    expect(await page.content()).not.toContain(secret);
    await takePicture(page, "wallet-htlc");
    await expectSound(watched);
  });

  test("A-12: names, notes, labels and messages are text, whatever they are", async () => {
    const { receiveAddress } = await ask(node.url, "GET", "/api/wallets/carol");
    await using watched = await open("/contacts");
    const { page } = watched;
    await page.getByRole("button", { name: "Add a contact" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Zoe");
    await page.getByLabel("Address", { exact: true }).fill("nobody's");
    await page.getByLabel("Note").fill(ATTACK);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    await takePicture(page, "contact-refused");
    await page.getByLabel("Address", { exact: true }).fill(receiveAddress);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(ATTACK).waitFor();
    await takePicture(page, "contacts");
    await expectSound(watched);

    const { transactions } = await ask(node.url, "GET", "/api/wallets/alice/transactions");
    const { utxos } = await ask(node.url, "GET", "/api/wallets/alice/utxos");
    const { address } = await ask(node.url, "POST", "/api/wallets/alice/addresses", {});
    for (const [type, ref] of [
      ["tx", transactions[0].txid],
      ["output", `${utxos[0].txid}:${utxos[0].vout}`],
      ["addr", address],
    ]) {
      await ask(node.url, "PUT", "/api/wallets/alice/labels", { type, ref, label: ATTACK });
    }
    for (const part of ["history", "coins", "addresses"]) {
      await page.goto(`${node.url}/wallet/alice/${part}`);
      await page.getByText(ATTACK).first().waitFor();
      await expectSound(watched);
    }
    await page.goto(`${node.url}/wallet/alice/signing`);
    await page.getByLabel("Message", { exact: true }).fill(ATTACK);
    await page.getByRole("button", { name: "Sign the message" }).click();
    await page.locator("[data-signature]").waitFor();
    await page.goto(`${node.url}/wallet/${encodeURIComponent(ATTACK)}`);
    await page.getByRole("alert").waitFor();
    await expectSound(watched);
  });

  test("a label is changed where it stands, by keys alone", async () => {
    await using watched = await open("/wallet/alice/addresses");
    const { page } = watched;
    const button = page.getByRole("button", { name: /^Add label to address/ }).first();
    await button.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("rent");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^rent/ }).waitFor();
    await expectSound(watched);
  });

  test("a contact is paid from the address book", async () => {
    await using watched = await open("/contacts");
    const { page } = watched;
    await page.getByRole("button", { name: "Pay", exact: true }).click();
    await page.getByRole("dialog").getByRole("link", { name: "alice" }).click();
    await page.waitForURL(`${node.url}/wallet/alice/send?to=Zoe`);
    expect(await page.getByLabel("To", { exact: true }).inputValue()).toBe("Zoe");
  });

  describe.each(LOOKS)("$name", ({ name, viewport, colorScheme }) => {
    test.each([
      ["list", "/wallet"],
      ["overview", "/wallet/alice"],
      ["receive", "/wallet/alice/receive"],
      ["send", "/wallet/alice/send"],
      ["history", "/wallet/alice/history"],
      ["coins", "/wallet/alice/coins"],
      ["addresses", "/wallet/alice/addresses"],
      ["contracts", "/wallet/alice/contracts"],
      ["contract", "/wallet/alice/contracts/"],
      ["signing", "/wallet/alice/signing"],
      ["settings", "/wallet/alice/settings"],
      ["new", "/wallet?add=new"],
      ["contacts", "/contacts"],
    ])("%s has room, contrast and nothing from elsewhere", async (view, path) => {
      const whole = view === "contract" ? path + contract : path;
      await using watched = await open(whole, { viewport, colorScheme });
      const { page } = watched;
      await page.getByRole("heading", { level: 2 }).first().waitFor();
      await page.waitForFunction(() => document.querySelector("main [aria-busy]") === null);
      await takePicture(page, `wallet-${view}-${name}`);
      await expectSound(watched);
    });
  });
});
