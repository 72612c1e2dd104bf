/**
 * What every page of the dashboard must hold, whatever it shows, and the looks in which it is seen.
 */

import { expect } from "bun:test";
import { findBarriers, fitsWidth, PHONE, type WatchedPage, WIDE } from "./browser.ts";

/** Sizes and colours in which each view is looked at. */
export const LOOKS = [
  { name: "wide-light", viewport: WIDE, colorScheme: "light" },
  { name: "wide-dark", viewport: WIDE, colorScheme: "dark" },
  { name: "phone-light", viewport: PHONE, colorScheme: "light" },
  { name: "phone-dark", viewport: PHONE, colorScheme: "dark" },
] as const;

/** Fails if the page has barriers, errors or dialogs, is too wide, or asked anybody else. */
export async function expectSound({ page, errors, hosts, dialogs }: WatchedPage): Promise<void> {
  expect(await findBarriers(page)).toEqual([]);
  expect(await fitsWidth(page)).toBeTrue();
  expect(errors).toEqual([]);
  expect(dialogs).toEqual([]);
  expect([...hosts]).toEqual([new URL(page.url()).host]);
}
