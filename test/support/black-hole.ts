/**
 * An address on loopback that never answers, for what must give up by itself.
 *
 * A socket that listens, accepts nothing and has its queue full: the system then drops what comes,
 * as a firewall would. Linux only.
 */

import { dlopen } from "bun:ffi";
import type { NetAddress } from "../../src/wire/net-address.ts";

/** Why there is no black hole here; undefined if there is. */
export const BLACK_HOLE_PROBLEM =
  process.platform === "linux" ? undefined : "a socket that accepts nothing is made on Linux only";

/** An address that never answers, until `close`. */
export interface BlackHole {
  readonly address: NetAddress;
  /** Answers whoever comes next after all; the system has them knock again after a second. */
  answer(): Promise<void>;
  /** Waits until the one answered last has ended the connection with an error; says if by a reset. */
  waitForEnd(): Promise<"reset" | "other">;
  close(): void;
}

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCKADDR_LENGTH = 16;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const ECONNRESET = 104;

/** How often sockets are asked that the engine does not watch. */
const POLL_MS = 10;

/** Opens a black hole on 127.0.0.1. */
export async function openBlackHole(): Promise<BlackHole> {
  const { symbols, close } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    listen: { args: ["i32", "i32"], returns: "i32" },
    accept: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
  });
  const descriptor = symbols.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
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
  const accepted: number[] = [];
  const accept = async () => {
    for (;;) {
      const caller = symbols.accept(descriptor, null, null);
      if (caller >= 0) return accepted.push(caller);
      await Bun.sleep(POLL_MS);
    }
  };
  return {
    address,
    answer: async () => {
      // First the one who fills the queue.
      await accept();
      await accept();
    },
    waitForEnd: async () => {
      const error = new Int32Array(1);
      const size = new Uint32Array([error.byteLength]);
      while (error[0] === 0) {
        await Bun.sleep(POLL_MS);
        symbols.getsockopt(accepted.at(-1) ?? -1, SOL_SOCKET, SO_ERROR, error, size);
      }
      return error[0] === ECONNRESET ? "reset" : "other";
    },
    close: () => {
      for (const caller of accepted) symbols.close(caller);
      filler.terminate();
      symbols.close(descriptor);
      close();
    },
  };
}
