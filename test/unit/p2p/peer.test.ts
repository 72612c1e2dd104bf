/**
 * One connection: what it understands, what it holds, and how it ends, whatever the other side does.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NodeIdentity } from "../../../src/p2p/identity.ts";
import { LETTER_OVERHEAD_BYTES } from "../../../src/p2p/inbox.ts";
import { PING_INTERVAL_MS } from "../../../src/p2p/liveness.ts";
import { CONGESTION_BYTES, MAX_INBOX_BYTES } from "../../../src/p2p/peer.ts";
import { SharedFrames } from "../../../src/p2p/shared-frames.ts";
import { encodeFrame, FRAME_HEADER_SIZE } from "../../../src/wire/frame.ts";
import { COMMANDS, encodeMessage, type Message } from "../../../src/wire/message.ts";
import { framesOf, largeLetter, letter, MAGIC, PeerLab } from "../../support/peer-lab.ts";
import { SeededRandom } from "../../support/random.ts";

const HOUR_MS = 3_600_000;

describe("the handshake", () => {
  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])("is done once (inbound: %p, with the extension: %p)", (isInbound, isCairn) => {
    const lab = new PeerLab({ isInbound }).shakeHands({ isCairn });
    expect([lab.readyCount, lab.peer.isReady]).toEqual([1, true]);
    expect(lab.peer.profile.cairn?.name).toBe(isCairn ? "the other side" : undefined);
    expect(lab.peer.statistics.pingMs).toBe(0);
  });

  test("P-21: ends alike for every split of the bytes, one by one too", () => {
    const whole = new PeerLab().shakeHands();
    const said = Buffer.concat([handshakeOf(), framesOf([letter(1), letter(2), largeLetter()])]);
    fc.assert(
      fc.property(fc.array(fc.nat(said.length), { maxLength: 30 }), (cuts) => {
        const lab = new PeerLab();
        const places = [0, ...cuts.toSorted((a, b) => a - b), said.length];
        for (const [index, end] of places.slice(1).entries()) {
          lab.sayBytes(said.subarray(places[index], end));
        }
        expect(lab.peer.isReady).toBe(true);
        expect(lab.peer.profile.userAgent).toBe(whole.peer.profile.userAgent);
        expect(lab.takeAll()).toEqual([letter(1), letter(2), largeLetter()]);
      }),
      { numRuns: 200, seed: 3 },
    );
    const slow = new PeerLab();
    for (const byte of said) slow.sayBytes(Uint8Array.of(byte));
    expect(slow.takeAll().length).toBe(3);
  });

  test("P-35: a second version afterwards ends it", () => {
    const lab = new PeerLab().shakeHands();
    lab.sayBytes(handshakeOf());
    lab.clock.pass(0);
    expect(lab.closes).toEqual(["version-twice"]);
    expect(lab.peer.isDiscouraged).toBe(false);
  });

  test("P-35: the rest of it, said again afterwards, means nothing", () => {
    const lab = new PeerLab().shakeHands({ isCairn: true });
    const signature = new Uint8Array(64);
    const late: Message[] = [
      { command: "verack" },
      { command: "wtxidrelay" },
      { command: "sendaddrv2" },
      { command: "cairnproof", signature },
    ];
    lab.say(...late, letter(1));
    expect(lab.takeAll()).toEqual([letter(1)]);
    expect([lab.readyCount, lab.peer.profile.wantsWtxids]).toEqual([1, true]);
  });

  test("a proof that is none is held against the host", () => {
    const lab = new PeerLab();
    const connectionsSigned = handshakeOf({ isCairn: true, nonce: 77n });
    lab.sayBytes(connectionsSigned);
    lab.clock.pass(0);
    expect(lab.closes).toEqual(["bad-identity-proof"]);
    expect(lab.peer.isDiscouraged).toBe(true);
  });
});

describe("bytes that make no sense", () => {
  const wrongChecksum = framesOf([letter(1)]);
  wrongChecksum[20]! ^= 1;
  const nonsense: readonly (readonly [string, Uint8Array])[] = [
    ["another magic", Uint8Array.of(0xf9, 0xbe, 0xb4, 0xd9)],
    ["text", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
    ["a wrong checksum", wrongChecksum],
    ["a payload that does not follow its format", encodeFrame(MAGIC, "ping", new Uint8Array(7))],
    ["a command that cannot be printed", frameWith((frame) => frame.fill(1, 4, 16))],
    ["P-20: 4 GiB announced", frameWith((frame) => frame.fill(0xff, 16, 20))],
    ["a ping of 9 bytes announced", encodeFrame(MAGIC, "ping", new Uint8Array(9)).subarray(0, 24)],
    ["a block larger than any", lengthOnly("block", 4_000_000 + 65_536 + 1)],
  ];

  test.each(nonsense)("end a connection: %s", (_, bytes) => {
    const lab = new PeerLab().shakeHands().sayBytes(bytes);
    lab.clock.pass(0);
    expect(lab.closes).toEqual(["malformed-message"]);
    expect(lab.peer.isDiscouraged).toBe(true);
  });

  test.each(nonsense)("before the handshake are nobody's fault: %s", (_, bytes) => {
    const lab = new PeerLab().sayBytes(bytes);
    lab.clock.pass(0);
    expect(lab.closes).toEqual(["bad-handshake"]);
    expect(lab.peer.isDiscouraged).toBe(false);
  });

  test("in the inbox are found when it is their turn, and what follows is dropped", () => {
    const lab = new PeerLab().shakeHands();
    lab
      .say(letter(1))
      .sayBytes(encodeFrame(MAGIC, "feefilter", new Uint8Array(3)))
      .say(letter(2));
    expect(lab.peer.takeMessage()).toEqual(letter(1));
    expect(lab.peer.takeMessage()).toBeUndefined();
    lab.clock.pass(0);
    expect([lab.closes, lab.peer.hasMail]).toEqual([["malformed-message"], false]);
  });

  test("are a large block's header not: it is waited for", () => {
    const lab = new PeerLab().shakeHands().sayBytes(lengthOnly("block", 4_000_000));
    expect(lab.peer.isReady).toBe(true);
    // Nothing was set aside for what has not come.
    expect(lab.peer.partialBytes).toBeLessThan(2_000);
  });

  test("a command that nobody knows is no nonsense", () => {
    const lab = new PeerLab().sayBytes(encodeFrame(MAGIC, "sendtxrcncl", new Uint8Array(12)));
    lab.shakeHands().sayBytes(encodeFrame(MAGIC, "news", new Uint8Array(60_000)));
    expect([lab.peer.isReady, lab.mailCount]).toEqual([true, 0]);
  });

  test("before the handshake more than 4 KiB in all are too much", () => {
    const lab = new PeerLab();
    const unknown = encodeFrame(MAGIC, "news", new Uint8Array(1_000));
    for (let count = 0; count < 4; count++) lab.sayBytes(unknown);
    expect(lab.peer.isClosed).toBe(false);
    lab.sayBytes(unknown);
    lab.clock.pass(0);
    expect(lab.closes).toEqual(["bad-handshake"]);
  });

  test("a fault of our own is not taken for the peer's", () => {
    const lab = new PeerLab();
    lab.onReady = () => {
      throw new RangeError("ours");
    };
    expect(() => lab.shakeHands()).toThrow("ours");
  });
});

describe("what is sent", () => {
  test("P-24: a peer that does not read is told of it by a mark, then dropped", () => {
    const lab = new PeerLab().shakeHands();
    lab.connection.isStuck = true;
    const large = largeLetter();
    while (!lab.peer.isCongested) lab.peer.send(large);
    expect(lab.connection.queuedBytes).toBeLessThan(CONGESTION_BYTES + 50_000);
    // Room for one block beyond, of whatever size.
    lab.peer.sendFrame("block", new Uint8Array(3_900_000));
    expect(lab.peer.isReady).toBe(true);
    lab.peer.send(large);
    lab.peer.send(large);
    lab.peer.send(large);
    lab.peer.send(large);
    lab.clock.pass(0);
    expect(lab.closes).toEqual(["send-queue-full"]);
    expect(lab.peer.isDiscouraged).toBe(false);
  });

  test("a payload for many is framed once", () => {
    const frames = new SharedFrames(MAGIC);
    const [first, second] = [1, 2].map(() => new PeerLab({ frames }).shakeHands());
    const payload = encodeMessage(largeLetter());
    first!.peer.sendFrame("inv", payload);
    second!.peer.sendFrame("inv", payload);
    const [one] = first!.connection.written.slice(-1);
    expect(second!.connection.written.at(-1)).toBe(one!);
    expect(first!.heard()).toEqual([largeLetter()]);
    // The same bytes may be another message.
    second!.peer.sendFrame("getdata", payload);
    expect(second!.heard().map(({ command }) => command)).toEqual(["inv", "getdata"]);
  });

  test("after the end is nothing", () => {
    const lab = new PeerLab().shakeHands();
    lab.peer.disconnect("by-hand");
    const { length } = lab.connection.written;
    lab.peer.send(letter(1));
    lab.peer.sendFrame("tx", new Uint8Array(10));
    lab.peer.probe();
    expect(lab.connection.written.length).toBe(length);
  });
});

describe("the inbox", () => {
  test("makes the peer wait once it is full, and loses nothing", () => {
    const lab = new PeerLab().shakeHands();
    let said = 0;
    while (!lab.connection.isPaused) lab.say(largeLetter(said++));
    const size = encodeMessage(largeLetter()).length + LETTER_OVERHEAD_BYTES;
    expect(said).toBe(Math.floor(MAX_INBOX_BYTES / size) + 1);
    // A piece that was read before the pause had its way is kept as well.
    lab.say(largeLetter(said++));
    expect([lab.connection.pauses, lab.mailCount]).toEqual([1, 1]);

    const taken: (Message | undefined)[] = [];
    while (lab.connection.isPaused) taken.push(lab.peer.takeMessage());
    expect(lab.peer.unreadBytes).toBeLessThan(MAX_INBOX_BYTES / 2);
    expect(lab.peer.unreadBytes).toBeGreaterThan(MAX_INBOX_BYTES / 2 - 2 * size);
    lab.say(largeLetter(said++));
    taken.push(...lab.takeAll());
    expect(taken).toEqual(Array.from({ length: said }, (_, number) => largeLetter(number)));
    expect([lab.peer.unreadBytes, lab.peer.hasMail]).toEqual([0, false]);
  });

  test("counts empty messages too, and keeps their order however many there are", () => {
    const lab = new PeerLab().shakeHands();
    let said = 0;
    while (!lab.connection.isPaused) lab.say(letter(said++));
    expect(said).toBeLessThan(MAX_INBOX_BYTES / LETTER_OVERHEAD_BYTES + 1);
    const taken = lab.takeAll();
    expect(taken.length).toBe(said);
    expect(taken.at(-1)).toEqual(letter(said - 1));
    expect(taken.every((message, place) => Bun.deepEquals(message, letter(place)))).toBe(true);
  });

  test("tells its owner each time that it is no longer empty, and at no other", () => {
    const lab = new PeerLab().shakeHands();
    lab.say(letter(1), letter(2));
    expect(lab.mailCount).toBe(1);
    lab.takeAll();
    lab.say(letter(3));
    expect(lab.mailCount).toBe(2);
  });

  test("is empty after the end", () => {
    const lab = new PeerLab().shakeHands().say(letter(1));
    lab.peer.disconnect("by-hand");
    expect([lab.peer.takeMessage(), lab.peer.unreadBytes]).toEqual([undefined, 0]);
    lab.say(letter(2));
    expect(lab.peer.hasMail).toBe(false);
  });
});

describe("P-36: pings", () => {
  test("are answered at once, also while messages wait", () => {
    const lab = new PeerLab().shakeHands().say(letter(1));
    lab.say({ command: "ping", nonce: 99n });
    expect(lab.heard()).toEqual([{ command: "pong", nonce: 99n }]);
  });

  test("ten at once and one a second are fine for ever", () => {
    const lab = new PeerLab().shakeHands();
    for (let count = 0; count < 10; count++) lab.say({ command: "ping", nonce: 1n });
    for (let count = 0; count < 600; count++) {
      lab.clock.pass(1_000);
      lab.say({ command: "ping", nonce: 1n });
      lab.answerPings();
    }
    expect([lab.peer.isReady, lab.peer.points]).toEqual([true, 0]);
  });

  test("in a flood end the connection after some thirty", () => {
    const lab = new PeerLab().shakeHands();
    let count = 0;
    for (; !lab.peer.isClosed; count++) lab.say({ command: "ping", nonce: 1n });
    expect(count).toBe(30);
    expect(lab.peer.isDiscouraged).toBe(true);
    lab.clock.pass(0);
    expect(lab.closes).toEqual(["ping-flood"]);
  });

  test("a pong that nobody asked for, or of another ping, means nothing", () => {
    const lab = new PeerLab().shakeHands({ answersPing: false });
    for (let nonce = 0n; nonce < 100n; nonce++) lab.say({ command: "pong", nonce });
    expect([lab.peer.isReady, lab.peer.statistics.pingMs]).toEqual([true, undefined]);
    lab.clock.pass(40);
    lab.answerPings();
    lab.answerPings();
    expect(lab.peer.statistics.pingMs).toBe(40);
  });

  test("measure the last and the shortest round trip", () => {
    const lab = new PeerLab().shakeHands({ answersPing: false });
    for (const roundTripMs of [30, 20, 50]) {
      lab.clock.pass(roundTripMs);
      expect(lab.answerPings()).toBe(1);
      expect(lab.peer.statistics.pingMs).toBe(roundTripMs);
      lab.clock.pass(PING_INTERVAL_MS - roundTripMs);
    }
    expect(lab.peer.statistics.minPingMs).toBe(20);
  });
});

describe("penalties", () => {
  test("add up, are forgotten by halves, and end the connection at a hundred", () => {
    const lab = new PeerLab().shakeHands();
    lab.peer.addPenalty(99);
    expect(lab.peer.isReady).toBe(true);
    lab.clock.pass(60_000);
    expect(lab.peer.points).toBeCloseTo(49.5);
    lab.peer.addPenalty(0);
    lab.peer.addPenalty(50);
    expect(lab.peer.isReady).toBe(true);
    lab.peer.addPenalty(0.5);
    lab.clock.pass(0);
    expect(lab.closes).toEqual(["misbehaving"]);
  });

  test("that ended it are not forgotten before its owner hears of the end", () => {
    const lab = new PeerLab().shakeHands();
    lab.peer.punish("malformed-message");
    lab.clock.pass(10 * 60_000);
    expect(lab.peer.isDiscouraged).toBe(true);
    expect(lab.closes).toEqual(["malformed-message"]);
  });
});

describe("the end", () => {
  test("is told once, with the first reason", () => {
    const lab = new PeerLab().shakeHands();
    lab.peer.disconnect("by-hand");
    lab.peer.disconnect("shutdown");
    lab.peer.punish("malformed-message");
    lab.hangUp();
    lab.clock.pass(HOUR_MS);
    expect(lab.closes).toEqual(["by-hand"]);
    expect(lab.peer.isDiscouraged).toBe(false);
  });

  test("P-25: by the other side, at every state, leaves no timer and no memory", () => {
    const said = Buffer.concat([handshakeOf(), framesOf([letter(1)]), lengthOnly("block", 9)]);
    for (let length = 0; length <= said.length; length += 5) {
      const lab = new PeerLab().sayBytes(said.subarray(0, length));
      lab.hangUp();
      expect(lab.closes).toEqual(["closed-by-peer"]);
      expect([lab.clock.eventsWaiting, lab.memory.size, lab.memory.unreadBytes]).toEqual([0, 0, 0]);
    }
  });

  test("within the handshake's last message stops what would follow", () => {
    const lab = new PeerLab();
    lab.onReady = () => lab.peer.disconnect("not-allowed");
    lab.shakeHands();
    lab.say(letter(1));
    lab.clock.pass(HOUR_MS);
    expect([lab.closes, lab.mailCount, lab.clock.eventsWaiting]).toEqual([["not-allowed"], 0, 0]);
  });

  test("before the start is an end all the same", () => {
    const lab = new PeerLab({ isInbound: false });
    lab.peer.disconnect("shutdown");
    lab.peer.start();
    expect(lab.connection.written.length).toBe(1);
    lab.clock.pass(HOUR_MS);
    expect([lab.closes, lab.clock.eventsWaiting]).toEqual([["shutdown"], 0]);
  });
});

describe("P-06: any bytes at all", () => {
  test("end the connection or do not, and throw nothing", () => {
    const random = new SeededRandom(11);
    let ended = 0;
    for (let run = 0; run < 2_000; run++) {
      const lab = random.oneIn(3) ? new PeerLab() : new PeerLab().shakeHands();
      for (let piece = 0; piece < 5; piece++) {
        lab.sayBytes(anyBytes(random));
        lab.takeAll();
        lab.clock.pass(random.below(100));
      }
      if (lab.peer.isClosed) ended++;
      lab.hangUp();
      expect([lab.closes.length, lab.clock.eventsWaiting, lab.memory.size]).toEqual([1, 0, 0]);
    }
    expect(ended).toBeGreaterThan(500);
    expect(ended).toBeLessThan(2_000);
  });
});

/** A frame of some command with some payload, at times damaged. */
function anyBytes(random: SeededRandom): Uint8Array {
  const command = random.oneIn(10) ? "news" : random.pick(COMMANDS);
  const length = random.oneIn(2) ? 0 : random.below(random.oneIn(5) ? 3_000 : 60);
  const frame = encodeFrame(MAGIC, command, random.bytes(length));
  if (random.oneIn(10)) frame[random.below(frame.length)]! ^= 1 << random.below(8);
  return random.oneIn(10) ? frame.subarray(0, random.below(frame.length)) : frame;
}

