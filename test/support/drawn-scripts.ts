/**
 * Scripts by chance: some that make sense and mostly run, some that are any operations at all.
 *
 * Whoever draws one does not know whether it can be spent; two implementations say so.
 */

import type { SeededRandom } from "./random.ts";
import { concat } from "./reference-model/bytes.ts";
import { codeOf, encodeNumber, pushOf } from "./reference-model/operations.ts";

/** Operations with how many items they take and leave; a hash leaves its length, to count with. */
const SENSIBLE: readonly (readonly [name: string, takes: number, leaves: number])[] = [
  ["NOP", 0, 0],
  ["2DUP", 2, 4],
  ["3DUP", 3, 6],
  ["2OVER", 4, 6],
  ["2ROT", 6, 6],
  ["2SWAP", 4, 4],
  ["DEPTH", 0, 1],
  ["DROP", 1, 0],
  ["2DROP", 2, 0],
  ["DUP", 1, 2],
  ["NIP", 2, 1],
  ["OVER", 2, 3],
  ["ROT", 3, 3],
  ["SWAP", 2, 2],
  ["TUCK", 2, 3],
  ["SIZE", 1, 2],
  ["EQUAL", 2, 1],
  ["1ADD", 1, 1],
  ["1SUB", 1, 1],
  ["NEGATE", 1, 1],
  ["ABS", 1, 1],
  ["NOT", 1, 1],
  ["0NOTEQUAL", 1, 1],
  ["ADD", 2, 1],
  ["SUB", 2, 1],
  ["BOOLAND", 2, 1],
  ["BOOLOR", 2, 1],
  ["NUMEQUAL", 2, 1],
  ["NUMNOTEQUAL", 2, 1],
  ["LESSTHAN", 2, 1],
  ["GREATERTHAN", 2, 1],
  ["LESSTHANOREQUAL", 2, 1],
  ["GREATERTHANOREQUAL", 2, 1],
  ["MIN", 2, 1],
  ["MAX", 2, 1],
  ["WITHIN", 3, 1],
  ["RIPEMD160 SIZE NIP", 1, 1],
  ["SHA1 SIZE NIP", 1, 1],
  ["SHA256 SIZE NIP", 1, 1],
  ["HASH160 SIZE NIP", 1, 1],
  ["HASH256 SIZE NIP", 1, 1],
  ["CODESEPARATOR", 0, 0],
  ["NOP1", 0, 0],
  ["NOP10", 0, 0],
];

function byName(name: string): Uint8Array {
  const code = codeOf(name);
  if (code === undefined) throw new RangeError(`no operation ${name}`);
  return Uint8Array.of(code);
}

/** A stack item by chance: mostly small numbers, as scripts expect them. */
export function randomItem(random: SeededRandom): Uint8Array {
  switch (random.below(40)) {
    case 0:
    case 1:
      return random.bytes(random.below(6));
    case 2:
    case 3:
      return Uint8Array.of(0x80);
    case 4:
      return random.bytes(random.pick([20, 32, 33, 64, 65]));
    case 5:
    case 6:
    case 7:
      return encodeNumber(BigInt(random.u32()) - 0x8000_0000n);
    default:
      return encodeNumber(BigInt(random.below(20) - 3));
  }
}

function randomPush(random: SeededRandom): Uint8Array {
  if (random.oneIn(3)) return Uint8Array.of(random.pick([0x00, 0x4f, 0x51, 0x52, 0x53, 0x60]));
  const item = randomItem(random);
  // A push may be longer than it needs to be; only policy minds.
  if (random.oneIn(6)) return concat(Uint8Array.of(0x4c, item.length), item);
  if (random.oneIn(12)) return concat(Uint8Array.of(0x4d, item.length, 0), item);
  return pushOf(item);
}

/**
 * A script that keeps count of its items and ends with one true one, given that `depth` items lie
 * there when it starts.
 */
export function sensibleScript(random: SeededRandom, depth: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let items = depth;
  for (let left = 2 + random.below(14); left > 0; left--) {
    const choice = random.below(24);
    if (choice < 8 || items === 0) {
      parts.push(randomPush(random));
      items++;
    } else if (choice < 10) {
      parts.push(randomCondition(random));
    } else if (choice === 10) {
      parts.push(byName("TOALTSTACK"), randomPush(random), byName("DROP"), byName("FROMALTSTACK"));
    } else if (choice === 11) {
      // Nobody signed: false, whatever the key.
      parts.push(Uint8Array.of(0), pushOf(random.bytes(32 + random.below(2))), byName("CHECKSIG"));
      items++;
    } else if (choice === 12 && items >= 3) {
      const name = random.pick(["PICK", "ROLL"]);
      parts.push(Uint8Array.of(0x51 + random.below(2)), byName(name));
      items += name === "PICK" ? 1 : 0;
    } else {
      const fitting = SENSIBLE.filter(([, takes]) => takes <= items);
      const [name, takes, leaves] = random.pick(fitting);
      parts.push(...name.split(" ").map(byName));
      items += leaves - takes;
    }
  }
  // A witness must leave one item alone.
  for (; items > 0; items--) parts.push(byName("DROP"));
  parts.push(random.oneIn(12) ? Uint8Array.of(0x00) : Uint8Array.of(0x51 + random.below(16)));
  return concat(...parts);
}

/** Takes nothing and leaves nothing, whichever way it goes. */
function randomCondition(random: SeededRandom): Uint8Array {
  const choice = Uint8Array.of(random.pick([0x00, 0x51, 0x51, 0x52]));
  const aside = () =>
    random.oneIn(3)
      ? byName(random.pick(["NOP", "VER", "RESERVED1", "RETURN", "CHECKSIG", "MUL", "NOP4"]))
      : byName("NOP");
  const branch = () => concat(randomPush(random), byName("DROP"));
  const isTrue = choice[0] !== 0x00;
  const word = random.pick(["IF", "NOTIF"]);
  const isTaken = isTrue === (word === "IF");
  return concat(
    choice,
    byName(word),
    isTaken ? branch() : aside(),
    byName("ELSE"),
    isTaken ? aside() : branch(),
    byName("ENDIF"),
  );
}

/** Operations without sense. */
export function wildScript(random: SeededRandom): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let left = random.below(12); left > 0; left--) {
    if (random.oneIn(2)) parts.push(randomPush(random));
    else if (random.oneIn(10)) parts.push(random.bytes(1));
    else parts.push(Uint8Array.of(0x61 + random.below(0xba - 0x61 + 1)));
  }
  if (random.oneIn(2)) parts.push(Uint8Array.of(0x51));
  return concat(...parts);
}
