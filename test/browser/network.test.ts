/**
 * The page of the network, in a real browser on real nodes: three that see one another, of which one
 * calls itself a piece of script; connecting, sending away, banning and forgiving through the page.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import {
  expectSound,
  findBarriers,
  findCard,
  hasBrowser,
  LOOKS,
  mineBlocks,
  openBrowser,
  openPage,
  takePicture,
} from "../support/browser.ts";
import { type ProcessNode, startProcessNode } from "../support/process-node.ts";
import { until } from "../support/until.ts";

/** As long as a name may be, and all that would be needed if it became markup. */
const HOSTILE_NAME = "<img src=x onerror=alert(1)>";

interface Topology {
  readonly nodes: readonly { readonly nodeId: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** The answer of a network of `count` nodes, each linked with those one and five places away. */
function grow({ nodes: [self] }: Topology, count: number) {
  const idOf = (index: number) => `02${String(index % count).padStart(64, "0")}`;
  const nodes = Array.from({ length: count }, (_, index) => ({
    ...self,
    nodeId: idOf(index),
    name: index % 7 === 3 ? "" : `A node of the office, number ${index}`,
    host: `192.0.2.${index + 1}`,
    self: index === 0,
    tip: index % 3 === 0 ? "0".repeat(64) : null,
  }));
  const edges = nodes.flatMap((_, index) =>
    [1, 5].map((step) => ({ from: idOf(index), to: idOf(index + step), proven: index === 0 })),
  );
  return { nodes, edges, complete: true };
}

/** Names in the picture that lie upon each other, or are cut off at its edge. */
function spoiltNames(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const room = document.querySelector("svg[data-nodes]")?.getBoundingClientRect();
    const names = [...document.querySelectorAll("svg[data-nodes] text")].map((element) => ({
      text: element.textContent,
      box: element.getBoundingClientRect(),
    }));
    const cut = names.filter(
      ({ box }) => room === undefined || box.left < room.left || box.right > room.right,
    );
    const hidden = names.flatMap(({ text, box }, index) =>
      names
        .slice(index + 1)
        .filter((other) => {
          const isBeside = other.box.left >= box.right || other.box.right <= box.left;
          return !isBeside && other.box.top < box.bottom && other.box.bottom > box.top;
        })
        .map((other) => `${text} and ${other.text}`),
    );
    return [...cut.map(({ text }) => `${text} at the edge`), ...hidden];
  });
}

