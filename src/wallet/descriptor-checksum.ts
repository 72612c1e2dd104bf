/**
 * The checksum that ends a descriptor (BIP-0380), over any descriptor's text.
 *
 * Eight characters find every error of a few characters. Knows nothing of what the text says.
 */

import { DescriptorError } from "./account-key.ts";

const INPUT_CHARACTERS =
  "0123456789()[],'/*abcdefgh@:$%{}" +
  "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~" +
  'ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const CHECKSUM_CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM_LENGTH = 8;
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];

/** Longest descriptor worth looking at, in characters: a contract of twenty keys is shorter. */
export const MAX_DESCRIPTOR_LENGTH = 5000;

/** Returns the eight characters; DescriptorError if the text has one outside of BIP-0380's set. */
export function descriptorChecksum(text: string): string {
  const sum = polymod([...symbolsOf(text), ...new Array<number>(CHECKSUM_LENGTH).fill(0)]) ^ 1n;
  return Array.from({ length: CHECKSUM_LENGTH }, (_, index) => {
    const shift = BigInt(5 * (CHECKSUM_LENGTH - 1 - index));
    return CHECKSUM_CHARACTERS[Number((sum >> shift) & 31n)];
  }).join("");
}

/** Returns the descriptor with its checksum. */
export function formatDescriptor(text: string): string {
  return `${text}#${descriptorChecksum(text)}`;
}

/** Returns a descriptor without its checksum, if it had one; DescriptorError if that is wrong. */
export function stripChecksum(text: string): string {
  if (text.length > MAX_DESCRIPTOR_LENGTH) throw new DescriptorError("format", "too long");
  const [body = "", checksum, ...rest] = text.split("#");
  if (checksum === undefined) return body;
  if (rest.length > 0 || checksum !== descriptorChecksum(body)) {
    throw new DescriptorError("checksum", "the checksum after # does not match");
  }
  return body;
}

function symbolsOf(text: string): number[] {
  const symbols: number[] = [];
  let groups: number[] = [];
  const endGroup = () => {
    symbols.push(groups.reduce((sum, group) => 3 * sum + group, 0));
    groups = [];
  };
  for (const character of text) {
    const value = INPUT_CHARACTERS.indexOf(character);
    if (value < 0) throw new DescriptorError("format", "a character that descriptors do not have");
    symbols.push(value & 31);
    groups.push(value >> 5);
    if (groups.length === 3) endGroup();
  }
  if (groups.length > 0) endGroup();
  return symbols;
}

function polymod(symbols: readonly number[]): bigint {
  let sum = 1n;
  for (const symbol of symbols) {
    const top = sum >> 35n;
    sum = ((sum & 0x7ffffffffn) << 5n) ^ BigInt(symbol);
    GENERATOR.forEach((term, bit) => {
      if (((top >> BigInt(bit)) & 1n) === 1n) sum ^= term;
    });
  }
  return sum;
}
