/**
 * The wallet of the page as somebody uses it, in a real browser on a real node: made, paid, paying,
 * locked, opened, lost and restored; and that no word, key or password ever leaves the page.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HDKey } from "@scure/bip32";
import { BIP32Factory } from "bip32";
import { payments } from "bitcoinjs-lib";
import type { Browser, Page } from "playwright-core";
import * as tinySecp from "tiny-secp256k1";
import { AUTO_LOCK_MS } from "../../public/page-wallet/vault.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { formatAddress } from "../../src/primitives/address.ts";
import { openSecret, parseWallet } from "../../src/wallet/keystore-file.ts";
import { deriveAccount } from "../../src/wallet/master-key.ts";
import { parseMnemonic } from "../../src/wallet/mnemonic.ts";
import { deriveScryptKey, seedOf } from "../../src/wallet/native-keys.ts";
import { WalletSecret } from "../../src/wallet/wallet-secret.ts";
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
import { ExternalWallet } from "../support/external-wallet.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";

const PASSWORD = "correct-horse-battery";
const PREFIXES = findNetwork("dev").addressPrefixes;
const NO_PASSPHRASE = new Uint8Array();
const COIN = 100_000_000;

/** The longest that the page may stand still, in milliseconds, on a machine that does much else. */
const MAX_STILL_MS = 600;

