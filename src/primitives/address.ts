/**
 * Addresses: text forms of the standard output scripts, each with its network's prefix.
 *
 * Bech32 (BIP-0173) for witness version 0, bech32m (BIP-0350) for later ones, base58check for P2PKH
 * and P2SH. Knows these scripts by their bytes; running them is the business of script/.
 */

import { bech32, bech32m, createBase58check } from "@scure/base";
import { sha256 } from "../crypto/hash.ts";
import { concatBytes } from "../lib/bytes.ts";

/** What distinguishes one network's addresses and keys from another's. */
export interface AddressPrefixes {
  readonly bech32: string;
  /** Version bytes of base58check. */
  readonly p2pkh: number;
  readonly p2sh: number;
  readonly wif: number;
}

/** Kinds of output script that have an address. */
export type DestinationType = "p2pkh" | "p2sh" | "p2wpkh" | "p2wsh" | "p2tr" | "witness-unknown";

/** What an address says: the kind of script, and the hash or key in it. */
export interface Destination {
  readonly type: DestinationType;
  /** 0..16 for witness kinds, else undefined. */
  readonly witnessVersion: number | undefined;
  /** 2..40 bytes. */
  readonly program: Uint8Array;
}

/** Text that is no address of the network: `network` if it is one of another network. */
export class AddressError extends Error {
  override readonly name = "AddressError";
  readonly reason: "format" | "checksum" | "network";

