/**
 * Probes for whoever keeps the node running, and figures for Prometheus.
 *
 * Cheap, since they are asked for all the time; which figures there are is in metrics.ts.
 */

import type { ApiContext } from "./api-context.ts";
import type { Metrics } from "./metrics.ts";
import { describe } from "./operation.ts";
import { ApiError } from "./problem.ts";
import { createRouter } from "./router.ts";
import { Live, Ready } from "./stats-schemas.ts";

/** Milliseconds that a probe waits for the index: it may be asked often. */
const PROBE_TIMEOUT_MS = 500;

export function healthRoutes({ node }: ApiContext, metrics: Metrics) {
  return createRouter("health")
    .get("/health/live", () => ({ status: "live" }), LIVE)
    .get(
      "/health/ready",
      async () => {
        const { tip } = node.chain;
        if (await node.index.caughtUp(tip.hash, PROBE_TIMEOUT_MS)) {
          return { status: "ready", height: tip.height };
        }
        throw new ApiError({
          status: 503,
          code: "index-behind",
          detail: "The explorer index does not show the tip yet.",
          facts: { tipHeight: tip.height },
        });
      },
      READY,
    )
    .get(
      "/metrics",
      async () =>
        new Response(await metrics.render(), { headers: { "content-type": metrics.contentType } }),
      METRICS,
    );
}

const LIVE = describe({
  tag: "Health",
  summary: "Is the process alive?",
  description: "Answers as long as the process does.",
  answers: { 200: { description: "It is.", schema: Live } },
});

const READY = describe({
  tag: "Health",
  summary: "Is the node ready?",
  description: "True once the explorer index shows the tip of the chain.",
  answers: { 200: { description: "It is.", schema: Ready } },
});

const METRICS = describe({
  tag: "Health",
  summary: "Figures for Prometheus",
  description: "In Prometheus' text format.",
  answers: { 200: { description: "The figures.", contentType: "text/plain" } },
});
