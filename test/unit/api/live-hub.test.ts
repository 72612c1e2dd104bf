/**
 * Clients of the push API on a clock turned by hand, with sockets in memory that take as much as a
 * test lets them.
 */

import { describe, expect, test } from "bun:test";
import { CLOSE_CODE, SEND_WINDOW_BYTES, STALL_MS } from "../../../src/api/live-client.ts";
import {
  LIVE_MESSAGE_RATE,
  LIVE_PING_MS,
  LiveHub,
  type LivePlace,
  MAX_LIVE_CLIENTS,
  MAX_LIVE_CLIENTS_PER_ADDRESS,
} from "../../../src/api/live-hub.ts";
import type { LiveLogBounds } from "../../../src/api/live-log.ts";
import { LIVE_TOPICS, MAX_LIVE_TOPICS } from "../../../src/api/live-schemas.ts";
import { ApiError } from "../../../src/api/problem.ts";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import { AddressError } from "../../../src/primitives/address.ts";
import { HandClock } from "../../support/hand-clock.ts";

/** More than any flush waits. */
const A_MOMENT_MS = 20;

/** A client whose socket takes everything until it is told to take nothing. */
class Client {
  readonly told: any[] = [];
  readonly place: LivePlace;
  readonly #hub: LiveHub;
  waiting = 0;
  isReading = true;
  /** Takes not even answers. */
  isFull = false;
  pings = 0;
  closed: number | "terminated" | undefined;

  constructor(hub: LiveHub, key = "local") {
    this.#hub = hub;
    this.place = hub.reserve(key, true);
    hub.open(this.place, {
      send: (text) => {
        if (this.isFull) return false;
        if (this.isReading) this.told.push(JSON.parse(text));
        else this.waiting += text.length;
        return true;
      },
      bufferedBytes: () => this.waiting,
      together: (run) => run(),
      ping: () => {
        this.pings += 1;
      },
      close: (code) => this.#end(code),
      terminate: () => this.#end("terminated"),
    });
  }

  say(message: unknown): any {
    this.#hub.receive(this.place, JSON.stringify(message));
    return this.told.at(-1);
  }

  subscribe(topics: readonly string[], more: object = {}): any {
    const before = this.told.length;
    this.say({ op: "subscribe", topics, ...more });
    return this.told[before];
  }

  /** Numbers of the events told, from the one after `answers` on. */
  get seqs(): number[] {
    return this.told.filter(({ op }) => op === undefined).map(({ seq }) => seq);
  }

  get gaps(): any[] {
    return this.told.filter(({ op }) => op === "gap");
  }

  drain(): void {
    this.isReading = true;
    this.waiting = 0;
    this.#hub.drained(this.place);
  }

  #end(how: number | "terminated"): void {
    this.closed ??= how;
    this.#hub.leave(this.place);
  }
}

function start(bounds: LiveLogBounds = {}, boot = "run-1", clock = new HandClock()) {
  const hub = new LiveHub({
    clock,
    log: SILENT_LOGGER,
    boot,
    bounds,
    readAddress: (text) => {
      if (!/^crn1[a-z]+$/i.test(text)) throw new AddressError("format", "no address");
      return { address: text.toLowerCase(), script: `5120${text.toLowerCase()}` };
    },
  });
  const tell = (topic: string, count = 1, filler = 0) => {
    for (let index = 0; index < count; index++) {
      const data = { count: index, bytes: 0, minFeerate: 1, filler: "x".repeat(filler) };
      hub.publish(topic, "mempool-changed", data);
    }
  };
  return { hub, clock, tell, first: clock.now() * 1_000 };
}

