/**
 * What every `Transport` must do, said once and tried on each: TCP and the virtual network.
 *
 * Whoever uses it brings a small world; nothing here knows which.
 */

import { describe, expect, test } from "bun:test";
import type {
  Connection,
  ConnectionHandler,
  Listener,
  Transport,
} from "../../../src/p2p/transport.ts";
import type { NetAddress } from "../../../src/wire/net-address.ts";
import { SeededRandom } from "../../support/random.ts";

/** Two machines, or one twice, that reach each other. */
export interface TransportWorld {
  readonly server: Transport;
  readonly client: Transport;
  /** Numeric address of the server, and where clients seem to come from. */
  readonly serverHost: string;
  readonly clientHost: string;
  /** Lets things happen until `isDone`, which only what a recorder is told can bring about. */
  until(isDone: () => boolean): Promise<void>;
  /** Dials `address`, sends `bytes`, and resets the connection once it is there. */
  dialAndReset(address: NetAddress, bytes: Uint8Array): Promise<void>;
  /** An address that never answers, or why there is none. */
  findSilence(): Promise<NetAddress>;
  /** How many sockets are open, or the like; undefined if that cannot be known. */
  countSockets(): number | undefined;
  stop(): void;
}

/** What differs between worlds. */
export interface WorldFactory {
  readonly name: string;
  /** Why no address is silent in this world; undefined if one is. */
  readonly silenceProblem: string | undefined;
  /** `bell` rings after each callback of a recorder. */
  create(bell: Bell): TransportWorld | Promise<TransportWorld>;
}

/** Wakes those who wait for something a callback may have brought about. */
export class Bell {
  #waiting: (() => void)[] = [];

  ring(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Returns once `isDone`, asked after each ring. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** A handler that keeps what it is told, and can answer. */
class Recorder implements ConnectionHandler {
  readonly pieces: Uint8Array[] = [];
  byteLength = 0;
  drains = 0;
  closes = 0;
  /** Callbacks that came after the end, or from within a call. */
  readonly faults: string[] = [];
  connection: Connection | undefined;
  onBytes: (bytes: Uint8Array) => void = () => {};
  onEnd: () => void = () => {};
  readonly #bell: Bell;
  #isCalling = false;

  constructor(bell: Bell) {
    this.#bell = bell;
  }

  /** For `connect` and `accept`. */
  readonly attach = (connection: Connection): this => {
    this.connection = connection;
    return this;
  };

  /** Calls a method of the connection; no callback may come before it returns. */
  call(method: (connection: Connection) => void): void {
    this.#isCalling = true;
    method(this.connection!);
    this.#isCalling = false;
  }

  onData(bytes: Uint8Array): void {
    this.#note("onData");
    this.pieces.push(bytes);
    this.byteLength += bytes.length;
    this.onBytes(bytes);
    this.#bell.ring();
  }

  onDrain(): void {
    this.#note("onDrain");
    this.drains++;
    this.#bell.ring();
  }

  onClose(): void {
    this.#note("onClose");
    this.closes++;
    this.onEnd();
    this.#bell.ring();
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.pieces));
  }

  #note(callback: string): void {
    if (this.#isCalling) this.faults.push(`${callback} within a call`);
    if (this.closes > 0) this.faults.push(`${callback} after onClose`);
  }
}

/** A world with a listening server, and what the server's connections are told. */
interface Scene {
  readonly world: TransportWorld;
  readonly address: NetAddress;
  readonly listener: Listener;
  readonly accepted: Recorder[];
  recorder(): Recorder;
  /** Waits for `promise` while the world goes on. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Dials the server; both ends are there when it returns. */
  dial(): Promise<{ near: Recorder; far: Recorder }>;
}

const DIAL_TIMEOUT_MS = 5_000;

