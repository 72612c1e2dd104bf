/**
 * A node that is started late, and those that have the chain already: how long it takes, and how soon
 * their APIs answer meanwhile.
 */

import type { GrownChain } from "./grown-chain.ts";
import type { PeerNode, PeerNodes } from "./peer-nodes.ts";
import { until } from "./until.ts";

/** What was seen. */
export interface CatchUp {
  readonly old: readonly PeerNode[];
  readonly late: PeerNode;
  /** From when the late one was there until it had the whole chain. */
  readonly seconds: number;
  /** Of all questions asked of one old node and the late one meanwhile, in milliseconds. */
  readonly answersMs: readonly number[];
}

/** Milliseconds between two questions to an API. */
const ASK_INTERVAL_MS = 20;

/** Starts `oldCount` nodes that have `chain`, then one that has nothing; waits until it has it all. */
export async function catchUp(
  group: PeerNodes,
  chain: GrownChain,
  { oldCount = 1, limitMs = 60_000 } = {},
): Promise<CatchUp> {
  const argv = ["--network", chain.network, "--difficulty", `${chain.difficulty}`, "--no-mine"];
  const old: PeerNode[] = [];
  for (let index = 0; index < oldCount; index++) {
    const name = `old${index}`;
    chain.copyTo(group.directoryOf(name));
    const peers = old.flatMap(({ p2pAddress }) => ["--peer", p2pAddress]);
    old.push(await group.start({ name, argv: [...argv, ...peers] }));
  }
  // Their indexes are made anew, which is not what is measured.
  for (const { api } of old) await until("an index", async () => isIndexed(api), limitMs);

  const peers = old.flatMap(({ p2pAddress }) => ["--peer", p2pAddress]);
  const late = await group.start({ name: "late", argv: [...argv, ...peers] });
  const startedAt = performance.now();
  const answersMs: number[] = [];
  let isDone = false;
  const ask = async ({ api }: PeerNode) => {
    while (!isDone) {
      const askedAt = performance.now();
      const { height } = await api.status();
      answersMs.push(performance.now() - askedAt);
      await Bun.sleep(ASK_INTERVAL_MS);
      if (performance.now() - startedAt > limitMs) throw new Error(`only ${height} blocks came`);
    }
  };
  const asking = Promise.all([ask(old[0]!), ask(late)]);
  await Promise.race([
    asking,
    until("the whole chain", async () => (await late.api.status()).tip === chain.tip, limitMs),
  ]);
  const seconds = (performance.now() - startedAt) / 1000;
  isDone = true;
  await asking;
  return { old, late, seconds, answersMs };
}

/** True once what the API says of addresses is of the tip. */
async function isIndexed(api: PeerNode["api"]): Promise<boolean> {
  try {
    await api.get("/api/mining");
    return true;
  } catch {
    return false;
  }
}
