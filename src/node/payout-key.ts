/**
 * The key that mined coins go to when no address was given: made at the first start, kept in the
 * data directory.
 *
 * Mining itself needs only the address. No route and no log ever gives the key; its owner reads it
 * from the file.
 */

import { existsSync, readFileSync } from "node:fs";
import type { Network } from "../consensus/params.ts";
import { hash160 } from "../crypto/hash.ts";
import { isPrivateKey, publicKeyOf } from "../crypto/keys.ts";
import { parseJson } from "../lib/json.ts";
import { formatAddress, formatWif, parseWif, scriptOf } from "../primitives/address.ts";
import { writePrivateFile } from "../storage/private-file.ts";
import { ConfigError } from "./config-error.ts";

/** Returns the P2WPKH script of the key in `path`, making the file if there is none. */
export function loadPayoutScript(path: string, network: Network): Uint8Array {
  const key = existsSync(path) ? readKey(path, network) : createKey(path, network);
  return payoutScriptOf(key);
}

function payoutScriptOf(privateKey: Uint8Array): Uint8Array {
  const program = hash160(publicKeyOf(privateKey));
  return scriptOf({ type: "p2wpkh", witnessVersion: 0, program });
}

function createKey(path: string, network: Network): Uint8Array {
  let key = crypto.getRandomValues(new Uint8Array(32));
  while (!isPrivateKey(key)) key = crypto.getRandomValues(new Uint8Array(32));

  const content = {
    about: "The private key of this node's mining address. Whoever has it has the coins.",
    network: network.name,
    address: formatAddress(payoutScriptOf(key), network.addressPrefixes),
    wif: formatWif(key, network.addressPrefixes),
  };
  writePrivateFile(path, `${JSON.stringify(content, null, 2)}\n`);
  return key;
}

function readKey(path: string, network: Network): Uint8Array {
  try {
    const content = parseJson(readFileSync(path, "utf8")) as { wif?: unknown };
    return parseWif(String(content.wif), network.addressPrefixes);
  } catch (cause) {
    throw new ConfigError(
      "bad-file",
      `${path} does not hold a mining key of network "${network.name}"; ` +
        "give an address with --address, or move the file away",
      { cause },
    );
  }
}
