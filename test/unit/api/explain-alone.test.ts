/**
 * Why a node is alone: each state of its search gives its own reason, and a way out.
 */

import { describe, expect, test } from "bun:test";
import { type AloneFacts, explainAlone } from "../../../src/api/explain-alone.ts";
import type { DiscoveryState } from "../../../src/p2p/discovery.ts";

const NOW = 1_800_000_000_000;

const DISCOVERY: DiscoveryState = {
  interfaces: ["10.0.0.1"],
  problem: undefined,
  lastSentAt: NOW - 7_000,
  lastHeardAt: undefined,
  nodeCount: 0,
  foreignCount: 0,
  foreignNetworks: 0,
  malformedCount: 0,
  droppedCount: 0,
};

function explain(facts: Partial<AloneFacts>, discovery: Partial<DiscoveryState> = {}) {
  return explainAlone({
    now: NOW,
    uptimeMs: 3_600_000,
    port: 8_333,
    discovery: { ...DISCOVERY, ...discovery },
    manual: [],
    ...facts,
  });
}

const codesOf = (facts: Partial<AloneFacts>, discovery: Partial<DiscoveryState> = {}) =>
  explain(facts, discovery).reasons.map(({ code }) => code);

describe("explainAlone", () => {
  test("tells silence from a network that cannot be heard", () => {
    expect(codesOf({})).toEqual(["nothing-heard"]);
    expect(explain({}).reasons[0]?.detail).toContain("7 s ago on 10.0.0.1");
    expect(codesOf({}, { lastSentAt: undefined })).toEqual(["not-announced", "nothing-heard"]);
    expect(codesOf({}, { interfaces: [] })).toEqual(["no-interface", "nothing-heard"]);
    const problem = "no interface has an IPv4 address";
    expect(codesOf({}, { interfaces: [], problem })).toEqual([
      "discovery-problem",
      "nothing-heard",
    ]);
  });

  test("tells of other networks, and of nodes that cannot be reached", () => {
    const foreign = { foreignCount: 40, foreignNetworks: 2 };
    expect(codesOf({}, foreign)).toEqual(["other-networks-only"]);
    expect(explain({}, foreign).reasons[0]?.detail).toStartWith("2 other networks");
    const heard = { ...foreign, nodeCount: 1, lastHeardAt: NOW };
    expect(codesOf({}, heard)).toEqual(["heard-not-connected"]);
    expect(explain({}, heard).reasons[0]?.detail).toContain("port 8333");
  });

  test("tells of what was switched off", () => {
    expect(codesOf({ discovery: undefined })).toEqual(["discovery-off"]);
    expect(explain({ discovery: undefined }).discovery).toBeNull();
    expect(codesOf({ port: undefined, discovery: undefined })).toEqual(["peers-off"]);
  });

  test("asks for patience right after the start", () => {
    expect(codesOf({ uptimeMs: 100 })).toEqual(["just-started", "nothing-heard"]);
  });

  test("tells of each node named by hand that is not there, and not of a hundred", () => {
    const failing = (code: string) => ({
      address: "10.0.0.2:1",
      connected: false,
      problem: { code, detail: "It is not there.", since: NOW },
    });
    const untried = { address: "10.0.0.3:1", connected: false, problem: null };
    expect(codesOf({ manual: [failing("ETIMEDOUT"), untried, failing("refused")] })).toEqual([
      "nothing-heard",
      "manual-unreachable",
      "manual-refused",
    ]);
    const many = Array.from({ length: 100 }, () => failing("ETIMEDOUT"));
    expect(codesOf({ manual: many })).toHaveLength(9);
  });

  test("always says what to do, and shows what was seen", () => {
    expect(explain({}).advice).toContain("cairn connect IP:PORT");
    expect(explain({}, { foreignCount: 3, foreignNetworks: 1 }).discovery).toEqual({
      interfaces: ["10.0.0.1"],
      lastSentAt: NOW - 7_000,
      lastHeardAt: null,
      nodesHeard: 0,
      foreignDatagrams: 3,
      foreignNetworks: 1,
    });
  });
});
