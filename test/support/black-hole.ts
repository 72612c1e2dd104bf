/**
 * An address on loopback that never answers, for what must give up by itself.
 *
 * A socket that listens, accepts nothing and has its queue full: the system then drops what comes,
 * as a firewall would. Linux only.
 */

import { dlopen } from "bun:ffi";
import type { NetAddress } from "../../src/p2p/transport.ts";

/** Why there is no black hole here; undefined if there is. */
export const BLACK_HOLE_PROBLEM =
  process.platform === "linux" ? undefined : "a socket that accepts nothing is made on Linux only";

/** An address that never answers, until `close`. */
export interface BlackHole {
  readonly address: NetAddress;
  close(): void;
}

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCKADDR_LENGTH = 16;

/** Opens a black hole on 127.0.0.1. */
export async function openBlackHole(): Promise<BlackHole> {
  const { symbols, close } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    listen: { args: ["i32", "i32"], returns: "i32" },
    getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
  });
  const descriptor = symbols.socket(AF_INET, SOCK_STREAM, 0);
  const place = new Uint8Array(SOCKADDR_LENGTH);
  // The family is in this machine's order, the address in the network's.
  new Uint16Array(place.buffer)[0] = AF_INET;
  place.set([127, 0, 0, 1], 4);
  const length = new Uint32Array([SOCKADDR_LENGTH]);
  const results = [
    symbols.bind(descriptor, place, SOCKADDR_LENGTH),
    symbols.listen(descriptor, 0),
    symbols.getsockname(descriptor, place, length),
  ];
  if (descriptor < 0 || results.some((result) => result !== 0)) throw new Error("no black hole");
  const address = { host: "127.0.0.1", port: new DataView(place.buffer).getUint16(2) };
  // One place in the queue, which nobody leaves.
  const filler = await Bun.connect({
    hostname: address.host,
    port: address.port,
    socket: { data() {}, error() {} },
  });
  return {
    address,
    close: () => {
      filler.terminate();
      symbols.close(descriptor);
      close();
    },
  };
}
