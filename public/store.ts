/**
 * What the dashboard knows of its node, and how each event and answer changes it.
 *
 * `applyEvent` is a pure function: no clock, no network, no page. Views read the state, and fetch
 * what they show in detail again whenever the version of its subject has risen.
 */

import type { StatusView } from "../src/api/stats-schemas.ts";
import type { Connection, LiveEvent } from "./live-feed.ts";

/** Subjects that change by themselves; each has a version that rises with every change. */
export const SUBJECTS = ["chain", "mempool", "peers", "mining"] as const;
export type Subject = (typeof SUBJECTS)[number];

/** The state behind every view. */
export interface DashboardState {
  readonly connection: Connection;
  /** Null until the node has answered once. */
  readonly status: StatusView | null;
  /** Milliseconds that the node's clock is ahead of this machine's. */
  readonly clockOffsetMs: number;
  readonly versions: Readonly<Record<Subject, number>>;
}

/** What came from the node other than by event. */
export type Update =
  | { readonly update: "status"; readonly status: StatusView; readonly receivedAtMs: number }
  | { readonly update: "connection"; readonly connection: Connection }
  /** Something was done, or missed: all that is shown must be asked for again. */
  | { readonly update: "stale"; readonly subjects: readonly Subject[] };

export const INITIAL_STATE: DashboardState = {
  connection: "connecting",
  status: null,
  clockOffsetMs: 0,
  versions: { chain: 0, mempool: 0, peers: 0, mining: 0 },
};

/** Which subjects an event touches; others are none of ours. */
const TOUCHED: Readonly<Record<string, readonly Subject[]>> = {
  "block-connected": ["chain", "mempool"],
  "block-disconnected": ["chain", "mempool"],
  reorg: ["chain", "mempool"],
  "mempool-changed": ["mempool"],
  "transaction-accepted": ["mempool"],
  "transaction-removed": ["mempool"],
  "peer-connected": ["peers"],
  "peer-disconnected": ["peers"],
  "mining-progress": ["mining"],
};

/** Returns the state after `event`; the same object if it changes nothing. */
export function applyEvent(state: DashboardState, event: LiveEvent | Update): DashboardState {
  if ("update" in event) return applyUpdate(state, event);
  const data = isRecord(event.data) ? event.data : {};
  const touched = touch(state, TOUCHED[event.event] ?? []);
  const { status } = touched;
  if (status === null) return touched;
  switch (event.event) {
    case "block-connected":
      return { ...touched, status: withTip(status, data) };
    case "stats":
      return touchChanges(touched, { ...touched, status: mergeKnown(status, data) });
    case "mempool-changed":
      return { ...touched, status: mergeKnown(status, { mempool: data }) };
    case "mining-progress": {
      const changes = { mining: data, hashrate: { own: data.hashrate } };
      return { ...touched, status: mergeKnown(status, changes) };
    }
    default:
      return touched;
  }
}

function applyUpdate(state: DashboardState, update: Update): DashboardState {
  switch (update.update) {
    case "connection":
      return { ...state, connection: update.connection };
    case "stale":
      return touch(state, update.subjects);
    case "status": {
      const { status, receivedAtMs } = update;
      const next = { ...state, status, clockOffsetMs: status.time - receivedAtMs };
      return touchChanges(state, next);
    }
  }
}

/** Raises the versions of what differs between two states, for a page that hears no events. */
function touchChanges(before: DashboardState, after: DashboardState): DashboardState {
  const [old, now] = [before.status, after.status];
  if (old === null || now === null) return after;
  const changed: Subject[] = [];
  if (old.tip !== now.tip) changed.push("chain");
  if (!isSame(old.mempool, now.mempool)) changed.push("mempool");
  if (!isSame(old.peers, now.peers)) changed.push("peers");
  if (!isSame(old.mining, now.mining) || old.hashrate.own !== now.hashrate.own) {
    changed.push("mining");
  }
  return touch(after, changed);
}

function touch(state: DashboardState, subjects: readonly Subject[]): DashboardState {
  if (subjects.length === 0) return state;
  const versions = { ...state.versions };
  for (const subject of subjects) versions[subject] += 1;
  return { ...state, versions };
}

/** The new tip's own figures at once; the rest follows with the next status. */
function withTip(status: StatusView, { height, hash, time }: Record<string, unknown>): StatusView {
  if (typeof height !== "number" || typeof hash !== "string") return status;
  const tipTime = typeof time === "number" ? time : status.tipTime;
  return { ...status, height, tip: hash, tipTime };
}

/** Takes over the members that a status has, where they are of the same kind. */
function mergeKnown(status: StatusView, data: Record<string, unknown>): StatusView {
  const known = status as unknown as Record<string, unknown>;
  const merged = { ...known };
  for (const [name, value] of Object.entries(data)) {
    const old = known[name];
    if (isRecord(old) && isRecord(value)) {
      merged[name] = mergeKnown(old as unknown as StatusView, value);
    } else if (old !== undefined && typeof old === typeof value) {
      merged[name] = value;
    }
  }
  return merged as unknown as StatusView;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