describe("subscribing", () => {
  test("gives the events of its topics, in order, each once", () => {
    const { hub, clock, tell, first } = start();
    const client = new Client(hub);
    expect(client.subscribe(["mempool"])).toMatchObject({
      op: "subscribed",
      topics: ["mempool"],
      seq: first - 1,
      boot: "run-1",
    });
    tell("mempool");
    tell("blocks");
    tell("mempool", 2);
    clock.pass(A_MOMENT_MS);
    expect(client.seqs).toEqual([first, first + 2, first + 3]);
    expect(client.told.at(-1)).toEqual({
      topic: "mempool",
      seq: first + 3,
      time: clock.now() - A_MOMENT_MS,
      event: "mempool-changed",
      data: { count: 1, bytes: 0, minFeerate: 1, filler: "" },
    });
    tell("mempool");
    clock.pass(A_MOMENT_MS);
    expect(client.seqs).toEqual([first, first + 2, first + 3, first + 4]);
  });

  test("since a number gives what was missed of the new topics, and nothing twice", () => {
    const { hub, clock, tell, first } = start();
    const client = new Client(hub);
    client.subscribe(["blocks"]);
    tell("blocks");
    tell("mempool");
    tell("blocks");
    clock.pass(A_MOMENT_MS);
    client.told.length = 0;
    client.subscribe(["mempool", "blocks"], { since: first - 1 });
    tell("blocks");
    clock.pass(A_MOMENT_MS);
    expect(client.seqs).toEqual([first + 1, first + 3]);
    expect(client.gaps).toEqual([]);
  });

  test("since a number gives to one who was away exactly what he missed", () => {
    const { hub, clock, tell } = start();
    const steady = new Client(hub);
    steady.subscribe(["blocks", "mempool"]);
    const first = new Client(hub);
    first.subscribe(["blocks", "mempool"]);
    tell("blocks", 3);
    clock.pass(A_MOMENT_MS);
    hub.leave(first.place);
    tell("mempool", 5);
    tell("stats", 2);
    tell("blocks", 2);
    const second = new Client(hub);
    second.subscribe(["blocks", "mempool"], { since: first.seqs.at(-1), boot: "run-1" });
    tell("mempool", 2);
    clock.pass(A_MOMENT_MS);
    expect([...first.seqs, ...second.seqs]).toEqual(steady.seqs);
    expect(second.gaps).toEqual([]);
  });

  test("since before the log is a gap, and new events follow it", () => {
    const { hub, clock, tell, first } = start({ maxEvents: 4 });
    const client = new Client(hub);
    tell("blocks", 10);
    client.subscribe(["blocks"], { since: first });
    expect(client.gaps).toEqual([
      { op: "gap", from: first + 1, to: first + 9, reason: "forgotten" },
    ]);
    tell("blocks");
    clock.pass(A_MOMENT_MS);
    expect(client.seqs).toEqual([first + 10]);
  });

  test("since exactly where the log begins is no gap", () => {
    const { hub, tell, first } = start({ maxEvents: 4 });
    const client = new Client(hub);
    tell("blocks", 10);
    client.subscribe(["blocks"], { since: first + 5 });
    expect(client.gaps).toEqual([]);
    expect(client.seqs).toEqual([first + 6, first + 7, first + 8, first + 9]);
  });

  test("since a number of another run is a gap, with and without its name", () => {
    const clock = new HandClock();
    const before = start({}, "run-1", clock);
    before.tell("blocks", 5);
    const { lastSeq } = before.hub;
    clock.pass(1_000);
    const { hub, first, tell } = start({}, "run-2", clock);
    const nameless = new Client(hub);
    expect(nameless.subscribe(["blocks"], { since: lastSeq }).boot).toBe("run-2");
    expect(nameless.gaps).toMatchObject([{ from: lastSeq + 1, to: first - 1 }]);

    tell("blocks", 3);
    const named = new Client(hub);
    named.subscribe(["blocks"], { since: first, boot: "run-1" });
    expect(named.gaps).toMatchObject([{ reason: "restarted", to: first + 2 }]);
    // A clock that went back: the number is still to come.
    const early = new Client(hub);
    early.subscribe(["blocks"], { since: first + 1_000 });
    expect(early.gaps).toMatchObject([{ reason: "restarted" }]);
  });

  test("to an address takes any spelling, and tells a gap for when nobody watched it", () => {
    const { hub, clock, tell, first } = start();
    tell("blocks", 3);
    const client = new Client(hub);
    const answer = client.subscribe(["address:CRN1ABC"], { since: first });
    expect(answer.topics).toEqual(["address:crn1abc"]);
    expect(client.gaps).toMatchObject([{ from: first + 1, to: first + 2, reason: "forgotten" }]);
    expect(hub.addresses.find("5120crn1abc")).toBe("crn1abc");
    tell("address:crn1abc");
    clock.pass(A_MOMENT_MS);
    hub.leave(client.place);
    tell("address:crn1abc");
    const again = new Client(hub);
    again.subscribe(["address:crn1abc"], { since: client.seqs.at(-1) });
    expect(again.gaps).toEqual([]);
    expect(again.seqs).toEqual([first + 4]);
  });

  test("ends for some topics or for all", () => {
    const { hub, clock, tell } = start();
    const client = new Client(hub);
    client.subscribe(["blocks", "stats", "address:crn1abc"]);
    expect(client.say({ op: "unsubscribe", topics: ["stats"] })).toMatchObject({
      op: "unsubscribed",
      topics: ["blocks", "address:crn1abc"],
    });
    expect(client.say({ op: "unsubscribe" }).topics).toEqual([]);
    tell("blocks");
    tell("stats");
    clock.pass(A_MOMENT_MS);
    expect(client.seqs).toEqual([]);
    expect(hub.isWanted("blocks")).toBeFalse();
  });
});