/** Describes what `factory`'s transports do, and fails where that is not what they must. */
export function describeTransport(factory: WorldFactory): void {
  describe(`${factory.name} as a transport`, () => {
    /** Runs `act` in a new world, and looks for callbacks that should not have been. */
    const play = async (
      act: (scene: Scene) => Promise<void>,
      prepare?: (far: Recorder) => void,
    ) => {
      const bell = new Bell();
      const world = await factory.create(bell);
      const accepted: Recorder[] = [];
      const recorders: Recorder[] = [];
      const recorder = () => {
        const made = new Recorder(bell);
        recorders.push(made);
        return made;
      };
      const listener = await world.server.listen({ host: "::", port: 0 }, (connection) => {
        const far = recorder().attach(connection);
        prepare?.(far);
        accepted.push(far);
        bell.ring();
        return far;
      });
      const address = { host: world.serverHost, port: listener.port };
      const settle = async <T>(promise: Promise<T>): Promise<T> => {
        let isSettled = false;
        const mark = () => {
          isSettled = true;
          bell.ring();
        };
        promise.then(mark, mark);
        await world.until(() => isSettled);
        return await promise;
      };
      const dial = async () => {
        const near = recorder();
        const count = accepted.length;
        await settle(world.client.connect(address, near.attach, DIAL_TIMEOUT_MS));
        await world.until(() => accepted.length > count);
        return { near, far: accepted.at(-1)! };
      };
      try {
        await act({ world, address, listener, accepted, recorder, settle, dial });
        const attached = recorders.filter(({ connection }) => connection !== undefined);
        for (const { connection } of attached) connection?.close();
        await world.until(() => attached.every(({ closes }) => closes > 0));
        expect(attached.filter(({ closes }) => closes !== 1)).toEqual([]);
        expect(recorders.flatMap(({ faults }) => faults)).toEqual([]);
      } finally {
        listener.stop();
        world.stop();
      }
    };
    test("carries megabytes both ways, in order, in whatever pieces they come", async () => {
      await play(async ({ world, dial }) => {
        const { near, far } = await dial();
        const random = new SeededRandom(7);
        const [there, back] = [randomBytes(random, 3_000_000), randomBytes(random, 2_000_000)];
        writeInPieces(near, there, random);
        writeInPieces(far, back, random);
        await world.until(() => far.byteLength >= there.length && near.byteLength >= back.length);
        expect(Buffer.compare(far.bytes(), there)).toBe(0);
        expect(Buffer.compare(near.bytes(), back)).toBe(0);
        expect(near.connection!.queuedBytes).toBe(0);
      });
    });

    test("P-24: counts what a reader that pauses leaves queued, and loses none of it", async () => {
      await play(async ({ world, dial }) => {
        const { near, far } = await dial();
        far.call((connection) => connection.pause());
        const sent = randomBytes(new SeededRandom(8), 24_000_000);
        near.call((connection) => {
          for (let at = 0; at < sent.length; at += 60_000) {
            connection.write(sent.subarray(at, at + 60_000));
          }
        });
        const queuedAtFirst = near.connection!.queuedBytes;
        expect(queuedAtFirst).toBeGreaterThan(0);
        expect(queuedAtFirst).toBeLessThan(sent.length);

        // While others are served, nothing is read here, so nothing much can be taken.
        const other = await dial();
        other.near.call((connection) => connection.write(new Uint8Array(100_000)));
        await world.until(() => other.far.byteLength === 100_000);
        expect(far.byteLength).toBe(0);
        expect(near.connection!.queuedBytes).toBeGreaterThan(0);
        expect(near.drains).toBe(0);

        const queued: number[] = [];
        far.onBytes = () => queued.push(near.connection!.queuedBytes);
        far.call((connection) => connection.resume());
        await world.until(() => far.byteLength === sent.length && near.drains > 0);
        expect(queued).toEqual(queued.toSorted((a, b) => b - a));
        expect(near.connection!.queuedBytes).toBe(0);
        expect(near.drains).toBe(1);
        expect(Buffer.compare(far.bytes(), sent)).toBe(0);
      });
    });

    test("writes behind what is queued, also while there is room for more", async () => {
      await play(async ({ world, dial }) => {
        const { near, far } = await dial();
        const random = new SeededRandom(9);
        const sent = randomBytes(random, 24_000_000);
        const half = sent.length / 2;
        let at = half;
        // Each time that some has been read, the system could take some: not of these yet.
        far.onBytes = () => {
          if (near.connection!.queuedBytes === 0 || at === sent.length) return;
          near.call((connection) => connection.write(sent.subarray(at, at + 50_000)));
          at = Math.min(at + 50_000, sent.length);
        };
        near.call((connection) => connection.write(sent.subarray(0, half)));
        await world.until(() => near.drains > 0 && far.byteLength === at);
        expect(at).toBeGreaterThan(half);
        expect(Buffer.compare(far.bytes(), sent.subarray(0, at))).toBe(0);
      });
    });

    test("hands over nothing after a pause from within onData, until it is resumed", async () => {
      await play(async ({ world, dial }) => {
        const { near, far } = await dial();
        far.onBytes = () => far.connection!.pause();
        near.call((connection) => connection.write(new Uint8Array(4_000_000)));
        let rounds = 0;
        while (far.byteLength < 4_000_000) {
          rounds++;
          await world.until(() => far.pieces.length === rounds);
          // Something else goes round meanwhile.
          near.call((connection) => connection.pause());
          far.call((connection) => connection.write(Uint8Array.of(1)));
          near.call((connection) => connection.resume());
          await world.until(() => near.byteLength === rounds);
          expect(far.pieces.length).toBe(rounds);
          far.call((connection) => connection.resume());
        }
        expect(rounds).toBeGreaterThan(1);
      });
    });

    test.each(["the one who dialled", "the one who accepted"])(
      "tells both sides once when %s closes, after all that was sent",
      async (who) => {
        await play(async ({ world, dial }) => {
          const { near, far } = await dial();
          const [closing, other] = who === "the one who dialled" ? [near, far] : [far, near];
          closing.call((connection) => connection.write(Uint8Array.of(1, 2, 3)));
          closing.call((connection) => connection.close());
          closing.call((connection) => connection.close());
          await world.until(() => closing.closes > 0 && other.closes > 0);
          expect([closing.closes, other.closes]).toEqual([1, 1]);
          expect(other.bytes()).toEqual(Uint8Array.of(1, 2, 3));
        });
      },
    );

    test("does nothing with what is written after the end", async () => {
      await play(async ({ world, dial }) => {
        const { near, far } = await dial();
        near.call((connection) => {
          connection.close();
          connection.write(new Uint8Array(1_000));
          connection.pause();
          connection.resume();
        });
        await world.until(() => near.closes > 0 && far.closes > 0);
        far.call((connection) => {
          connection.write(new Uint8Array(1_000));
          connection.pause();
          connection.resume();
          connection.close();
        });
        // A whole other conversation later, all is still as it was.
        const other = await dial();
        other.near.call((connection) => connection.write(Uint8Array.of(1)));
        await world.until(() => other.far.byteLength === 1);
        expect(near.connection!.queuedBytes + far.connection!.queuedBytes).toBe(0);
        expect([near.closes, far.closes, near.byteLength, far.byteLength]).toEqual([1, 1, 0, 0]);
      });
    });

    test("drops what is queued when it closes, and tells a reader that had paused", async () => {
      await play(async ({ world, dial }) => {
        const { near, far } = await dial();
        far.call((connection) => connection.pause());
        near.call((connection) => {
          while (connection.queuedBytes === 0) connection.write(new Uint8Array(1_000_000));
          connection.close();
        });
        expect(near.connection!.queuedBytes).toBe(0);
        await world.until(() => near.closes === 1);
        far.call((connection) => connection.resume());
        await world.until(() => far.closes === 1);
        expect(near.drains).toBe(0);
      });
    });

    test("closes from within onData, accept and handlerOf, and tells it afterwards", async () => {
      await play(async ({ world, accepted, address, recorder, settle, dial }) => {
        const near = recorder();
        const dialled = world.client.connect(
          address,
          (connection) => {
            near.attach(connection);
            near.call(() => connection.close());
            return near;
          },
          DIAL_TIMEOUT_MS,
        );
        await settle(dialled);
        await world.until(() => near.closes === 1 && accepted[0]?.closes === 1);

        const { near: talker, far: closer } = await dial();
        closer.onBytes = () => closer.call((connection) => connection.close());
        talker.call((connection) => connection.write(Uint8Array.of(1)));
        await world.until(() => talker.closes === 1 && closer.closes === 1);

        accepted.length = 0;
        const closedAtAccept = recorder();
        const again = await world.server.listen({ host: "::", port: 0 }, (connection) => {
          closedAtAccept.attach(connection);
          closedAtAccept.call(() => connection.close());
          return closedAtAccept;
        });
        const dialler = recorder();
        const place = { host: world.serverHost, port: again.port };
        await settle(world.client.connect(place, dialler.attach, DIAL_TIMEOUT_MS));
        await world.until(() => dialler.closes === 1 && closedAtAccept.closes === 1);
        again.stop();
      });
    });

    test("writes from within accept, and the dialler gets it", async () => {
      await play(
        async ({ world, dial }) => {
          const { near } = await dial();
          await world.until(() => near.byteLength === 2);
          expect(near.bytes()).toEqual(Uint8Array.of(8, 9));
        },
        (far) => far.call((connection) => connection.write(Uint8Array.of(8, 9))),
      );
    });

    test("P-25: outlives resets, before and after data, and tells each once", async () => {
      await play(async ({ world, address, accepted, settle, dial }) => {
        for (let round = 0; round < 20; round++) {
          const bytes = new Uint8Array(round % 2 === 0 ? 0 : 5_000);
          await settle(world.dialAndReset(address, bytes));
        }
        await world.until(() => accepted.every(({ closes }) => closes === 1));
        const { near, far } = await dial();
        near.call((connection) => connection.write(Uint8Array.of(1)));
        await world.until(() => far.byteLength === 1);
        expect(accepted.slice(0, -1).map(({ closes }) => closes)).not.toContain(0);
      });
    });

    test("says ECONNREFUSED where nobody listens, and never asks for a handler", async () => {
      await play(async ({ world, address, listener, settle }) => {
        listener.stop();
        let asked = 0;
        const dialled = world.client.connect(
          address,
          () => {
            asked++;
            throw new Error("asked");
          },
          DIAL_TIMEOUT_MS,
        );
        await expectCode(settle(dialled), "ECONNREFUSED");
        expect(asked).toBe(0);
      });
    });

    const { silenceProblem } = factory;
    const because = silenceProblem === undefined ? "" : ` (skipped: ${silenceProblem})`;
    test.skipIf(silenceProblem !== undefined)(
      `says ETIMEDOUT where nobody answers${because}`,
      async () => {
        await play(async ({ world, recorder, settle }) => {
          const silence = await world.findSilence();
          const near = recorder();
          const dialled = world.client.connect(silence, near.attach, 150);
          await expectCode(settle(dialled), "ETIMEDOUT");
          expect([near.connection, near.closes]).toEqual([undefined, 0]);
        });
      },
    );

    test("refuses at accept: the dialler's connection ends at once", async () => {
      await play(async ({ world, recorder, settle }) => {
        let refused: Connection | undefined;
        const door = await world.server.listen({ host: "::", port: 0 }, (connection) => {
          refused = connection;
          return undefined;
        });
        const near = recorder();
        const address = { host: world.serverHost, port: door.port };
        // On TCP the reset may come before the dialler has seen that it was connected.
        const dialled = settle(world.client.connect(address, near.attach, DIAL_TIMEOUT_MS)).then(
          () => "open",
          () => "failed",
        );
        if ((await dialled) === "open") await world.until(() => near.closes === 1);
        refused!.write(new Uint8Array(10));
        expect(refused!.queuedBytes).toBe(0);
        door.stop();
      });
    });

    test("knows who is on the other side, and who dialled", async () => {
      await play(async ({ world, address, dial }) => {
        const { near, far } = await dial();
        expect(near.connection!.remote).toEqual(address);
        expect(far.connection!.remote.host).toBe(world.clientHost);
        expect(far.connection!.remote.port).toBeGreaterThan(0);
        expect([near, far].map(({ connection }) => connection!.isInbound)).toEqual([false, true]);
      });
    });

    test("has a port to itself, and gives it back when it stops, while connections go on", async () => {
      await play(async ({ world, listener, dial }) => {
        const again = () =>
          world.server.listen({ host: "::", port: listener.port }, () => undefined);
        await expectCode(again(), "EADDRINUSE");
        const { near, far } = await dial();
        listener.stop();
        near.call((connection) => connection.write(Uint8Array.of(1)));
        await world.until(() => far.byteLength === 1);
        const second = await again();
        expect(second.port).toBe(listener.port);
        second.stop();
      });
    });

    test("takes numeric addresses only", async () => {
      await play(async ({ world, recorder }) => {
        const named = { host: "localhost", port: 1 };
        await expectCode(world.client.connect(named, recorder().attach, 1_000), "EINVAL");
        await expectCode(
          world.server.listen(named, () => undefined),
          "EINVAL",
        );
      });
    });

    test("opens and closes 500 connections and leaves no socket behind", async () => {
      await play(async ({ world, accepted, dial }) => {
        await dial();
        const before = world.countSockets();
        const pairs: { near: Recorder; far: Recorder }[] = [];
        for (let count = 0; count < 500; count++) pairs.push(await dial());
        const during = world.countSockets();
        if (before !== undefined) expect(during).toBe(before + 1_000);
        for (const [number, { near, far }] of pairs.entries()) {
          (number % 2 === 0 ? near : far).call((connection) => connection.close());
        }
        await world.until(() => pairs.every(({ near, far }) => near.closes + far.closes === 2));
        expect(accepted.length).toBe(501);
        // The engine may close a descriptor a turn of its loop after it has said so.
        for (let turn = 0; turn < 100 && world.countSockets() !== before; turn++) {
          await new Promise(setImmediate);
        }
        expect(world.countSockets()).toBe(before);
      });
    });
  });
}

/** Expects that `promise` is rejected with an error of this code. */
export async function expectCode(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    () => "no error",
    (error: { code?: string }) => error.code ?? String(error),
  );
  expect(outcome).toBe(code);
}

function writeInPieces(recorder: Recorder, bytes: Uint8Array, random: SeededRandom): void {
  for (let at = 0; at < bytes.length; ) {
    const length = random.oneIn(2) ? random.below(40) : random.below(70_000);
    const piece = bytes.subarray(at, at + length);
    recorder.call((connection) => connection.write(piece));
    at += length;
  }
}

/** Fast enough for megabytes, and no run of it is like another. */
function randomBytes(random: SeededRandom, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let index = 0; index < words.length; index++) words[index] = random.u32();
  return new Uint8Array(words.buffer, 0, length);
}
