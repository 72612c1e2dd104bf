/**
 * What the README says of the configuration is what the table of settings says.
 */

import { expect, test } from "bun:test";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { formatSettingsTable } from "../../../src/node/settings.ts";
import { parseAddress } from "../../../src/primitives/address.ts";

const readme = await Bun.file(new URL("../../../README.md", import.meta.url)).text();

test("the addresses in the README's tour are addresses", () => {
  const { addressPrefixes } = findNetwork("cairn");
  const addresses = readme.match(/crn1[a-z0-9]{20,}/g) ?? [];
  expect(addresses.length).toBeGreaterThan(0);
  for (const address of addresses) expect(parseAddress(address, addressPrefixes).length).toBe(22);
});

test("the README's configuration table is the one made from the settings", () => {
  const table = /<!-- settings:.*-->\n([\s\S]*?)<!-- end of settings -->/.exec(readme)?.[1];
  expect(table).toBe(formatSettingsTable());
});