describe.skipIf(!hasBrowser())("wallet of the page", () => {
  let browser: Browser;
  let node: ProcessNode;
  let directory: string;
  const stranger = new ExternalWallet(9, PREFIXES);

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cairn-page-wallet-"));
    browser = await openBrowser();
    const argv = ["--network", "dev", "--dev-mine", "manual", "--data", directory];
    node = await startProcessNode(argv);
    await mine(1, stranger.address);
    await mine(100);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function ask<Answer>(path: string, body?: unknown): Promise<Answer> {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    const response = await fetch(node.url + path, body === undefined ? {} : init);
    expect(response.ok).toBeTrue();
    return (await response.json()) as Answer;
  }

  async function mine(blocks: number, address?: string): Promise<void> {
    await ask("/api/mine", { blocks, address });
  }

  /** Pays `amount` from somebody else's only coin, and gives the rest back. */
  async function payFromStranger(address: string, amount: number): Promise<void> {
    const { utxos } = await ask<{ utxos: { txid: string; vout: number; amount: number }[] }>(
      `/api/addresses/${stranger.address}/utxos`,
    );
    const coin = utxos[0];
    if (coin === undefined) throw new Error("the stranger has no coin");
    const rest = coin.amount - amount - 1_000;
    const { hex } = stranger.pay(coin, [
      { address, amount },
      { address: stranger.address, amount: rest },
    ]);
    await ask("/api/transactions", { hex });
  }

  async function openWallet(options: Parameters<typeof openPage>[2] = {}): Promise<WatchedPage> {
    return await openPage(browser, `${node.url}/page-wallet`, options);
  }

  async function expectSound({ page, errors, hosts, dialogs }: WatchedPage): Promise<void> {
    expect(await findBarriers(page)).toEqual([]);
    expect(await fitsWidth(page)).toBeTrue();
    expect(errors).toEqual([]);
    expect(dialogs).toEqual([]);
    expect([...hosts]).toEqual([new URL(node.url).host]);
  }

  async function choosePassword(page: Page): Promise<void> {
    await page.getByLabel("New password").fill(PASSWORD);
    await page.getByLabel("The same again").fill(PASSWORD);
    await page.getByRole("button", { name: "Encrypt and open" }).click();
    await page.getByRole("heading", { name: "Receive" }).waitFor();
  }

  async function readWords(page: Page): Promise<string[]> {
    const items = page.getByRole("list", { name: "The words" }).getByRole("listitem");
    await items.first().waitFor();
    return await items.evaluateAll((list) => list.map((item) => item.lastChild?.textContent ?? ""));
  }

  /** Makes a wallet, and returns its words. */
  async function createWallet(page: Page): Promise<string[]> {
    await page.getByRole("button", { name: "Make a new wallet" }).click();
    const words = await readWords(page);
    await page.getByRole("button", { name: "I have written them down" }).click();
    const fields = page.getByLabel(/^Word \d+$/);
    await fields.first().waitFor();
    expect(await fields.count()).toBe(3);
    for (const field of await fields.all()) {
      const label = await field.evaluate((element) => {
        return (element as HTMLInputElement).labels?.[0]?.textContent ?? "";
      });
      await field.fill(words[Number(label.replace("Word ", "")) - 1] ?? "");
    }
    await page.getByRole("button", { name: "Continue" }).click();
    await choosePassword(page);
    return words;
  }

  async function restoreWallet(page: Page, words: readonly string[]): Promise<void> {
    await page.getByRole("button", { name: "Restore from words" }).click();
    await page.getByLabel("The words of the wallet").fill(words.join(" "));
    await page.getByRole("button", { name: "Continue" }).click();
    await choosePassword(page);
  }

  function balance(page: Page, sats: number): Promise<void> {
    return page.locator(`[data-balance='${sats}']`).waitFor();
  }

  function unlock(page: Page, password: string): Promise<void> {
    return page
      .getByLabel("Password")
      .fill(password)
      .then(() => page.getByLabel("Password").press("Enter"));
  }

  /** The address that a wallet of the node has for these words. */
  function addressOf(words: readonly string[], branch: 0 | 1, index: number, account = 0): string {
    const secret = new WalletSecret(parseMnemonic(words.join(" ")));
    const script = deriveAccount(secret, "wpkh", account).scriptAt(branch, index);
    return formatAddress(script, PREFIXES) ?? "";
  }

  /** The same by libraries that are not ours. */
  function foreignAddressOf(words: readonly string[], branch: 0 | 1, index: number): string {
    const network = {
      messagePrefix: "",
      bech32: PREFIXES.bech32,
      bip32: { public: 0x043587cf, private: 0x04358394 },
      pubKeyHash: PREFIXES.p2pkh,
      scriptHash: PREFIXES.p2sh,
      wif: PREFIXES.wif,
    };
    const seed = seedOf(parseMnemonic(words.join(" ")), NO_PASSPHRASE);
    const key = BIP32Factory(tinySecp)
      .fromSeed(seed, network)
      .derivePath(`m/84'/1'/0'/${branch}/${index}`);
    return payments.p2wpkh({ pubkey: key.publicKey, network }).address ?? "";
  }

  test("is made, paid and pays; and neither word nor key nor password leaves the page", async () => {
    await using watched = await openWallet();
    const { page } = watched;
    const heard = eavesdrop(page);
    await page.getByText("No wallet in this browser yet").waitFor();
    await takePicture(page, "page-wallet-empty");
    await expectSound(watched);

    const stillness = await measureStillness(page);
    const words = await createWallet(page);
    console.log(`page wallet: stood still for ${await stillness()} ms at most`);
    expect(await stillness()).toBeLessThan(MAX_STILL_MS);
    expect(words).toHaveLength(24);

    const receiving = addressOf(words, 0, 0);
    expect(receiving).toBe(foreignAddressOf(words, 0, 0));
    await page.getByText(receiving, { exact: true }).waitFor();
    await balance(page, 0);

    // What comes is shown while it waits, and again once it is confirmed.
    await payFromStranger(receiving, 20 * COIN);
    await balance(page, 20 * COIN);
    await page.getByText("Waits for a block").waitFor();
    await page.getByText(addressOf(words, 0, 1), { exact: true }).waitFor();
    await mine(1);
    await page.getByText("1 confirmation", { exact: true }).waitFor();

    // What is sent has its cost shown first.
    const bob = addressOf(
      "test test test test test test test test test test test junk".split(" "),
      0,
      0,
      1,
    );
    await page.getByLabel("To", { exact: true }).fill(bob);
    await page.getByLabel("Amount", { exact: true }).fill("5");
    await takePicture(page, "page-wallet-open");
    await expectSound(watched);
    await page.getByRole("button", { name: "Look at it first" }).click();
    await page.getByRole("heading", { name: "Send this?" }).waitFor();
    await page.getByText("Leaves this wallet").waitFor();
    await takePicture(page, "page-wallet-preview");
    await expectSound(watched);
    await page.getByRole("button", { name: "Sign and send" }).click();
    await page.getByText(/^\s*Sent: [0-9a-f]{64}/).waitFor();
    const { transactions } = await ask<{
      transactions: { txid: string; fee: number; feerate: number }[];
    }>("/api/transactions");
    const [sent] = transactions;
    expect(transactions).toHaveLength(1);
    const left = 15 * COIN - (sent?.fee ?? 0);
    await balance(page, left);
    await mine(1);
    await page.getByText("2 confirmations", { exact: true }).waitFor();
    await balance(page, left);
    const paid = await ask<{ outputs: { address: string; amount: number }[] }>(
      `/api/transactions/${sent?.txid}`,
    );
    const outputs = paid.outputs.map(({ address, amount }) => [address, amount]);
    expect(outputs).toHaveLength(2);
    expect(outputs).toContainEqual([bob, 5 * COIN]);
    expect(outputs).toContainEqual([addressOf(words, 1, 0), left]);

    // After a reload it is locked, and opens to the same.
    await page.reload();
    await page.getByRole("heading", { name: "Locked" }).waitFor();
    await takePicture(page, "page-wallet-locked");
    await expectSound(watched);
    await unlock(page, "wrong-password");
    await page.getByRole("alert").getByText("Wrong password").waitFor();
    await expectSound(watched);
    await unlock(page, PASSWORD);
    await balance(page, left);

    // The file of this browser is a file of a node.
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as a file" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("page-wallet.wallet.json");
    const file = parseWallet(readFileSync(await download.path(), "utf8"));
    const opened = await openSecret(file, new TextEncoder().encode(PASSWORD), deriveScryptKey);
    expect(toHex(opened.entropy)).toBe(toHex(parseMnemonic(words.join(" "))));

    await page.getByRole("button", { name: "Lock" }).click();
    await page.getByRole("heading", { name: "Locked" }).waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await page.locator("[data-height]").waitFor();

    expect(heard.length).toBeGreaterThan(50);
    expect(heard.some((text) => text.includes("/api/transactions"))).toBeTrue();
    const kept = await page.evaluate(() => [
      document.documentElement.outerHTML,
      location.href,
      JSON.stringify(history.state),
      JSON.stringify({ ...localStorage }),
      JSON.stringify({ ...sessionStorage }),
      document.cookie,
    ]);
    expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
    const told = [...heard, ...kept].join("\n").toLowerCase();
    for (const [name, canary] of canariesOf(words)) {
      expect(told.includes(canary.toLowerCase()), name).toBeFalse();
    }

    // In another browser the words bring back the same.
    await using elsewhere = await openWallet();
    await restoreWallet(elsewhere.page, words);
    await balance(elsewhere.page, left);
    await elsewhere.page.getByText(addressOf(words, 0, 1), { exact: true }).waitFor();

    // And so does the file.
    await using third = await openWallet();
    await third.page.getByRole("button", { name: "Open a file" }).click();
    await third.page.getByLabel("Wallet file").setInputFiles(await download.path());
    await third.page.getByLabel("Its password").fill(PASSWORD);
    await third.page.getByRole("button", { name: "Open", exact: true }).click();
    await balance(third.page, left);

    // Everything can be sent away, and leaves nothing.
    await third.page.getByLabel("To", { exact: true }).fill(bob);
    await third.page.getByLabel("Everything, less the fee").check();
    await third.page.getByRole("button", { name: "Look at it first" }).click();
    await third.page.getByRole("button", { name: "Sign and send" }).click();
    await balance(third.page, 0);
    await mine(1);
    await expectSound(third);
  }, 120_000);

  test("a node that tells another amount than the chain has is found out before anything is signed", async () => {
    await using watched = await openWallet();
    const { page } = watched;
    const words = await createWallet(page);
    await payFromStranger(addressOf(words, 0, 0), 3 * COIN);
    await mine(1);
    await balance(page, 3 * COIN);
    await page.route("**/utxos?*", async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      for (const coin of answer.utxos) coin.amount = 1 * COIN;
      await route.fulfill({ response, json: answer });
    });
    await page.reload();
    await unlock(page, PASSWORD);
    await page.getByLabel("To", { exact: true }).fill(stranger.address);
    await page.getByLabel("Amount", { exact: true }).fill("0.5");
    await page.getByRole("button", { name: "Look at it first" }).click();
    await page.getByRole("alert").getByText("another amount").waitFor();
    expect(await page.getByRole("button", { name: "Sign and send" }).count()).toBe(0);
  }, 60_000);

  test("locks by itself after five minutes without use, and not before", async () => {
    await using watched = await openWallet();
    const { page } = watched;
    await createWallet(page);
    await page.clock.install();
    // Timers that were set before are real ones: a use sets a new one.
    await page.keyboard.press("Shift");
    await page.clock.fastForward(AUTO_LOCK_MS - 2_000);
    await page.getByRole("heading", { name: "Receive" }).waitFor();
    await page.keyboard.press("Shift");
    await page.clock.fastForward(AUTO_LOCK_MS - 2_000);
    await page.getByRole("heading", { name: "Receive" }).waitFor();
    await page.clock.fastForward(4_000);
    await page.getByRole("heading", { name: "Locked" }).waitFor();
  }, 60_000);

  test("a wallet that is removed leaves nothing in the browser", async () => {
    await using watched = await openWallet();
    const { page } = watched;
    await createWallet(page);
    await page.getByRole("button", { name: "Remove from this browser" }).click();
    const dialog = page.getByRole("dialog");
    const remove = dialog.getByRole("button", { name: "Remove it" });
    expect(await remove.isDisabled()).toBeTrue();
    await dialog.getByLabel("I have the words or the file").check();
    await takePicture(page, "page-wallet-remove");
    await expectSound(watched);
    await remove.click();
    await page.getByText("No wallet in this browser yet").waitFor();
    expect(await page.evaluate(() => localStorage.getItem("cairn-page-wallet"))).toBeNull();
  }, 60_000);

  test("without encryption keys are for this visit, and it says so", async () => {
    await using watched = await openPage(browser, node.url);
    const { page } = watched;
    await page.addInitScript(() => {
      Object.defineProperty(globalThis, "isSecureContext", { value: false });
    });
    await page.goto(`${node.url}/page-wallet`);
    await page.getByText("for this visit only").waitFor();
    expect(await page.getByRole("button", { name: "Open a file" }).count()).toBe(0);
    await takePicture(page, "page-wallet-visit");
    await page.getByRole("button", { name: "Restore from words" }).click();
    await page
      .getByLabel("The words of the wallet")
      .fill("test test test test test test test test test test test junk");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Open for this visit" }).click();
    await page.getByRole("heading", { name: "Receive" }).waitFor();
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    await expectSound(watched);
    await page.reload();
    await page.getByText("No wallet in this browser yet").waitFor();
  }, 60_000);

  describe.each(LOOKS)("$name", ({ name, viewport, colorScheme }) => {
    test("has room and contrast at every step", async () => {
      await using watched = await openWallet({ viewport, colorScheme });
      const { page } = watched;
      await page.getByRole("button", { name: "Make a new wallet" }).click();
      await readWords(page);
      await takePicture(page, `page-wallet-words-${name}`);
      await expectSound(watched);
      await page.getByRole("button", { name: "Cancel" }).click();
      await restoreWallet(
        page,
        "test test test test test test test test test test test junk".split(" "),
      );
      await page.locator("[data-balance]").waitFor();
      await page.getByLabel("To", { exact: true }).fill(stranger.address);
      await page.getByLabel("Amount", { exact: true }).fill("1");
      await takePicture(page, `page-wallet-open-${name}`);
      await expectSound(watched);
      await page.getByRole("button", { name: "Look at it first" }).click();
      await page.getByRole("heading", { name: "Send this?" }).waitFor();
      await takePicture(page, `page-wallet-preview-${name}`);
      await expectSound(watched);
    }, 60_000);
  });
});

