/**
 * What stands around every page: the name, the ways to the pages, the search, how the page hears of
 * its node.
 *
 * Knows the pages by the links it is given.
 */

import type { StatusView } from "../../src/api/stats-schemas.ts";
import { type Children, html, useEffect, useRef } from "../html.ts";
import type { Connection } from "../live-feed.ts";
import { Badge, type Tone } from "./badge.ts";
import { SearchBox } from "./search-box.ts";
import { ThemeToggle } from "./theme-toggle.ts";

/** A way to a page. */
export interface NavigationLink {
  readonly href: string;
  readonly text: string;
  /** Beginnings of other paths that count as being there. */
  readonly covers?: readonly string[];
}

interface LayoutProps {
  readonly links: readonly NavigationLink[];
  readonly path: string;
  readonly connection: Connection;
  readonly status: StatusView | null;
  readonly children?: Children;
}

const WIDTH = "mx-auto w-full max-w-7xl px-4 sm:px-6";

const STATES: Readonly<Record<Connection, { tone: Tone; text: string; title: string }>> = {
  connecting: { tone: "muted", text: "Connecting", title: "Nothing was heard of the node yet." },
  live: { tone: "good", text: "Live", title: "The node tells what happens as it happens." },
  polling: { tone: "good", text: "Every 2 s", title: "The node is asked every two seconds." },
  reconnecting: { tone: "bad", text: "Reconnecting", title: "The node does not answer." },
};

/** The frame of the page. */
export function Layout({ links, path, connection, status, children }: LayoutProps) {
  const state = STATES[connection];
  const navigation = useRef<HTMLElement>(null);
  useEffect(() => showCurrentLink(navigation.current), [path]);
  return html`<div class="flex min-h-dvh flex-col">
    <a
      href="#content"
      class="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-30 focus:rounded-lg focus:bg-surface focus:px-4 focus:py-2"
    >
      Skip to the content
    </a>
    <header class="top-0 z-10 border-b border-line bg-surface md:sticky">
      <div class=${`${WIDTH} flex flex-wrap items-center gap-x-4 gap-y-2 py-2.5`}>
        <a href="/" class="flex items-center gap-2.5">
          <img src="/icon.svg" alt="" width="30" height="30" />
          <span class="text-lg font-semibold tracking-tight">Cairn</span>
          ${status === null ? null : html`<span class="hidden rounded-md bg-raised px-1.5 py-0.5 text-[0.8125rem] text-muted sm:inline">${status.network}</span>`}
        </a>
        <div class="order-1 ml-auto flex items-center gap-3 md:order-3 md:ml-0">
          <span role="status" title=${state.title} data-connection=${connection}>
            <${Badge} tone=${state.tone}>${state.text}</${Badge}>
          </span>
          <${ThemeToggle} />
        </div>
        <div class="order-2 w-full md:ml-auto md:w-80"><${SearchBox} /></div>
      </div>
      <nav ref=${navigation} aria-label="Pages" class=${`${WIDTH} overflow-x-auto`}>
        <ul class="flex gap-1">
          ${links.map((link) => {
            const isHere = isAt(link, path);
            const look = isHere
              ? "border-accent text-text font-medium"
              : "border-transparent text-muted hover:text-text";
            return html`<li>
              <a
                href=${link.href}
                aria-current=${isHere ? "page" : undefined}
                class=${`inline-block border-b-2 px-2.5 pt-1 pb-2 whitespace-nowrap -outline-offset-2! ${look}`}
              >
                ${link.text}
              </a>
            </li>`;
          })}
        </ul>
      </nav>
    </header>
    <main id="content" tabindex="-1" class=${`${WIDTH} flex grow flex-col gap-4 py-5 outline-none sm:gap-5`}>
      ${children}
    </main>
    <footer class="border-t border-line">
      <p class=${`${WIDTH} flex flex-wrap gap-x-5 gap-y-1 py-4 text-[0.8125rem] text-muted`}>
        ${status === null ? null : html`<span>Cairn ${status.version}</span>`}
        <a href="/swagger" class="hover:text-text hover:underline">API documentation</a>
        <a href="/metrics" class="hover:text-text hover:underline">Metrics</a>
      </p>
    </footer>
  </div>`;
}

/** Brings the link of this page into sight, where there is no room for all; sideways alone. */
function showCurrentLink(navigation: HTMLElement | null): void {
  const link = navigation?.querySelector<HTMLElement>("[aria-current]");
  if (navigation === null || link === null || link === undefined) return;
  const middle = link.offsetLeft - navigation.offsetLeft + link.offsetWidth / 2;
  navigation.scrollLeft = middle - navigation.clientWidth / 2;
}

function isAt({ href, covers = [] }: NavigationLink, path: string): boolean {
  return path === href || covers.some((beginning) => path.startsWith(beginning));
}