describe.skipIf(!hasBrowser())("network page", () => {
  let browser: Browser;
  let directory: string;
  /** `first` is looked at; `hostile` dials it, and `last` talks to nobody but `hostile`. */
  let first: ProcessNode;
  let hostile: ProcessNode;
  let last: ProcessNode;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cairn-browser-network-"));
    browser = await openBrowser();
    first = await startNode("first", "Ada");
    hostile = await startNode("hostile", HOSTILE_NAME, first.p2pPort);
    const { nodeId } = await ask(hostile, "/api/status");
    last = await startNode("last", "Grace", hostile.p2pPort, ["--allow-node", nodeId]);
    await mineBlocks(hostile, 3);
    // What each says of itself, and of its neighbours, is heard a little later.
    await until("the newest block and all links are known", async () => {
      const { nodes, edges } = await ask(first, "/api/topology");
      const known = nodes.filter(({ height }: { height: number | null }) => height === 3);
      return known.length === 2 && nodes.length === 3 && edges.length === 2;
    });
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([first?.stop(), hostile?.stop(), last?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  function startNode(
    folder: string,
    name: string,
    peerPort?: number,
    flags: readonly string[] = [],
  ): Promise<ProcessNode> {
    return startProcessNode([
      ...["--network", "regtest", "--data", join(directory, folder), "--node-name", name],
      ...(peerPort === undefined ? [] : ["--peer", `127.0.0.1:${peerPort}`]),
      ...flags,
    ]);
  }

  async function ask(node: ProcessNode, path: string) {
    const response = await fetch(`${node.url}${path}`);
    expect(response.status).toBe(200);
    return await response.json();
  }

  function table(page: Page, name: string) {
    return page.getByRole("table", { name, exact: true });
  }

  test("a node that is alone says why, and what to do", async () => {
    const lonely = await startNode("lonely", "Lonely");
    try {
      await using watched = await openPage(browser, `${lonely.url}/network`);
      const { page } = watched;
      await page.getByRole("heading", { name: "This node is alone" }).waitFor();
      await page.getByText("cairn connect IP:PORT").waitFor();
      await page.locator("svg[data-nodes='1'][data-links='0']").waitFor();
      await page.getByText("Nobody is connected").waitFor();
      await page.getByText("No block yet").waitFor();
      await takePicture(page, "network-alone");
      await expectSound(watched);
    } finally {
      await lonely.stop();
    }
  });

  test("nodes and links are drawn and listed, also those that only others have", async () => {
    await using watched = await openPage(browser, first.url);
    const { page } = watched;
    await page.getByRole("link", { name: "Network", exact: true }).click();
    await page.locator("svg[data-nodes='3'][data-links='2']").waitFor();
    const nodes = table(page, "Nodes");
    await nodes.getByRole("row", { name: /Ada.*This node/ }).waitFor();
    await nodes.getByRole("row").filter({ hasText: HOSTILE_NAME }).getByText("Connected").waitFor();
    await nodes.getByRole("row", { name: /Grace.*2 links away/ }).waitFor();
    await page.getByText("2 links as a list").click();
    await page.getByRole("list", { name: "Links" }).getByText("by their own word").waitFor();
    const spread = findCard(page, "How blocks spread");
    await spread.getByText("It came here over 1 link").waitFor();
    await spread.getByText("1 link away").waitFor();
    await spread.getByText("2 links away").waitFor();
    expect(watched.errors).toEqual([]);
  });

  test("script in names of nodes and miners stays text", async () => {
    await using watched = await openPage(browser, `${first.url}/network`);
    const { page } = watched;
    await table(page, "Connected peers").getByText(HOSTILE_NAME).waitFor();
    await findCard(page, "How blocks spread").getByText(HOSTILE_NAME).waitFor();
    await page.locator("svg title", { hasText: HOSTILE_NAME }).waitFor({ state: "attached" });
    await page.goto(`${first.url}/mining`);
    await findCard(page, "Who found the last 1,000 blocks").getByText(HOSTILE_NAME).waitFor();
    expect(await page.locator("img[src='x'], [onerror]").count()).toBe(0);
    await expectSound(watched);
  });

  describe.each(LOOKS)("$name", ({ name, viewport, colorScheme }) => {
    test("has room, contrast and nothing from elsewhere", async () => {
      const url = `${first.url}/network`;
      await using watched = await openPage(browser, url, { viewport, colorScheme });
      const { page } = watched;
      await page.locator("svg[data-nodes='3']").waitFor();
      await page.waitForFunction(() => document.querySelector("[aria-busy]") === null);
      await takePicture(page, `network-${name}`);
      await expectSound(watched);
    });
  });

  describe.each(LOOKS)("$name", ({ name, viewport, colorScheme }) => {
    test.each([8, 50])("%d nodes can be read", async (count) => {
      await using watched = await openPage(browser, `${first.url}/blocks`, {
        viewport,
        colorScheme,
      });
      const { page } = watched;
      const answer = await ask(first, "/api/topology");
      await page.route("**/api/topology", (route) => route.fulfill({ json: grow(answer, count) }));
      await page.getByRole("link", { name: "Network", exact: true }).click();
      await page.locator(`svg[data-nodes='${count}']`).waitFor();
      await takePicture(page, `network-${count}-${name}`);
      expect(await spoiltNames(page)).toEqual([]);
      await expectSound(watched);
    });
  });

  test("a bad address is told beside the form, in the node's own words", async () => {
    await using watched = await openPage(browser, `${first.url}/network`);
    const { page } = watched;
    await page.getByLabel("IP address and port").fill("localhost:1");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await findCard(page, "Connect to a node")
      .getByText("named by its IP address and port")
      .waitFor();
    expect(watched.dialogs).toEqual([]);
  });

  test("a node is connected by its address, and sent away again after a question", async () => {
    const guest = await startNode("guest", "Grace");
    try {
      await using watched = await openPage(browser, `${first.url}/network`);
      const { page } = watched;
      const address = `127.0.0.1:${guest.p2pPort}`;
      await page.getByLabel("IP address and port").fill(address);
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await findCard(page, "Connect to a node").getByText(`Connected to ${address}.`).waitFor();
      await page.locator("svg[data-nodes='4']").waitFor();
      const row = table(page, "Connected peers").getByRole("row").filter({ hasText: "Grace" });
      await row.getByText("out, by hand").waitFor();
      await takePicture(page, "network-connected");

      await row.getByRole("button", { name: "Disconnect" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("forgotten if it was named by hand").waitFor();
      expect(await findBarriers(page)).toEqual([]);
      await dialog.getByRole("button", { name: "Disconnect now" }).click();
      await dialog.waitFor({ state: "hidden" });
      await page.getByText(`${address} is disconnected. It is not dialled any more.`).waitFor();
      expect((await ask(first, "/api/peers")).manual).toEqual([]);
      expect(watched.errors).toEqual([]);
    } finally {
      await guest.stop();
    }
  });

  test("an address that nobody answers is kept, with the reason, until it is forgotten", async () => {
    await using watched = await openPage(browser, `${first.url}/network`);
    const { page } = watched;
    // Nobody listens at a port that a node has just given back.
    const gone = await startNode("gone", "Gone");
    const address = `127.0.0.1:${gone.p2pPort}`;
    await gone.stop();
    await page.getByLabel("IP address and port").fill(address);
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    const kept = page.getByRole("list", { name: "Nodes named by hand" });
    await kept.getByText("Not connected").waitFor();
    await kept.getByRole("button", { name: "Forget" }).click();
    await kept.waitFor({ state: "detached" });
  });

  test("a host is banned for a reason, its peers go, and is forgiven", async () => {
    await using watched = await openPage(browser, `${first.url}/network`);
    const { page } = watched;
    const peers = table(page, "Connected peers");
    await peers.getByRole("button", { name: "Ban" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("127.0.0.1").waitFor();
    await dialog.getByRole("combobox").selectOption({ label: "an hour" });
    await dialog.getByLabel("Reason").fill(HOSTILE_NAME);
    await dialog.getByRole("button", { name: "Ban this host" }).click();
    await page.getByText("Nobody is connected").waitFor();
    const bans = table(page, "Bans");
    await bans.getByRole("row", { name: "127.0.0.1" }).getByText(HOSTILE_NAME).waitFor();
    await page.getByRole("heading", { name: "This node is alone" }).waitFor();
    const [ban] = (await ask(first, "/api/peers/bans")).bans;
    expect(ban).toMatchObject({ host: "127.0.0.1", reason: HOSTILE_NAME });
    expect(ban.until - Date.now()).toBeLessThanOrEqual(3_600_000);
    await takePicture(page, "network-banned");
    await expectSound(watched);

    await bans.getByRole("button", { name: "Lift the ban" }).click();
    await page.getByText("Nobody is banned").waitFor();
    await page.getByRole("button", { name: "Look for peers now" }).click();
    await page.getByText("known addresses are dialled").waitFor();
    expect((await ask(first, "/api/peers/bans")).bans).toEqual([]);
  });

  test("an address that is no peer can be banned, and a bad one is told in the dialog", async () => {
    await using watched = await openPage(browser, `${first.url}/network`);
    const { page } = watched;
    await page.getByRole("button", { name: "Ban an address" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("IP address").fill("nobody");
    await dialog.getByRole("button", { name: "Ban this host" }).click();
    await dialog.getByText("A peer is named by").waitFor();
    await dialog.getByLabel("IP address").fill("192.0.2.9");
    await dialog.getByRole("button", { name: "Ban this host" }).click();
    await table(page, "Bans").getByText("192.0.2.9").waitFor();
    expect(watched.dialogs).toEqual([]);
  });
});
