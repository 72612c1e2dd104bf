/**
 * Descriptors (BIP-0380 to 0386, 0389): the text that an account is kept and exchanged as.
 *
 * Reads the accounts that this wallet has, and keys as other wallets export them. Contracts of
 * several keys are the business of those who make them; their checksum is descriptor-checksum.ts.
 */

import { AddressError, type AddressPrefixes, parseAddress } from "../primitives/address.ts";
import {
  ACCOUNT_KINDS,
  type Account,
  type AccountKind,
  AddressAccount,
  ContractAccount,
  KeyAccount,
} from "./account.ts";
import { DescriptorError, parseBareKey, parseKeyExpression } from "./account-key.ts";
import { stripChecksum } from "./descriptor-checksum.ts";

/**
 * Returns the account that `text` describes, whether or not it has its checksum: `wpkh(KEY)`,
 * `tr(KEY)`, `pkh(KEY)`, `addr(ADDRESS)`, or a KEY expression alone, which is a contract account's.
 * An account key without branches (tpub; vpub for `wpkh`) is an account of `bareKind`.
 * DescriptorError on anything else, and on private keys.
 */
export function parseDescriptor(
  text: string,
  prefixes: AddressPrefixes,
  bareKind: AccountKind = "wpkh",
): Account {
  const body = stripChecksum(text.trim());
  const [, name, argument = ""] = /^([a-z_]+)\((.*)\)$/.exec(body) ?? [];
  if (name === undefined) return parseKeyAlone(body, bareKind);
  if (name === "addr") return parseWatched(argument, prefixes);

  const kind = ACCOUNT_KINDS.find((known) => known === name);
  if (kind === undefined) {
    throw new DescriptorError("unsupported", "only wpkh, tr, pkh and addr are accounts here");
  }
  return new KeyAccount(kind, parseKeyExpression(argument));
}

function parseKeyAlone(text: string, bareKind: AccountKind): Account {
  const bare = parseBareKey(text);
  if (bare === undefined) return new ContractAccount(parseKeyExpression(text));
  if (bare.isWitness && bareKind !== "wpkh") {
    throw new DescriptorError("key", "a vpub is the key of a wpkh account");
  }
  return new KeyAccount(bareKind, bare.key);
}

function parseWatched(address: string, prefixes: AddressPrefixes): AddressAccount {
  try {
    return new AddressAccount(address, parseAddress(address, prefixes));
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new DescriptorError(error.reason, error.message);
  }
}
