/**
 * Why a node has no peers, in words: from what it has sent, heard and dialled.
 *
 * Pure; the facts are gathered in view-peer.ts. Guesses nothing that the facts do not say, and never
 * names what another machine could not know anyway.
 */

import type { DiscoveryState } from "../p2p/discovery.ts";
import type { AloneView, ManualPeerView } from "./peer-schemas.ts";

/** What is known about being alone. */
export interface AloneFacts {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly uptimeMs: number;
  /** Where peers are accepted; undefined if the node was made without any. */
  readonly port: number | undefined;
  /** Undefined if nodes nearby are not looked for. */
  readonly discovery: DiscoveryState | undefined;
  readonly manual: readonly ManualPeerView[];
}

type Reason = AloneView["reasons"][number];

/** Milliseconds in which others are found, if there are any. */
const FIRST_LOOK_MS = 5_000;

/** Most nodes of the operator's that are told of one by one. */
const MAX_MANUAL_REASONS = 8;

/** Returns the reasons that the facts give for having no peers, and what to do. */
export function explainAlone(facts: AloneFacts): AloneView {
  return {
    reasons: [...explainStart(facts), ...explainDiscovery(facts), ...explainManual(facts)],
    advice: adviceFor(facts),
    discovery: facts.discovery === undefined ? null : viewDiscovery(facts.discovery),
  };
}

function explainStart({ port, uptimeMs }: AloneFacts): Reason[] {
  if (port === undefined) {
    return [{ code: "peers-off", detail: "This node was started without peers." }];
  }
  if (uptimeMs >= FIRST_LOOK_MS) return [];
  return [
    { code: "just-started", detail: "The node has just started; others are found in seconds." },
  ];
}

function explainDiscovery({ discovery, now, port }: AloneFacts): Reason[] {
  if (port === undefined) return [];
  if (discovery === undefined) {
    return [{ code: "discovery-off", detail: "Nodes nearby are not looked for (--no-discover)." }];
  }
  const reasons: Reason[] = [];
  const { problem, interfaces } = discovery;
  if (problem !== undefined) {
    reasons.push({ code: "discovery-problem", detail: `Looking for nodes nearby: ${problem}.` });
  } else if (interfaces.length === 0) {
    reasons.push({ code: "no-interface", detail: "This machine has no network to look in." });
  }
  const { lastSentAt } = discovery;
  if (lastSentAt === undefined) {
    reasons.push({ code: "not-announced", detail: "Nodes nearby were not told of this one yet." });
  }
  reasons.push(explainSilence(discovery, now, port));
  return reasons;
}

function explainSilence(
  { foreignCount, foreignNetworks, interfaces, lastSentAt, nodeCount }: DiscoveryState,
  now: number,
  port: number,
): Reason {
  if (nodeCount > 0) {
    return {
      code: "heard-not-connected",
      detail:
        `${plural(nodeCount, "node")} of this network can be heard nearby, but no connection came ` +
        `about: a firewall may keep out TCP, here at port ${port} or there.`,
    };
  }
  if (foreignCount > 0) {
    return {
      code: "other-networks-only",
      detail:
        `${plural(foreignNetworks, "other network")} can be heard nearby, but not this one: nodes ` +
        "meet if --network and --difficulty are the same.",
    };
  }
  const sent =
    lastSentAt === undefined
      ? ""
      : `, though this one spoke ${Math.max(0, Math.round((now - lastSentAt) / 1000))} s ago` +
        `${interfaces.length === 0 ? "" : ` on ${interfaces.join(", ")}`}`;
  return {
    code: "nothing-heard",
    detail:
      `No other node can be heard nearby${sent}: there may be none, or the network keeps ` +
      "multicast away, as many wireless ones and containers do.",
  };
}

function explainManual({ manual }: AloneFacts): Reason[] {
  return manual.slice(0, MAX_MANUAL_REASONS).flatMap(({ problem }) => {
    if (problem === null) return [];
    const code = problem.code === "refused" ? "manual-refused" : "manual-unreachable";
    return [{ code, detail: problem.detail } as const];
  });
}

function adviceFor({ port }: AloneFacts): string {
  if (port === undefined) return "Start the node with cairn start.";
  return (
    "If you know where another node is: cairn connect IP:PORT, here with its address, or there " +
    `with one of this machine and port ${port}.`
  );
}

function viewDiscovery(state: DiscoveryState): AloneView["discovery"] {
  return {
    interfaces: [...state.interfaces],
    lastSentAt: state.lastSentAt ?? null,
    lastHeardAt: state.lastHeardAt ?? null,
    nodesHeard: state.nodeCount,
    foreignDatagrams: state.foreignCount,
    foreignNetworks: state.foreignNetworks,
  };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
