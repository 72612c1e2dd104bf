/**
 * A-16, K-05: a node killed at any step of a payment has sent it once or not at all, and the same
 * request afterwards sends it once.
 */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../support/chain-builder.ts";
import { until } from "../support/until.ts";
import { CHILD_CLIENT_ID, CHILD_REQUEST, CONFIRM_STEPS } from "../support/wallet-confirm-child.ts";
import { lineOf, WalletWorld } from "../support/wallet-world.ts";

const COIN = 1_000_000;

async function fundedFolder(directory: string): Promise<void> {
  await using world = await WalletWorld.start({ directory });
  await world.fund(await world.make("payer"), [COIN, COIN]);
}

async function killAt(step: string, directory: string): Promise<void> {
  const path = join(import.meta.dir, "../support/wallet-confirm-child.ts");
  const child = Bun.spawn([process.execPath, path, directory, step], { stdout: "pipe" });
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (text.includes(step)) break;
  }
  child.kill("SIGKILL");
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
}

test.each(CONFIRM_STEPS)(
  "A-16: killed when a payment is %s, and asked again, a node pays once",
  async (step) => {
    using folder = temporaryFolder();
    await fundedFolder(folder.path);
    await killAt(step, folder.path);

    await using world = await WalletWorld.start({ directory: folder.path });
    await world.settled();
    const wallet = world.node.wallets.get("payer");
    const [left] = wallet.payments.list({ limit: 10 }).rows;
    expect(left!.state).toBe(["prepared", "signed"].includes(step) ? "open" : "sent");
    const draft = wallet.payments.prepare(CHILD_REQUEST, { clientId: CHILD_CLIENT_ID });
    expect(draft.id).toBe(left!.id);
    const { txid } = await world.confirm(wallet, draft);
    expect([...world.node.mempool.entries()].map(({ tx }) => tx.txid)).toEqual([txid!]);
    await world.mine();
    expect(lineOf(wallet, txid)).toMatchObject({ status: "confirmed", amount: -draft.leaving });
    expect(wallet.ledger.balance()).toMatchObject({ total: 2 * COIN - draft.leaving, reserved: 0 });
  },
  60_000,
);

test("A-16: what was about to be sent when the node was killed is sent at its start", async () => {
  using folder = temporaryFolder();
  await fundedFolder(folder.path);
  await killAt("marked", folder.path);
  await using world = await WalletWorld.start({ directory: folder.path });
  await until("the payment is sent", () => world.node.mempool.count === 1);
}, 60_000);
