/**
 * The chance of this machine, behind the interface that the peers take.
 *
 * The only one that is real: tests and simulations hand in seeded ones.
 */

import { randomBytes } from "node:crypto";
import type { Random } from "../p2p/transport.ts";

const U32_VALUES = 0x1_0000_0000;

export const SYSTEM_RANDOM: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  below(limit) {
    // The last, incomplete run of `limit` values would make the small ones likelier.
    const end = U32_VALUES - (U32_VALUES % limit);
    for (;;) {
      const drawn = randomBytes(4).readUInt32LE();
      if (drawn < end) return drawn % limit;
    }
  },
};