/** Collects everything that the page tells anybody, and all it writes into the console. */
function eavesdrop(page: Page): string[] {
  const heard: string[] = [];
  page.on("request", (request) => {
    heard.push(
      [request.url(), request.postData() ?? "", JSON.stringify(request.headers())].join(" "),
    );
  });
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => heard.push(String(payload)));
  });
  page.on("console", (message) => heard.push(message.text()));
  return heard;
}

/** Everything that must stay in the page, in every form in which it might be told. */
function canariesOf(words: readonly string[]): [string, string][] {
  const entropy = parseMnemonic(words.join(" "));
  const seed = seedOf(entropy, NO_PASSPHRASE);
  const master = HDKey.fromMasterSeed(seed, { public: 0x043587cf, private: 0x04358394 });
  const account = master.derive("m/84'/1'/0'");
  const secrets: [string, Uint8Array][] = [
    ["entropy", entropy],
    ["seed", seed],
    ["master key", master.privateKey as Uint8Array],
    ["account key", account.privateKey as Uint8Array],
    ...[0, 1].flatMap((branch) =>
      [0, 1, 2].map((index): [string, Uint8Array] => {
        const key = account.derive(`m/${branch}/${index}`);
        return [`key ${branch}/${index}`, key.privateKey as Uint8Array];
      }),
    ),
  ];
  return [
    ["password", PASSWORD],
    ["extended key", master.privateExtendedKey],
    ["extended account key", account.privateExtendedKey],
    ...words
      .slice(2)
      .flatMap((word, index): [string, string][] =>
        [" ", ",", "", '","'].map((gap) => [
          `words from ${index + 1}`,
          [words[index], words[index + 1], word].join(gap),
        ]),
      ),
    ...secrets.flatMap(([name, bytes]): [string, string][] => [
      [`${name} in hex`, toHex(bytes)],
      [`${name} in base64`, Buffer.from(bytes).toString("base64").slice(0, 40)],
      [`${name} as a list`, [...bytes].slice(0, 12).join(",")],
    ]),
  ];
}

/** Begins to watch; what it returns tells the longest task since, in milliseconds. */
async function measureStillness(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const state = globalThis as unknown as { longest: number };
    state.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        state.longest = Math.max(state.longest, duration);
      }
    }).observe({ entryTypes: ["longtask"] });
  });
  return () =>
    page.evaluate(() => Math.round((globalThis as unknown as { longest: number }).longest));
}
