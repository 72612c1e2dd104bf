/**
 * What tests of the wallet's pages have in common: what every page must hold, and asking a node over
 * HTTP beside the browser.
 *
 * The browser itself is in browser.ts.
 */

import { expect } from "bun:test";
import { findBarriers, fitsWidth, type WatchedPage } from "./browser.ts";

/** Asks a node with a body; throws unless it answers with a success. */
export async function ask(url: string, method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(url + path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
}

/**
 * Expects a page that axe has nothing grave against, that fits its window, has logged no error but of
 * refused requests, opened no dialog of a script, and asked nobody but its node.
 */
export async function expectSound(watched: WatchedPage): Promise<void> {
  const { page, errors, hosts, dialogs } = watched;
  expect(await findBarriers(page)).toEqual([]);
  expect(await fitsWidth(page)).toBeTrue();
  expect(errors.filter((error) => !REFUSED.test(error))).toEqual([]);
  expect(dialogs).toEqual([]);
  expect([...hosts]).toEqual([new URL(page.url()).host]);
}

/** What the browser itself writes of an answer that is a problem. */
const REFUSED = /^Failed to load resource: the server responded with a status of 4\d\d/;
