/**
 * TCP as a transport: what every transport must do, and what only the real thing can get wrong.
 */

import { describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { SYSTEM_CLOCK } from "../../../src/node/system-clock.ts";
import { TcpTransport } from "../../../src/p2p/tcp-transport.ts";
import type { Connection } from "../../../src/p2p/transport.ts";
import type { NetAddress } from "../../../src/wire/net-address.ts";
import { BLACK_HOLE_PROBLEM, type BlackHole, openBlackHole } from "../../support/black-hole.ts";
import { Bell, describeTransport, expectCode } from "./transport-conformance.ts";

const QUIET = { onData() {}, onDrain() {}, onClose() {} };

const IPV6_PROBLEM = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .some(({ address }) => address === "::1")
  ? undefined
  : "this machine has no IPv6";

describeTransport({
  name: "TcpTransport",
  silenceProblem: BLACK_HOLE_PROBLEM,
  create: (bell: Bell) => {
    const transport = new TcpTransport(SYSTEM_CLOCK);
    const holes: BlackHole[] = [];
    return {
      server: transport,
      client: transport,
      serverHost: "127.0.0.1",
      clientHost: "127.0.0.1",
      until: (isDone) => bell.until(isDone),
      dialAndReset,
      findSilence: async () => {
        const hole = await openBlackHole();
        holes.push(hole);
        return hole.address;
      },
      countSockets,
      stop: () => {
        for (const hole of holes) hole.close();
      },
    };
  },
});

describe("TcpTransport", () => {
  test.skipIf(IPV6_PROBLEM !== undefined)(
    `listens on IPv4 and IPv6 with one port, and says IPv4 as IPv4${because(IPV6_PROBLEM)}`,
    async () => {
      const transport = new TcpTransport(SYSTEM_CLOCK);
      const seen = Promise.withResolvers<void>();
      const hosts: string[] = [];
      const { port, stop } = await transport.listen({ host: "::", port: 0 }, ({ remote }) => {
        hosts.push(remote.host);
        if (hosts.length === 3) seen.resolve();
        return QUIET;
      });
      const dialled: string[] = [];
      for (const host of ["127.0.0.1", "::1", "::FFFF:127.0.0.1"]) {
        const connection = await transport.connect({ host, port }, () => QUIET, 5_000);
        dialled.push(connection.remote.host);
        connection.close();
      }
      await seen.promise;
      stop();
      expect(hosts).toEqual(["127.0.0.1", "::1", "127.0.0.1"]);
      expect(dialled).toEqual(hosts);
    },
  );

  test("does not share its port with another process", async () => {
    const transport = new TcpTransport(SYSTEM_CLOCK);
    const { port, stop } = await transport.listen({ host: "0.0.0.0", port: 0 }, () => QUIET);
    const attempt = (options: string) =>
      `try { Bun.listen({ port: ${port}, socket: { data() {} }, ${options} }).stop(); console.log("shared"); }
       catch (error) { console.log(error.code); }`;
    const variants = ["0.0.0.0", "127.0.0.1", "::"].flatMap((host) =>
      ["", "reusePort: true"].map((extra) => attempt(`hostname: "${host}", ${extra}`)),
    );
    const child = Bun.spawnSync([process.execPath, "-e", variants.join("\n")]);
    stop();
    expect(child.stdout.toString().trim().split("\n")).toEqual(Array(6).fill("EADDRINUSE"));
  });

  test("says why a port cannot be had, and why nobody can be dialled", async () => {
    const transport = new TcpTransport(SYSTEM_CLOCK);
    const listen = (address: NetAddress) => transport.listen(address, () => QUIET);
    // Of the range kept for documentation: no machine has it.
    await expectCode(listen({ host: "203.0.113.7", port: 0 }), "EADDRNOTAVAIL");
    await expectCode(listen({ host: "::", port: 70_000 }), "ERR_OUT_OF_RANGE");
    const dial = (port: number) =>
      transport.connect({ host: "127.0.0.1", port }, () => QUIET, 1_000);
    await expectCode(dial(70_000), "ERR_OUT_OF_RANGE");
    await expectCode(dial(0), "ECONNREFUSED");
  });

  test.skipIf(BLACK_HOLE_PROBLEM !== undefined)(
    `ends a connection that comes after its dial was given up${because(BLACK_HOLE_PROBLEM)}`,
    async () => {
      const transport = new TcpTransport(SYSTEM_CLOCK);
      const hole = await openBlackHole();
      let asked = 0;
      const dialled = transport.connect(
        hole.address,
        () => {
          asked++;
          return QUIET;
        },
        50,
      );
      await expectCode(dialled, "ETIMEDOUT");
      // The engine goes on dialling, and knows no way not to.
      await hole.answer();
      expect(await hole.waitForEnd()).toBe("reset");
      expect(asked).toBe(0);
      hole.close();
    },
  );

  test("P-25: 1,000 resets at every moment end nothing but their connections", async () => {
    const transport = new TcpTransport(SYSTEM_CLOCK);
    let open = 0;
    let total = 0;
    const quiet = Promise.withResolvers<void>();
    const much = new Uint8Array(8_000_000);
    const { port, stop } = await transport.listen({ host: "127.0.0.1", port: 0 }, (connection) => {
      open++;
      total++;
      // Writes more than fits, so that some are reset while there is a queue.
      if (total % 3 === 0) connection.write(much);
      if (total % 5 === 0) connection.pause();
      return {
        onData: () => connection.write(Uint8Array.of(1)),
        onDrain() {},
        onClose() {
          open--;
          if (open === 0) quiet.resolve();
        },
      };
    });
    // Keeps the count above nothing until all have been dialled.
    const last = await transport.connect({ host: "127.0.0.1", port }, () => QUIET, 5_000);
    for (let round = 0; round < 1_000; round += 20) {
      const address = { host: "127.0.0.1", port };
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => dialAndReset(address, new Uint8Array(index * 50))),
      );
    }
    last.close();
    await quiet.promise;
    stop();
    expect(open).toBe(0);
    expect(total).toBeGreaterThan(1);
  });

  test.skipIf(process.platform === "win32")(
    "P-23: goes on when the process has no descriptor left, and accepts again when it has",
    async () => {
      const script = `
        import { TcpTransport } from ${JSON.stringify(source("p2p/tcp-transport.ts"))};
        import { SYSTEM_CLOCK } from ${JSON.stringify(source("node/system-clock.ts"))};
        const connections = [];
        const { port } = await new TcpTransport(SYSTEM_CLOCK).listen(
          { host: "127.0.0.1", port: 0 },
          (connection) => {
            connections.push(connection);
            return { onData: (bytes) => connection.write(bytes), onDrain() {}, onClose() {} };
          },
        );
        console.log(port);
        for await (const _ of console) for (const connection of connections.splice(0, 100)) connection.close();
      `;
      const child = Bun.spawn(
        ["sh", "-c", 'ulimit -n 150; exec "$0" -e "$1"', process.execPath, script],
        {
          stdin: "pipe",
          stdout: "pipe",
          stderr: "inherit",
        },
      );
      const reader = child.stdout.getReader();
      const port = Number(new TextDecoder().decode((await reader.read()).value));
      const address = { host: "127.0.0.1", port };
      const transport = new TcpTransport(SYSTEM_CLOCK);
      // The system completes what the process cannot accept.
      const dialled: Connection[] = [];
      let echoes = 0;
      const bell = new Bell();
      const dial = async () => {
        const onData = () => {
          echoes++;
          bell.ring();
        };
        const connection = await transport.connect(address, () => ({ ...QUIET, onData }), 5_000);
        connection.write(Uint8Array.of(1));
        dialled.push(connection);
      };
      for (let count = 0; count < 250; count++) await dial();
      // Each line frees 100 descriptors, which those who wait then get.
      for (const [before, after] of [
        [120, 220],
        [220, 250],
      ] as const) {
        await bell.until(() => echoes >= before);
        child.stdin.write("\n");
        await child.stdin.flush();
        await bell.until(() => echoes >= after);
      }
      expect(echoes).toBe(250);
      expect(child.exitCode).toBeNull();
      for (const connection of dialled) connection.close();
      child.kill();
      await child.exited;
    },
  );

  test("D-16: what a handler throws is an uncaught exception, not the peer's", async () => {
    const script = `
      import { TcpTransport } from ${JSON.stringify(source("p2p/tcp-transport.ts"))};
      import { SYSTEM_CLOCK } from ${JSON.stringify(source("node/system-clock.ts"))};
      const transport = new TcpTransport(SYSTEM_CLOCK);
      const quiet = { onData() {}, onDrain() {}, onClose() {} };
      process.on("uncaughtException", (error) => {
        console.log(error.message);
        process.exit(3);
      });
      const { port } = await transport.listen({ host: "127.0.0.1", port: 0 }, () => ({
        ...quiet,
        onData() { throw new Error("a fault of ours"); },
      }));
      const connection = await transport.connect({ host: "127.0.0.1", port }, () => quiet, 5000);
      connection.write(Uint8Array.of(1));
    `;
    const child = Bun.spawn([process.execPath, "-e", script], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const output = await new Response(child.stdout).text();
    expect([output.trim(), await child.exited]).toEqual(["a fault of ours", 3]);
  });
});

/** Ends the name of a test that may be skipped. */
function because(problem: string | undefined): string {
  return problem === undefined ? "" : ` (skipped: ${problem})`;
}

function source(path: string): string {
  return new URL(`../../../src/${path}`, import.meta.url).pathname;
}

/** Open sockets of this process; undefined where nothing says. */
function countSockets(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const folder = "/proc/self/fd";
  return readdirSync(folder).filter((name) => isSocket(`${folder}/${name}`)).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    // The descriptor by which the folder was read.
    return false;
  }
}

async function dialAndReset({ host, port }: NetAddress, bytes: Uint8Array): Promise<void> {
  const closed = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: host,
    port,
    socket: { data() {}, error() {}, close: () => closed.resolve() },
  });
  socket.write(bytes);
  socket.terminate();
  await closed.promise;
}