describe("what is not understood is told, and ends nothing", () => {
  const cases: [string, string | Uint8Array, string][] = [
    ["no JSON", "hello", "json-syntax"],
    ["half of JSON", '{"op":"ping"', "json-syntax"],
    ["a key twice", '{"op":"ping","op":"ping"}', "json-duplicate-key"],
    ["a prototype's key", '{"op":"ping","__proto__":{"topics":[]}}', "json-forbidden-key"],
    ["a prototype's key in disguise", '{"op":"ping","\\u005f_proto__":1}', "json-forbidden-key"],
    ["a constructor", '{"op":"subscribe","constructor":{}}', "json-forbidden-key"],
    ["great depth", "[".repeat(8_000), "json-too-deep"],
    ["a list", "[]", "bad-request-shape"],
    ["nothing", "null", "bad-request-shape"],
    ["bytes", new Uint8Array([1, 2, 3]), "not-text"],
    ["no op", "{}", "unknown-op"],
    ["an unknown op", '{"op":"publish"}', "unknown-op"],
    ["an op of every object", '{"op":"toString"}', "unknown-op"],
    ["an op that is no text", '{"op":7}', "unknown-op"],
    ["no topics", '{"op":"subscribe"}', "bad-request-shape"],
    ["an empty list of topics", '{"op":"subscribe","topics":[]}', "bad-request-shape"],
    ["a topic that is no text", '{"op":"subscribe","topics":[1]}', "bad-request-shape"],
    ["an unknown field", '{"op":"ping","x":1}', "bad-request-shape"],
    ["an unknown topic", '{"op":"subscribe","topics":["blocks","toString"]}', "unknown-topic"],
    ["a bad address", '{"op":"subscribe","topics":["address:1"]}', "bad-address-format"],
    ["a negative number", '{"op":"subscribe","topics":["blocks"],"since":-1}', "bad-request-shape"],
    ["a fraction", '{"op":"subscribe","topics":["blocks"],"since":1.5}', "bad-request-shape"],
    ["a huge number", '{"op":"subscribe","topics":["blocks"],"since":1e300}', "json-number"],
    ["a number as text", '{"op":"subscribe","topics":["blocks"],"since":"1"}', "bad-request-shape"],
  ];
  test.each(cases)("%s", (_, text, code) => {
    const { hub } = start();
    const client = new Client(hub);
    hub.receive(client.place, text);
    expect(client.told).toMatchObject([{ op: "error", code }]);
    expect(client.say({ op: "ping" }).op).toBe("pong");
    expect(client.closed).toBeUndefined();
    // All or nothing.
    for (const topic of LIVE_TOPICS) expect(hub.isWanted(topic)).toBeFalse();
    expect(hub.addresses.size).toBe(0);
  });

  test("more topics than a client may have", () => {
    const { hub } = start();
    const client = new Client(hub);
    const letters = (index: number) =>
      String.fromCharCode(97 + Math.floor(index / 26)) + String.fromCharCode(97 + (index % 26));
    const topics = Array.from({ length: MAX_LIVE_TOPICS }, (_, at) => `address:crn1${letters(at)}`);
    expect(client.subscribe(topics).topics).toHaveLength(MAX_LIVE_TOPICS);
    expect(client.subscribe(topics).op).toBe("subscribed");
    expect(client.subscribe(["blocks"])).toMatchObject({ op: "error", code: "too-many-topics" });
    hub.leave(client.place);
    expect(hub.addresses.size).toBe(MAX_LIVE_TOPICS);
  });
});

