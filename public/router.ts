/**
 * Which page is shown: the address bar, plain links, back and forward, and where each page was
 * scrolled to.
 *
 * A link is an ordinary `<a href>`: whatever leads to a page of ours is shown without loading it
 * anew, everything else is left to the browser. Knows the paths and not the views.
 */

import { useEffect, useState } from "./html.ts";
import { matchPath, type Route } from "./paths.ts";

/** Milliseconds that a page has to become long enough to be scrolled to where it was. */
const SCROLL_PATIENCE_MS = 2_000;

/** Positions remembered; older pages of the history begin at their top. */
const MAX_POSITIONS = 100;

/** The page and its query, as the address bar has them. */
export interface Place {
  readonly path: string;
  /** Undefined if it is no page of ours. */
  readonly route: Route | undefined;
  readonly query: URLSearchParams;
}

const listeners = new Set<() => void>();
const positions = new Map<string, number>();
let entry = "";

/** Begins to follow links and the history; called once. */
export function startRouter(): void {
  history.scrollRestoration = "manual";
  entry = entryOf(history.state) ?? nameEntry();
  history.replaceState({ entry }, "");
  document.addEventListener("click", followLink);
  window.addEventListener("popstate", (event) => {
    rememberPosition();
    entry = entryOf(event.state) ?? nameEntry();
    tell();
    scrollWhenLongEnough(positions.get(entry) ?? 0);
  });
}

/** Shows the page at `href` as if its link had been followed. */
export function navigate(href: string): void {
  if (href === location.pathname + location.search) return;
  rememberPosition();
  entry = nameEntry();
  history.pushState({ entry }, "", href);
  tell();
  scrollTo(0, 0);
}

/** Returns where the page is, and draws the component again when that changes. */
export function usePlace(): Place {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((count) => count + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  const { pathname, search } = location;
  return { path: pathname, route: matchPath(pathname), query: new URLSearchParams(search) };
}

function followLink(event: MouseEvent): void {
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  if (!isPlain || event.altKey || event.defaultPrevented) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || link.target !== "" || link.origin !== location.origin) return;
  // A place within the page, as the skip link has it.
  if (link.hash !== "" || matchPath(link.pathname) === undefined) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}

function tell(): void {
  for (const listener of listeners) listener();
}

function rememberPosition(): void {
  positions.delete(entry);
  positions.set(entry, scrollY);
  const oldest = positions.keys().next().value;
  if (positions.size > MAX_POSITIONS && oldest !== undefined) positions.delete(oldest);
}

/** What a page shows arrives after it is drawn, so its length is waited for. */
function scrollWhenLongEnough(position: number): void {
  const [wanted, deadline] = [entry, performance.now() + SCROLL_PATIENCE_MS];
  const look = () => {
    if (entry !== wanted) return;
    scrollTo(0, position);
    if (Math.abs(scrollY - position) > 1 && performance.now() < deadline) {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);
}

function entryOf(state: unknown): string | undefined {
  const { entry: name } = (state ?? {}) as { entry?: unknown };
  return typeof name === "string" ? name : undefined;
}

function nameEntry(): string {
  return `${Date.now()}-${Math.random()}`;
}
