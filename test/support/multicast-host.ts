/**
 * A program for a host of its own: multicast as a node has it, spoken to by lines.
 *
 * `send TEXT` sends; `show` prints the interfaces joined. Prints `heard TEXT from HOST`. Looks at
 * interfaces fifty times as often as a node, so that tests need not wait. `watch` as an argument
 * prints the time to live of each datagram of the group that comes in, and does nothing else.
 */

import { dlopen } from "bun:ffi";
import { SYSTEM_CLOCK } from "../../src/node/system-clock.ts";
import { MULTICAST_GROUP, Multicast } from "../../src/p2p/multicast.ts";

const HURRY = 50;

const AF_INET = 2;
const SOCK_RAW = 3;
const IPPROTO_UDP = 17;

async function serve(): Promise<void> {
  const multicast = new Multicast({
    clock: {
      ...SYSTEM_CLOCK,
      after: (milliseconds, run) => SYSTEM_CLOCK.after(milliseconds / HURRY, run),
    },
  });
  const decoder = new TextDecoder();
  const socket = await multicast.open((bytes, { host }) => {
    console.log(`heard ${decoder.decode(bytes)} from ${host}`);
  });
  console.log("ready");
  for await (const line of console) {
    if (line.startsWith("send ")) socket.send(new TextEncoder().encode(line.slice(5)));
    if (line === "show") console.log(`joined ${socket.interfaces.join(" ")}`);
  }
}

/** A raw socket shows the header, which no ordinary one does. */
function watch(): void {
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  });
  const descriptor = symbols.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  const packet = new Uint8Array(2_048);
  console.log("ready");
  for (;;) {
    const length = Number(symbols.recv(descriptor, packet, packet.length, 0));
    if (length < 20) process.exit(1);
    const destination = packet.subarray(16, 20).join(".");
    if (destination === MULTICAST_GROUP) console.log(`time to live ${packet[8]}`);
  }
}

if (process.argv[2] === "watch") watch();
else await serve();