describe("clients", () => {
  test("find no place beyond the limits, and one again when another goes", () => {
    const { hub } = start();
    const codeOf = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return (error as ApiError).problem.status;
      }
      return "reserved";
    };
    const places = Array.from({ length: MAX_LIVE_CLIENTS_PER_ADDRESS }, () =>
      hub.reserve("10.0.0.1", false),
    );
    expect(codeOf(() => hub.reserve("10.0.0.1", false))).toBe(429);
    expect(codeOf(() => hub.reserve("10.0.0.2", false))).toBe("reserved");
    while (hub.clientCount < MAX_LIVE_CLIENTS) hub.reserve("127.0.0.1", true);
    expect(codeOf(() => hub.reserve("127.0.0.1", true))).toBe(503);
    hub.leave(places[0]!);
    hub.leave(places[0]!);
    expect(codeOf(() => hub.reserve("10.0.0.1", false))).toBe("reserved");
    expect(hub.clientCount).toBe(MAX_LIVE_CLIENTS);
  });

  test("that send too many messages are closed", () => {
    const { hub, clock } = start();
    const client = new Client(hub);
    for (let round = 0; round < LIVE_MESSAGE_RATE.burst; round++) client.say({ op: "ping" });
    expect(client.closed).toBeUndefined();
    clock.pass(1_000);
    for (let round = 0; round < LIVE_MESSAGE_RATE.burst; round++) client.say({ op: "ping" });
    expect(client.closed).toBeUndefined();
    client.say({ op: "ping" });
    expect(client.closed).toBe(CLOSE_CODE.tooManyMessages);
    expect(hub.clientCount).toBe(0);
  });

  test("that do not answer a ping are dropped, and those that do stay", () => {
    const { hub, clock } = start();
    const dead = new Client(hub);
    const alive = new Client(hub);
    clock.pass(LIVE_PING_MS);
    expect([dead.pings, alive.pings]).toEqual([1, 1]);
    hub.heard(alive.place);
    clock.pass(LIVE_PING_MS - 1);
    expect(dead.closed).toBeUndefined();
    clock.pass(1);
    expect([dead.closed, alive.closed]).toEqual(["terminated", undefined]);
    expect(alive.pings).toBe(2);
  });

  test("are told when the node stops, and nobody comes after", () => {
    const { hub, clock, tell } = start();
    const client = new Client(hub);
    const late = hub.reserve("local", true);
    hub.stop();
    expect(client.closed).toBe(CLOSE_CODE.goingAway);
    expect(() => hub.reserve("local", true)).toThrow(ApiError);
    let code: number | undefined;
    const socket = {
      send: () => true,
      bufferedBytes: () => 0,
      together: () => {},
      ping: () => {},
      terminate: () => {},
    };
    hub.open(late, {
      ...socket,
      close: (given) => {
        code = given;
      },
    });
    expect(code).toBe(CLOSE_CODE.goingAway);
    tell("blocks");
    clock.pass(10 * LIVE_PING_MS);
    expect(client.pings).toBe(0);
  });
});

