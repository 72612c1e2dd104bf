/**
 * The one state of this page, kept up to date by the live feed, and the hooks by which components
 * read it.
 *
 * The only place where the pure store meets the browser's socket, timers and clock.
 */

import type { StatusView } from "../src/api/stats-schemas.ts";
import { get } from "./api-client.ts";
import { useEffect, useState } from "./html.ts";
import { type FeedSocket, type FeedSocketEvents, LiveFeed } from "./live-feed.ts";
import { applyEvent, type DashboardState, INITIAL_STATE, SUBJECTS, type Subject } from "./store.ts";

/** Not `transactions`: of a thousand a second it is enough to hear that the mempool has changed. */
const TOPICS = ["blocks", "mempool", "peers", "mining", "stats", "reorgs"];

/** After these, what no event tells may be different, too: warnings, why there are no peers. */
const UNTOLD_AFTER = /^(?:block-|peer-|reorg$)/;

/** Milliseconds after an event before the status is asked for: several come at once. */
const SETTLE_MS = 400;

const listeners = new Set<() => void>();
let state = INITIAL_STATE;
let isStatusDue = false;
let isDrawDue = false;

/** Begins to listen to the node; called once. */
export function startDashboardStore(): void {
  const feed = new LiveFeed({
    topics: TOPICS,
    openSocket,
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    poll: refreshStatus,
    onMissed: () => {
      markStale(SUBJECTS);
      requestStatus();
    },
    onEvent: (event) => {
      dispatch(event);
      if (UNTOLD_AFTER.test(event.event)) requestStatus();
    },
    onConnection: (connection) => dispatch({ update: "connection", connection }),
  });
  feed.start();
}

/** Returns the state, and draws the component again when it changes. */
export function useDashboard(): DashboardState {
  const [, redraw] = useState(0);
  const shown = state;
  useEffect(() => {
    const listener = () => redraw((count) => count + 1);
    listeners.add(listener);
    // It may have changed between drawing and this.
    if (state !== shown) listener();
    return () => void listeners.delete(listener);
  }, []);
  return state;
}

/** Has all that is shown of `subjects` asked for again, as after something that was done here. */
export function markStale(subjects: readonly Subject[]): void {
  dispatch({ update: "stale", subjects });
}

/** Returns the node's time, in milliseconds since 1970, as far as it is known. */
export function nodeTime(): number {
  return Date.now() + state.clockOffsetMs;
}

/** Asks for the status now; true if the node answered. */
export async function refreshStatus(): Promise<boolean> {
  try {
    const status = await get<StatusView>("/api/status");
    dispatch({ update: "status", status, receivedAtMs: Date.now() });
    return true;
  } catch {
    return false;
  }
}

function requestStatus(): void {
  if (isStatusDue) return;
  isStatusDue = true;
  setTimeout(() => {
    isStatusDue = false;
    void refreshStatus();
  }, SETTLE_MS);
}

function dispatch(event: Parameters<typeof applyEvent>[1]): void {
  const next = applyEvent(state, event);
  if (next === state) return;
  state = next;
  // As often as the screen is drawn, however many events there are.
  if (!isDrawDue) requestAnimationFrame(draw);
  isDrawDue = true;
}

function draw(): void {
  isDrawDue = false;
  for (const listener of listeners) listener();
}

function openSocket({ onOpen, onMessage, onClose }: FeedSocketEvents): FeedSocket {
  const socket = new WebSocket(
    `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
  );
  socket.addEventListener("open", onOpen);
  socket.addEventListener("message", ({ data }) => onMessage(String(data)));
  socket.addEventListener("close", onClose);
  return socket;
}
