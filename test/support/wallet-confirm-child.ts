/**
 * A process that confirms a payment and stands still at one of its steps, for tests that kill it
 * there.
 *
 * Says the step's name once it is reached; the real code runs up to it.
 */

import { DraftStore } from "../../src/storage/draft-store.ts";
import { paymentKey } from "./payments.ts";
import { paymentOf, WalletWorld } from "./wallet-world.ts";

/** Where it can stand still, in the order of a payment. */
export const CONFIRM_STEPS = ["prepared", "signed", "marked", "accepted", "confirmed"] as const;

/** What it asks for. */
export const CHILD_REQUEST = paymentOf(paymentKey(9).scriptPubKey, 123_456);
export const CHILD_CLIENT_ID = "order-of-a-child";

function standStill(step: string): never {
  require("node:fs").writeSync(1, `${step}\n`);
  for (;;) Bun.sleepSync(1_000);
}

async function run(directory: string, stop: string): Promise<void> {
  const { node } = await WalletWorld.start({ directory });
  const submit = node.submitTransaction.bind(node);
  node.submitTransaction = (tx) => {
    if (stop === "marked") standStill(stop);
    const verdict = submit(tx);
    if (stop === "accepted") standStill(stop);
    return verdict;
  };
  const { markSent } = DraftStore.prototype;
  DraftStore.prototype.markSent = function (...parameters) {
    if (stop === "signed") standStill(stop);
    markSent.apply(this, parameters);
  };
  const { payments, name } = node.wallets.get("payer");
  const { id, digest } = payments.prepare(CHILD_REQUEST, { clientId: CHILD_CLIENT_ID });
  if (stop === "prepared") standStill(stop);
  await node.wallets.confirm(name, id, digest, undefined);
  standStill("confirmed");
}

const [directory, stop] = process.argv.slice(2);
if (import.meta.main) await run(directory ?? "", stop ?? "");