describe("a client that reads slowly (A-18)", () => {
  /** Bytes of an event beside its filler are fewer than this. */
  const filler = 1_000;

  test("has a bounded part of its own, and gets all the rest when it reads on", () => {
    const { hub, clock, tell, first } = start();
    const client = new Client(hub);
    client.subscribe(["blocks"]);
    client.isReading = false;
    tell("blocks", 500, filler);
    clock.pass(A_MOMENT_MS);
    expect(client.waiting).toBeGreaterThanOrEqual(SEND_WINDOW_BYTES);
    expect(client.waiting).toBeLessThan(SEND_WINDOW_BYTES + 2 * filler);
    client.drain();
    clock.pass(A_MOMENT_MS);
    expect(client.seqs.at(-1)).toBe(first + 499);
    const [start_] = client.seqs;
    expect(client.seqs).toEqual(
      Array.from({ length: first + 500 - start_! }, (_, index) => start_! + index),
    );
    expect(client.gaps).toEqual([]);
  });

  test("gets a gap where the log has moved on, and fresh events after it", () => {
    const { hub, clock, tell, first } = start({ maxEvents: 50 });
    const client = new Client(hub);
    client.subscribe(["blocks"]);
    client.isReading = false;
    for (let round = 0; round < 50; round++) {
      tell("blocks", 10, filler);
      clock.pass(A_MOMENT_MS);
    }
    client.drain();
    expect(client.seqs).toEqual([]);
    expect(client.gaps).toHaveLength(1);
    expect(client.gaps[0]).toMatchObject({ to: first + 499, reason: "forgotten" });
    tell("blocks");
    clock.pass(A_MOMENT_MS);
    expect(client.seqs).toEqual([first + 500]);
  });

  test("is closed once it has taken nothing for too long", () => {
    const { hub, clock, tell } = start();
    const client = new Client(hub);
    const other = new Client(hub);
    client.subscribe(["blocks"]);
    other.subscribe(["blocks"]);
    client.isReading = false;
    tell("blocks", 100, filler);
    clock.pass(STALL_MS - 1_000);
    expect(client.closed).toBeUndefined();
    clock.pass(2_000);
    expect(client.closed).toBe(CLOSE_CODE.tooSlow);
    expect(other.closed).toBeUndefined();
    expect(other.seqs).toHaveLength(100);
  });

  test("is not closed while it takes a little now and then", () => {
    const { hub, clock, tell } = start();
    const client = new Client(hub);
    client.subscribe(["blocks"]);
    for (let round = 0; round < 10; round++) {
      client.isReading = false;
      tell("blocks", 100, filler);
      clock.pass(STALL_MS - 2_000);
      client.drain();
    }
    expect(client.closed).toBeUndefined();
  });

  test("is closed at once if not even an answer finds room", () => {
    const { hub } = start();
    const client = new Client(hub);
    client.isFull = true;
    client.say({ op: "ping" });
    expect(client.closed).toBe(CLOSE_CODE.tooSlow);
  });

  test("wants nothing, and so misses nothing", () => {
    const { hub, clock, tell, first } = start({ maxEvents: 5 });
    const client = new Client(hub);
    tell("blocks", 20);
    clock.pass(A_MOMENT_MS);
    client.subscribe(["blocks"]);
    tell("blocks");
    clock.pass(A_MOMENT_MS);
    expect(client.gaps).toEqual([]);
    expect(client.seqs).toEqual([first + 20]);
  });
});

test("an event that cannot be told is a gap to everybody, not silence", () => {
  const { hub, clock, tell, first } = start();
  const client = new Client(hub);
  client.subscribe(["blocks"]);
  hub.lose();
  tell("blocks");
  clock.pass(A_MOMENT_MS);
  expect(client.gaps).toMatchObject([{ from: first, to: first + 1 }]);
  tell("blocks");
  clock.pass(A_MOMENT_MS);
  expect(client.seqs).toEqual([first + 2]);
});
