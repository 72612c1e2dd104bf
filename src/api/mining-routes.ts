/**
 * Routes of mining: now, continuously, and by miners elsewhere.
 *
 * Handlers only put parts together; searching is the business of mining/.
 */

import { formatAddress, parseAddress } from "../primitives/address.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { type ApiContext, indexCaughtUp } from "./api-context.ts";
import {
  BlockVerdictView,
  MineRequest,
  MineResult,
  MiningState,
  type MiningStateView,
  StartMiningRequest,
  SubmitBlockRequest,
  Template,
} from "./mining-schemas.ts";
import { describe } from "./operation.ts";
import { decodeBlockHex } from "./parse-submission.ts";
import { readBody, readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { NoBody, NoQuery } from "./schemas.ts";
import { TemplateViewer } from "./template-viewer.ts";
import { viewBlockVerdict } from "./view-verdict.ts";

/** Blocks over which shares of miners are taken, and miners shown at most. */
const RECENT_BLOCKS = 1_000;
const MINERS_SHOWN = 20;

export function miningRoutes(context: ApiContext) {
  const { node } = context;
  const viewer = new TemplateViewer(node);
  return createRouter("mining")
    .post("/api/mine", ({ request }) => mineNow(context, request), MINE)
    .get(
      "/api/mining",
      async ({ request }) => {
        readQuery(request, NoQuery);
        await indexCaughtUp(context);
        return viewMining(context);
      },
      STATE,
    )
    .post(
      "/api/mining/start",
      async ({ request }) => {
        const { threads } = await readBody(request, StartMiningRequest);
        await indexCaughtUp(context);
        node.miner.start(threads);
        return viewMining(context);
      },
      START,
    )
    .post(
      "/api/mining/stop",
      async ({ request }) => {
        await readBody(request, NoBody);
        await indexCaughtUp(context);
        node.miner.stop();
        return viewMining(context);
      },
      STOP,
    )
    .get(
      "/api/mining/template",
      ({ request }) => {
        readQuery(request, NoQuery);
        return new Response(viewer.json(), { headers: { "content-type": "application/json" } });
      },
      TEMPLATE,
    )
    .post(
      "/api/mining/submit",
      async ({ request }) => {
        const block = decodeBlockHex((await readBody(request, SubmitBlockRequest)).hex);
        return viewBlockVerdict(block, node.submitBlock(block));
      },
      SUBMIT,
    );
}

async function mineNow({ node }: ApiContext, request: Request) {
  const { blocks = 1, address } = await readBody(request, MineRequest);
  const script =
    address === undefined ? undefined : parseAddress(address, node.network.addressPrefixes);
  const hashes = await node.miner.mine(blocks, script, request.signal);
  return { hashes, blocks: hashes.map((hash) => ({ hash, height: heightOf(node, hash) })) };
}

function heightOf({ chain }: ApiContext["node"], hash: BlockHash): number {
  const entry = chain.index.find(hash);
  if (entry === undefined) throw new Error(`mined block ${hash} is unknown`);
  return entry.height;
}

function viewMining({ node }: ApiContext): MiningStateView {
  const { miner, explorer, network, payoutScript } = node;
  const miners = explorer.listRecentMiners(RECENT_BLOCKS, MINERS_SHOWN);
  return {
    running: miner.isRunning,
    threads: miner.threads,
    address: formatAddress(payoutScript, network.addressPrefixes) ?? null,
    hashrate: miner.hashrate,
    blocksFound: miner.blocksFound,
    retargetBlocks: network.params.retarget?.interval ?? null,
    streams: miner.streams,
    miners: miners.map(({ tag, address, blocks, share, fees, subsidy }) => ({
      tag,
      address,
      blocks,
      share,
      earned: fees + subsidy,
    })),
  };
}

const MINE = describe({
  tag: "Mining",
  summary: "Mine blocks now",
  description:
    "Up to 1,000 blocks by real work, one after the other; answers when all are connected, and ends " +
    "if you leave before. Pays the node's own address unless another is given.",
  body: MineRequest,
  bodyExample: { blocks: 3 },
  answers: { 200: { description: "The blocks, in order.", schema: MineResult } },
});

const STATE = describe({
  tag: "Mining",
  summary: "State of mining",
  description: "Hash rate and finds of each stream, and who mined the last 1,000 blocks.",
  answers: { 200: { description: "The state.", schema: MiningState } },
});

const START = describe({
  tag: "Mining",
  summary: "Start mining",
  description: "Continuously, with another number of threads if given.",
  body: StartMiningRequest,
  bodyExample: { threads: 2 },
  answers: { 200: { description: "The new state.", schema: MiningState } },
});

const STOP = describe({
  tag: "Mining",
  summary: "Stop mining",
  description: "Blocks asked for with POST /api/mine are still finished.",
  body: NoBody,
  answers: { 200: { description: "The new state.", schema: MiningState } },
});

const TEMPLATE = describe({
  tag: "Mining",
  summary: "What to mine",
  description:
    "Everything for a miner of its own: make a coinbase that pays at most `coinbaseValue`, join it " +
    "to `merkleBranch`, search a nonce, and submit the block. Ask again when `id` changes.",
  answers: { 200: { description: "The template.", schema: Template } },
});

/** The block that every development chain begins with. */
const EXAMPLE_BLOCK =
  "010000000000000000000000000000000000000000000000000000000000000000000000646f773fd13fe5e027399a8e" +
  "43911b6596181c2b20e295a525172736ac795ff900b95569ffff7f200000000001010000000100000000000000000000" +
  "00000000000000000000000000000000000000000000ffffffff2b09636169726e2f64657620cb5aebcce349769b38cb" +
  "fd86c32c500227fa1c01bf7bfa585a8d9138974f5d10ffffffff010000000000000000016a00000000";

const SUBMIT = describe({
  tag: "Mining",
  summary: "Submit a block",
  description: "Enters by the same door as every block. A block that breaks a rule answers 422.",
  body: SubmitBlockRequest,
  bodyExample: { hex: EXAMPLE_BLOCK },
  answers: { 200: { description: "What became of it.", schema: BlockVerdictView } },
});
