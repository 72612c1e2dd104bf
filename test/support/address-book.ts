/**
 * Address books over a real store in memory, and addresses to fill them with.
 */

import type { AddressFilter } from "../../src/p2p/address-filter.ts";
import { AddressManager } from "../../src/p2p/address-manager.ts";
import type { AddressEntry } from "../../src/wire/address-messages.ts";
import type { NetAddress } from "../../src/wire/net-address.ts";
import { HandClock } from "./hand-clock.ts";
import { openPeerStore } from "./peer-store.ts";
import { SeededRandom } from "./random.ts";

/** A node's settings in a LAN. */
export const LAN: AddressFilter = { isLan: true, privilegedPorts: new Set() };

/** What an address book is made of, so that a second one can be made over the same store. */
export class BookWorld {
  readonly clock = new HandClock();
  readonly store = openPeerStore();
  readonly random: SeededRandom;
  readonly filter: AddressFilter;

  constructor({ seed = 1, filter = LAN }: { seed?: number; filter?: AddressFilter } = {}) {
    this.random = new SeededRandom(seed);
    this.filter = filter;
  }

  open(): AddressManager {
    return new AddressManager(this);
  }

  /** What somebody tells of `address` at this moment. */
  heard(address: NetAddress, secondsAgo = 0): AddressEntry {
    const time = Math.floor(this.clock.now() / 1000) - secondsAgo;
    return { address, services: 1n, time };
  }
}

/** Address `index` of the group `group`, both 0..65535: 20.0.x.y and onward, all of them public. */
export function publicAddress(group: number, index: number): NetAddress {
  const high = 20 + (group >>> 8);
  return { host: `${high}.${group & 0xff}.${index >>> 8}.${index & 0xff}`, port: 8333 };
}

/** Address `index` (0..65535) of a private network. */
export function privateAddress(index: number): NetAddress {
  return { host: `10.1.${index >>> 8}.${index & 0xff}`, port: 8333 };
}