  constructor(reason: "format" | "checksum" | "network", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Longest text worth looking at (BIP-0173). */
export const MAX_ADDRESS_LENGTH = 90;

const base58check = createBase58check(sha256);

/** Returns the output script of an address; AddressError if it is none of this network's. */
export function parseAddress(text: string, prefixes: AddressPrefixes): Uint8Array {
  if (text.length > MAX_ADDRESS_LENGTH) throw new AddressError("format", "too long for an address");
  if (/^[a-z0-9]{1,83}1/i.test(text) && looksLikeBech32(text)) {
    return scriptOf(parseWitnessAddress(text, prefixes));
  }
  return scriptOf(parseBase58Address(text, prefixes));
}

/** Returns the address of an output script, or undefined if its kind has none. */
export function formatAddress(
  scriptPubKey: Uint8Array,
  prefixes: AddressPrefixes,
): string | undefined {
  const destination = destinationOf(scriptPubKey);
  if (destination === undefined) return undefined;

  const { type, witnessVersion, program } = destination;
  if (witnessVersion === undefined) {
    const version = type === "p2pkh" ? prefixes.p2pkh : prefixes.p2sh;
    return base58check.encode(concatBytes(Uint8Array.of(version), program));
  }
  const encoding = witnessVersion === 0 ? bech32 : bech32m;
  return encoding.encode(prefixes.bech32, [witnessVersion, ...encoding.toWords(program)]);
}

/** Returns what an output script pays to, or undefined if it is of no kind with an address. */
export function destinationOf(script: Uint8Array): Destination | undefined {
  const length = script.length;
  if (
    length === 25 &&
    script[0] === 0x76 &&
    script[1] === 0xa9 &&
    script[2] === 20 &&
    script[23] === 0x88 &&
    script[24] === 0xac
  ) {
    return { type: "p2pkh", witnessVersion: undefined, program: script.subarray(3, 23) };
  }
  if (length === 23 && script[0] === 0xa9 && script[1] === 20 && script[22] === 0x87) {
    return { type: "p2sh", witnessVersion: undefined, program: script.subarray(2, 22) };
  }

  const witness = witnessProgramOf(script);
  if (witness === undefined || !hasWitnessAddress(witness)) return undefined;
  return { type: witnessType(witness.version, witness.program.length), ...asDestination(witness) };
}

/** A witness version and program (BIP-0141). */
export interface WitnessProgram {
  readonly version: number;
  readonly program: Uint8Array;
}

/** Returns the witness program that `script` is, or undefined (BIP-0141): a version opcode, then
 * one direct push of 2..40 bytes. */
export function witnessProgramOf(script: Uint8Array): WitnessProgram | undefined {
  const length = script.length;
  if (length < 4 || length > 42 || script[1] !== length - 2) return undefined;
  const opcode = script[0] as number;
  if (opcode !== 0 && (opcode < 0x51 || opcode > 0x60)) return undefined;
  return { version: opcode === 0 ? 0 : opcode - 0x50, program: script.subarray(2) };
}

/** Returns the output script that pays to `destination`. */
export function scriptOf({ type, witnessVersion, program }: Destination): Uint8Array {
  if (witnessVersion !== undefined) {
    const opcode = witnessVersion === 0 ? 0 : 0x50 + witnessVersion;
    return concatBytes(Uint8Array.of(opcode, program.length), program);
  }
  return type === "p2pkh"
    ? concatBytes(Uint8Array.of(0x76, 0xa9, 20), program, Uint8Array.of(0x88, 0xac))
    : concatBytes(Uint8Array.of(0xa9, 20), program, Uint8Array.of(0x87));
}

/** Returns the base58check form of a private key for compressed public keys. */
export function formatWif(privateKey: Uint8Array, prefixes: AddressPrefixes): string {
  return base58check.encode(
    concatBytes(Uint8Array.of(prefixes.wif), privateKey, Uint8Array.of(0x01)),
  );
}

/** Returns the 32 bytes of a private key in WIF (compressed form); AddressError otherwise. */
export function parseWif(text: string, prefixes: AddressPrefixes): Uint8Array {
  const bytes = decodeBase58check(text);
  if (bytes.length !== 34 || bytes[33] !== 0x01) {
    throw new AddressError("format", "not a private key in compressed WIF form");
  }
  if (bytes[0] !== prefixes.wif) throw new AddressError("network", "a key of another network");
  return bytes.slice(1, 33);
}

function looksLikeBech32(text: string): boolean {
  const separator = text.lastIndexOf("1");
  return !/[bio]/i.test(text.slice(separator + 1)) && text.length - separator > 6;
}

function parseWitnessAddress(text: string, prefixes: AddressPrefixes): Destination {
  const decoded =
    bech32.decodeUnsafe(text, MAX_ADDRESS_LENGTH) ?? bech32m.decodeUnsafe(text, MAX_ADDRESS_LENGTH);
  if (decoded === undefined) {
    // The alphabets overlap, so a base58 address may have looked like bech32.
    if (isBase58check(text)) {
      return parseBase58Address(text, prefixes);
    }
    throw new AddressError("checksum", "the checksum of this address does not match");
  }

  const { prefix, words } = decoded;
  if (prefix !== prefixes.bech32) {
    throw new AddressError(
      "network",
      `an address of another network: it begins with ${prefix}1, ours with ${prefixes.bech32}1`,
    );
  }
  const [version, ...data] = words;
  const encoding = version === 0 ? bech32 : bech32m;
  const program = encoding.fromWordsUnsafe(data);
  const rightChecksum = encoding.decodeUnsafe(text, MAX_ADDRESS_LENGTH) !== undefined;
  if (version === undefined || version > 16 || !rightChecksum) {
    throw new AddressError("checksum", "the checksum of this address does not match its version");
  }
  if (!(program instanceof Uint8Array) || program.length < 2 || program.length > 40) {
    throw new AddressError("format", "a witness program has 2 to 40 bytes");
  }
  if (!hasWitnessAddress({ version, program })) {
    throw new AddressError("format", "a version 0 witness program has 20 or 32 bytes");
  }
  return { type: witnessType(version, program.length), ...asDestination({ version, program }) };
}

function parseBase58Address(text: string, prefixes: AddressPrefixes): Destination {
  const bytes = decodeBase58check(text);
  if (bytes.length !== 21) throw new AddressError("format", "not an address");

  const program = bytes.slice(1);
  if (bytes[0] === prefixes.p2pkh) return { type: "p2pkh", witnessVersion: undefined, program };
  if (bytes[0] === prefixes.p2sh) return { type: "p2sh", witnessVersion: undefined, program };
  throw new AddressError("network", "an address of another network");
}

function decodeBase58check(text: string): Uint8Array {
  if (!/^[1-9A-HJ-NP-Za-km-z]{5,112}$/.test(text)) {
    throw new AddressError("format", "not an address");
  }
  try {
    return base58check.decode(text);
  } catch {
    throw new AddressError("checksum", "the checksum of this address does not match");
  }
}

function isBase58check(text: string): boolean {
  try {
    decodeBase58check(text);
    return true;
  } catch {
    return false;
  }
}

function asDestination({ version, program }: WitnessProgram) {
  return { witnessVersion: version, program };
}

/** BIP-0141: version 0 has programs of 20 and 32 bytes only; whatever pays to others is lost. */
function hasWitnessAddress({ version, program }: WitnessProgram): boolean {
  return version !== 0 || program.length === 20 || program.length === 32;
}

function witnessType(version: number, length: number): DestinationType {
  if (version === 0 && length === 20) return "p2wpkh";
  if (version === 0 && length === 32) return "p2wsh";
  return version === 1 && length === 32 ? "p2tr" : "witness-unknown";
}
