/**
 * Routes of the node's state, totals and time series.
 *
 * Handlers only put parts together; the series are made in index/statistics-history.ts.
 */

import { difficultyOf } from "../index/difficulty.ts";
import { type ApiContext, indexCaughtUp } from "./api-context.ts";
import { describe } from "./operation.ts";
import { readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { NoQuery } from "./schemas.ts";
import { History, HistoryQuery, Status, Totals } from "./stats-schemas.ts";
import { viewStatus } from "./view-status.ts";

export function statsRoutes(context: ApiContext) {
  const { node } = context;
  return createRouter("stats")
    .get(
      "/api/status",
      ({ request }) => {
        readQuery(request, NoQuery);
        return viewStatus(context);
      },
      STATUS,
    )
    .get(
      "/api/stats",
      async ({ request }) => {
        readQuery(request, NoQuery);
        await indexCaughtUp(context);
        return viewTotals(context);
      },
      STATS,
    )
    .get(
      "/api/stats/history",
      async ({ request }) => {
        const { range } = readQuery(request, HistoryQuery);
        await indexCaughtUp(context);
        return node.explorer.statisticsHistory(range, Math.floor(node.clock.now() / 1000));
      },
      HISTORY,
    );
}

function viewTotals({ node }: ApiContext) {
  const { chain, explorer, mempool } = node;
  return {
    height: chain.tip.height,
    ...explorer.totals(),
    difficulty: difficultyOf(chain.tip.bits),
    hashrate: explorer.networkHashrate(),
    mempool: { count: mempool.count, bytes: mempool.bytes },
  };
}

const STATUS = describe({
  tag: "Statistics",
  summary: "State of the node",
  description: "Everything about this node and its chain at a glance. Works from height 0 on.",
  answers: { 200: { description: "The state.", schema: Status } },
});

const STATS = describe({
  tag: "Statistics",
  summary: "Totals of the chain",
  description: "Blocks, transactions, coins, addresses and fees over the whole active chain.",
  answers: { 200: { description: "The totals.", schema: Totals } },
});

const HISTORY = describe({
  tag: "Statistics",
  summary: "Time series",
  description:
    "Hash rate, difficulty, block interval and transactions by block, and the mempool as this node " +
    "saw it, at most 500 points each.",
  query: HistoryQuery,
  answers: { 200: { description: "The series.", schema: History } },
});