/** What an inbound peer says to shake hands. */
function handshakeOf({ isCairn = false, nonce = 2n } = {}): Uint8Array {
  // A dialling peer says the same in the same order, whatever it is told.
  const dialling = new PeerLab({ isInbound: false });
  const [version] = dialling.heard();
  if (version?.command !== "version") throw new Error("no version");
  const services = isCairn ? version.services : 9n;
  const rest: Message[] = [{ command: "wtxidrelay" }, { command: "verack" }];
  if (isCairn) {
    const nodeId = new NodeIdentity(new Uint8Array(32).fill(1)).id;
    rest.unshift(
      { command: "cairn", version: 1, nodeId, apiPort: 0, name: "", features: 0 },
      { command: "cairnproof", signature: new Uint8Array(64).fill(1) },
    );
  }
  return framesOf([{ ...version, services, nonce }, ...rest]);
}

/** A frame of some message with its header changed. */
function frameWith(change: (frame: Uint8Array) => void): Uint8Array {
  const frame = framesOf([letter(1)]);
  change(frame);
  return frame;
}

/** A header that announces `length` bytes. */
function lengthOnly(command: string, length: number): Uint8Array {
  const frame = encodeFrame(MAGIC, command, new Uint8Array(0)).slice(0, FRAME_HEADER_SIZE);
  new DataView(frame.buffer).setUint32(16, length, true);
  return frame;
}
