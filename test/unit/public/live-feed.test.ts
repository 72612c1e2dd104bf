/** Every way in which a line to the node breaks, on sockets and a clock made by hand. */

import { describe, expect, test } from "bun:test";
import { type FeedSocketEvents, LiveFeed, POLL_MS } from "../../../public/live-feed.ts";

/** A node whose line and answers the test decides. */
function world({ isThere = true }: { isThere?: boolean } = {}) {
  const timers: { at: number; act: () => void }[] = [];
  const seen = {
    isThere,
    now: 0,
    polls: 0,
    missed: 0,
    sockets: [] as (FeedSocketEvents & { sent: string[]; isClosed: boolean })[],
    events: [] as number[],
    connections: [] as string[],
    /** Lets time pass, with everything that is due in it. */
    async pass(ms: number): Promise<void> {
      const end = seen.now + ms;
      for (;;) {
        await settle();
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers.splice(timers.indexOf(next), 1);
        seen.now = next.at;
        next.act();
      }
      seen.now = end;
    },
  };
  const feed = new LiveFeed({
    topics: ["blocks"],
    openSocket: (events) => {
      const socket = { ...events, sent: [] as string[], isClosed: false };
      seen.sockets.push(socket);
      return {
        send: (text) => void socket.sent.push(text),
        close: () => {
          socket.isClosed = true;
        },
      };
    },
    after: (ms, act) => {
      const timer = { at: seen.now + ms, act };
      timers.push(timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    random: () => 1,
    poll: async () => {
      seen.polls += 1;
      return seen.isThere;
    },
    onMissed: () => {
      seen.missed += 1;
    },
    onEvent: ({ seq }) => void seen.events.push(seq),
    onConnection: (connection) => void seen.connections.push(connection),
  });
  return { feed, seen };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function tell(seen: ReturnType<typeof world>["seen"], message: unknown): void {
  seen.sockets.at(-1)?.onMessage(JSON.stringify(message));
}

/** Opens the newest socket and has it welcomed. */
function welcome(seen: ReturnType<typeof world>["seen"], seq: number, boot = "one"): void {
  seen.sockets.at(-1)?.onOpen();
  tell(seen, { op: "subscribed", topics: ["blocks"], seq, boot });
}

function event(seq: number) {
  return { topic: "blocks", seq, time: 0, event: "block-connected", data: {} };
}

describe("a line that holds", () => {
  test("is subscribed to, welcomed, and delivers", async () => {
    const { feed, seen } = world();
    feed.start();
    welcome(seen, 4);
    tell(seen, event(5));
    tell(seen, event(6));
    await seen.pass(POLL_MS);
    expect(seen.sockets[0]?.sent.map((text) => JSON.parse(text))).toEqual([
      { op: "subscribe", topics: ["blocks"] },
    ]);
    expect(seen.events).toEqual([5, 6]);
    expect(seen.connections).toEqual(["live"]);
    expect(seen.missed).toBe(1);
    expect(seen.polls).toBe(1);
  });

  test("says by a gap that something was missed", () => {
    const { feed, seen } = world();
    feed.start();
    welcome(seen, 4);
    tell(seen, { op: "gap", from: 5, to: 9 });
    expect(seen.missed).toBe(2);
  });

  test("may send what is none of ours", () => {
    const { feed, seen } = world();
    feed.start();
    welcome(seen, 4);
    for (const text of ["", "{", "null", "7", '"x"', "[]", '{"op":"new"}', '{"event":7}']) {
      seen.sockets[0]?.onMessage(text);
    }
    expect(seen.events).toEqual([]);
    expect(seen.missed).toBe(1);
  });
});

describe("a line that breaks", () => {
  test("is opened again from the last event on, and nothing comes twice", async () => {
    const { feed, seen } = world();
    feed.start();
    welcome(seen, 4);
    tell(seen, event(5));
    seen.sockets[0]?.onClose();
    await seen.pass(1_000);
    expect(seen.sockets).toHaveLength(2);
    welcome(seen, 7);
    tell(seen, event(5));
    tell(seen, event(6));
    tell(seen, event(7));
    expect(JSON.parse(seen.sockets[1]?.sent[0] ?? "")).toMatchObject({ since: 5, boot: "one" });
    expect(seen.events).toEqual([5, 6, 7]);
    expect(seen.missed).toBe(1);
    expect(seen.connections.at(-1)).toBe("live");
  });

  test("to a node that started anew has everything fetched, and counts from there", () => {
    const { feed, seen } = world();
    feed.start();
    welcome(seen, 900);
    seen.sockets[0]?.onClose();
    return seen.pass(1_000).then(() => {
      welcome(seen, 2, "two");
      tell(seen, event(3));
      expect(seen.missed).toBe(2);
      expect(seen.events).toEqual([3]);
    });
  });

  test("is told of as reconnecting while the node is gone, and tried at once when it is back", async () => {
    const { feed, seen } = world();
    feed.start();
    welcome(seen, 4);
    seen.isThere = false;
    seen.sockets[0]?.onClose();
    for (let round = 0; round < 20; round++) {
      await seen.pass(POLL_MS);
      const socket = seen.sockets.at(-1);
      if (socket !== undefined && !socket.isClosed) {
        socket.isClosed = true;
        socket.onClose();
      }
    }
    expect(seen.connections.at(-1)).toBe("reconnecting");
    const attempts = seen.sockets.length;
    expect(attempts).toBeLessThan(9);
    seen.isThere = true;
    await seen.pass(POLL_MS);
    expect(seen.sockets).toHaveLength(attempts + 1);
    welcome(seen, 1, "two");
    expect(seen.connections.slice(-2)).toEqual(["polling", "live"]);
  });

  test("that falls silent is asked about, and closed if nobody answers", async () => {
    const { feed, seen } = world();
    feed.start();
    welcome(seen, 4);
    await seen.pass(15_000);
    expect(seen.polls).toBe(2);
    expect(seen.sockets[0]?.isClosed).toBeFalse();
    seen.isThere = false;
    await seen.pass(15_000);
    expect(seen.sockets[0]?.isClosed).toBeTrue();
    expect(seen.connections.at(-1)).toBe("reconnecting");
  });
});

test("a node without events is asked every two seconds", async () => {
  const { feed, seen } = world();
  feed.start();
  seen.sockets[0]?.onClose();
  await seen.pass(10 * POLL_MS);
  expect(seen.connections).toEqual(["polling"]);
  expect(seen.polls).toBe(11);
});

test("after it was stopped nothing happens any more", async () => {
  const { feed, seen } = world();
  feed.start();
  welcome(seen, 4);
  feed.stop();
  seen.sockets[0]?.onClose();
  const before = seen.polls;
  await seen.pass(100_000);
  expect(seen.sockets[0]?.isClosed).toBeTrue();
  expect(seen.sockets).toHaveLength(1);
  expect(seen.polls).toBe(before);
});
