/**
 * Numeric IP addresses: their text, and the 16 bytes that stand for both kinds in Bitcoin.
 *
 * An IPv4 address is the IPv6 one that it maps to (::ffff:a.b.c.d). Names are never resolved, here
 * or anywhere; which addresses may be dialled is the business of p2p/.
 */

const GROUPS = 8;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0xffff] as const;

/**
 * Returns the 16 bytes of a numeric address, IPv4 in dotted form or IPv6 in any of its spellings;
 * undefined for anything else, names, zones and octal numbers among it.
 */
export function parseIp(text: string): Uint8Array | undefined {
  const dotted = parseDotted(text);
  const groups = dotted === undefined ? parseGroups(text) : [...MAPPED_PREFIX, ...dotted];
  if (groups === undefined) return undefined;
  const bytes = new Uint8Array(2 * GROUPS);
  for (const [index, group] of groups.entries()) {
    bytes[2 * index] = group >>> 8;
    bytes[2 * index + 1] = group & 0xff;
  }
  return bytes;
}

/** Returns the one spelling used here of 16 bytes: dotted for IPv4, else as RFC 5952 says. */
export function formatIp(bytes: Uint8Array): string {
  if (isIpv4(bytes)) return bytes.subarray(12).join(".");

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: GROUPS }, (_, index) => view.getUint16(2 * index));
  const zeros = longestZeros(groups);
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (zeros.length < 2) return text(groups);
  return `${text(groups.slice(0, zeros.start))}::${text(groups.slice(zeros.start + zeros.length))}`;
}

/** True if the 16 bytes stand for an IPv4 address. */
export function isIpv4(bytes: Uint8Array): boolean {
  for (let index = 0; index < 10; index++) if (bytes[index] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** Two groups of 16 bits. */
function parseDotted(text: string): readonly number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1);
  if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith("0")))) {
    return undefined;
  }
  const pairs = [parts.slice(0, 2), parts.slice(2)];
  return pairs.map((pair) => pair.reduce((group, part) => 256 * group + Number(part), 0));
}

function parseGroups(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => parseHalf(half, index === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === GROUPS ? head : undefined;

  if (tail === undefined) return undefined;
  const missing = GROUPS - head.length - tail.length;
  if (missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Groups between colons; the last one may be a dotted IPv4 address where the text ends there. */
function parseHalf(half: string, isLast: boolean): readonly number[] | undefined {
  if (half === "") return [];
  const parts = half.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    const dotted = isLast && index === parts.length - 1 ? parseDotted(part) : undefined;
    if (dotted !== undefined) groups.push(...dotted);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** The first of the longest runs of zeros. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  return longest;
}
