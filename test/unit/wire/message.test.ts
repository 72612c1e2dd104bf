/**
 * All messages: published bytes of each, any message there and back, and hostile payloads.
 */

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { ByteWriter, DecodeError } from "../../../src/lib/codec.ts";
import type { BlockHash, Txid } from "../../../src/primitives/hash-id.ts";
import { FrameCutter } from "../../../src/wire/frame.ts";
import { MSG_TX, MSG_WITNESS_BLOCK } from "../../../src/wire/inventory-messages.ts";
import {
  COMMANDS,
  type Command,
  decodeMessage,
  encodeMessage,
  frameMessage,
  HANDSHAKE_LIMITS,
  isCommand,
  type Message,
  peerLimits,
} from "../../../src/wire/message.ts";
import { readBitcoreVectors, readRealBlocks } from "../../support/bitcore-vectors.ts";
import { damage, someHeader, someTxid } from "../../support/builders.ts";
import { anyBytes, MESSAGES } from "../../support/message-arbitraries.ts";
import { SeededRandom } from "../../support/random.ts";
import vectors from "../../vectors/p2p-messages.json";

const SEED = 20_260_402;
const MAINNET = fromHex("f9beb4d9");
const BITCOIN = findNetwork("regtest").params.maxBlockWeight;

const bitcore =
  await readBitcoreVectors<Record<string, { message: string; payload: string }>>("messages.json");
const realBlocks = await readRealBlocks();

/** Payloads of which this node's format is the only one, with their commands. */
const EXACT: readonly { command: string; hex: string }[] = [
  ...vectors.payloads,
  ...realBlocks.map(({ hex }) => ({ command: "block", hex })),
];

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  ...COMMANDS.map((command) => MESSAGES[command] as fc.Arbitrary<Message>),
);

function decodeHex(command: string, hex: string): Message | undefined {
  return decodeMessage(command, fromHex(hex));
}

/** What `decodeMessage` does with bytes of any kind: the message, or "refused". */
function judge(command: Command, payload: Uint8Array): Message | "refused" {
  try {
    return decodeMessage(command, payload) as Message;
  } catch (error) {
    if (error instanceof DecodeError) return "refused";
    throw error;
  }
}

/** A payload with a count before `items`. */
function counted(count: number, ...items: readonly Uint8Array[]): Uint8Array {
  return concatBytes(new ByteWriter().compactSize(count).finish(), ...items);
}

describe("decodeMessage and encodeMessage", () => {
  test.each(EXACT)("give back the published bytes of $command", ({ command, hex }) => {
    const message = decodeHex(command, hex);
    expect(message?.command as string).toBe(command);
    expect(toHex(encodeMessage(message as Message))).toBe(hex);
  });

  test("give back the messages of bitcore-lib, taken from Bitcoin's network", () => {
    const names = Object.keys(bitcore);
    expect(names).toEqual(["VERSION", "VERACK", "INV", "ADDR", "PING"]);
    for (const { message: hex } of Object.values(bitcore)) {
      const [frame] = new FrameCutter(MAINNET, peerLimits(BITCOIN)).push(fromHex(hex));
      const message = decodeMessage(frame?.command ?? "", frame?.payload ?? new Uint8Array());
      expect(toHex(frameMessage(MAINNET, message as Message))).toBe(hex);
    }
  });

  test("read the fields that the developer reference gives for its version message", () => {
    const { hex } = vectors.payloads.find(({ command }) => command === "version") ?? { hex: "" };
    expect(decodeHex("version", hex)).toEqual({
      command: "version",
      protocolVersion: 70002,
      services: 1n,
      time: 1415483324,
      receiver: { services: 1n, address: { host: "198.27.100.9", port: 8333 } },
      sender: { services: 1n, address: { host: "203.0.113.192", port: 8333 } },
      nonce: 0xf85379c9cb358012n,
      userAgent: "/Satoshi:0.9.3/",
      startHeight: 329167,
      relay: true,
    });
  });

  test("read a version message of before relaying could be declined, and of times to come", () => {
    const [old] = vectors.frames.filter(({ command }) => command === "version");
    const payload = old?.hex.slice(48) ?? "";
    const expected = {
      protocolVersion: 60002,
      time: 1355854353,
      userAgent: "/Satoshi:0.7.2/",
      startHeight: 212672,
      relay: true,
    };
    expect(decodeHex("version", payload)).toMatchObject(expected);
    expect(decodeHex("version", `${payload}00`)).toMatchObject({ ...expected, relay: false });
    expect(decodeHex("version", `${payload}01ffeedd`)).toMatchObject(expected);
  });

  test("read the fields of headers, getblocks, inv and feefilter as the reference gives them", () => {
    const published = (name: Command) => {
      const { hex } = vectors.payloads.find(({ command }) => command === name) ?? { hex: "" };
      return decodeHex(name, hex);
    };
    expect(published("headers")).toMatchObject({
      headers: [{ version: 2, time: 1415239972, bits: 0x181bc330, nonce: 0x64089ffe }],
    });
    expect(published("getblocks")).toMatchObject({
      protocolVersion: 70001,
      locator: [
        "00000000000000001bd3146aa1555e10b23b63e6d484987237b575778a609fd3" as BlockHash,
        "00000000000000000aea3be27cda4b71011c2b60fb8a2e0a113708d403643e5c" as BlockHash,
      ],
      stopHash: "0".repeat(64) as BlockHash,
    });
    expect(published("inv")).toMatchObject({
      entries: [
        { type: 1, hash: "5af521b6a11d0829e43247224f03ca42c41f0b5d92a009c55d1fac09d7ff55de" },
        {
          type: 1,
          hash: "c78dc6b217985ee84ae972d8f1aa55a0b8246f767829261880e03770996dd391",
        },
      ],
    });
    expect(published("feefilter")).toEqual({ command: "feefilter", feeRate: 48_508n });
  });

  test("write hand-laid bytes for those of which nobody published any", () => {
    const id = `02${"ab".repeat(32)}`;
    const hash = "11".repeat(32);
    const cases: readonly [Message, string][] = [
      [{ command: "sendcmpct", highBandwidth: true, version: 2n }, "010200000000000000"],
      [{ command: "sendcmpct", highBandwidth: false, version: 1n }, "000100000000000000"],
      [{ command: "wtxidrelay" }, ""],
      [{ command: "sendaddrv2" }, ""],
      [{ command: "sendheaders" }, ""],
      [{ command: "getaddr" }, ""],
      [{ command: "mempool" }, ""],
      [
        { command: "getdata", entries: [{ type: MSG_WITNESS_BLOCK, hash: hash as BlockHash }] },
        `0102000040${hash}`,
      ],
      [
        {
          command: "cairn",
          version: 1,
          nodeId: id as never,
          apiPort: 8080,
          name: "lab 7",
          features: 5,
        },
        `01000000${id}1f90056c6162203705000000`,
      ],
      [{ command: "cairnproof", signature: new Uint8Array(64).fill(7) }, "07".repeat(64)],
      [
        { command: "hops", entries: [{ hash: hash as Txid, hopCount: 3, elapsedMs: 258 }] },
        `01${hash}0302010000`,
      ],
      [
        {
          command: "nodestat",
          height: 256,
          tip: hash as BlockHash,
          peerCount: 7,
          hashRate: 1_000_000,
          mempoolCount: 2,
          mempoolBytes: 2 ** 40,
          neighbors: [id as never],
        },
        [
          "00010000",
          hash,
          "0700",
          "40420f0000000000",
          "02000000",
          "0000000000010000",
          "01",
          id,
        ].join(""),
      ],
    ];
    for (const [message, hex] of cases) {
      expect(toHex(encodeMessage(message))).toBe(hex);
      expect(decodeHex(message.command, hex)).toEqual(message);
    }
  });

  test("give back any message", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodeMessage(message.command, encodeMessage(message))).toEqual(message);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test("are total: any bytes are a message with one meaning, or a DecodeError", () => {
    fc.assert(
      fc.property(fc.constantFrom(...COMMANDS), anyBytes, (command, bytes) => {
        const message = judge(command, bytes);
        if (message === "refused") return;
        expect(judge(command, encodeMessage(message))).toEqual(message);
      }),
      { seed: SEED, numRuns: 5_000 },
    );
  });

  test("are total on damaged messages too, and most often say so", () => {
    let refused = 0;
    fc.assert(
      fc.property(anyMessage, fc.integer(), (message, seed) => {
        const bytes = damage(encodeMessage(message), new SeededRandom(seed));
        const again = judge(message.command, bytes);
        if (again === "refused") refused++;
        else expect(judge(message.command, encodeMessage(again))).toEqual(again);
      }),
      { seed: SEED, numRuns: 5_000 },
    );
    expect(refused).toBeGreaterThan(1_000);
  });

  test("refuse every message that ends early, and every one that goes on", () => {
    for (const { command, hex } of EXACT.filter(({ hex }) => hex.length < 4_000)) {
      // Some endings of a version message are allowed; another test is about them.
      if (command === "version") continue;
      const bytes = fromHex(hex);
      expect(judge(command as Command, concatBytes(bytes, Uint8Array.of(0)))).toBe("refused");
      for (let length = 0; length < bytes.length; length++) {
        expect(judge(command as Command, bytes.subarray(0, length))).toBe("refused");
      }
    }
  });

  test("know nothing of other commands, those of every object among them", () => {
    for (const command of ["", "alert", "VERSION", "constructor", "__proto__", "toString"]) {
      expect(isCommand(command)).toBe(false);
      expect(decodeMessage(command, Uint8Array.of(1, 2, 3))).toBeUndefined();
    }
    expect(COMMANDS.every(isCommand)).toBe(true);
    expect(COMMANDS).toHaveLength(28);
  });

  test("P-35: refuse a user agent or name that is long, or cannot be printed", () => {
    fc.assert(
      fc.property(MESSAGES.version, (message) => {
        const agent = (userAgent: string) => ({ ...message, userAgent });
        expect(() => encodeMessage(agent("a".repeat(257)))).toThrow(RangeError);
        expect(() => encodeMessage(agent("tab\t"))).toThrow(RangeError);
        expect(() => encodeMessage(agent("\u{1f600}"))).toThrow(RangeError);

        const bytes = encodeMessage(agent("?".repeat(200)));
        for (const bad of [0x00, 0x0a, 0x1b, 0x1f, 0x7f, 0x80, 0xc3, 0xff]) {
          const changed = bytes.slice();
          changed[90] = bad;
          expect(judge("version", changed)).toBe("refused");
        }
        // 80 bytes, then the length, 253 or more in three bytes.
        const start = bytes.subarray(0, 80);
        const withAgent = (length: number) =>
          concatBytes(start, counted(length, new Uint8Array(length).fill(0x41), new Uint8Array(5)));
        expect(judge("version", withAgent(256))).toMatchObject({ userAgent: "A".repeat(256) });
        expect(judge("version", withAgent(257))).toBe("refused");
      }),
      { seed: SEED, numRuns: 20 },
    );
  });

  test("refuse lists one longer than allowed, and counts that cannot follow", () => {
    const zeros = new Uint8Array(200_000);
    const cases: readonly [Command, number, number, Uint8Array][] = [
      ["inv", 5_000, 36, new Uint8Array()],
      ["getdata", 5_000, 36, new Uint8Array()],
      ["notfound", 5_000, 36, new Uint8Array()],
      ["addr", 1_000, 30, new Uint8Array()],
      ["headers", 2_000, 81, new Uint8Array()],
      ["getheaders", 101, 32, new Uint8Array(4)],
      ["getblocks", 101, 32, new Uint8Array(4)],
      ["hops", 100, 37, new Uint8Array()],
    ];
    for (const [command, most, size, before] of cases) {
      const after = command.startsWith("get") && size === 32 ? 32 : 0;
      const payload = (count: number) =>
        concatBytes(before, counted(count, zeros.subarray(0, count * size + after)));
      expect(judge(command, payload(most))).toMatchObject({ command });
      expect(judge(command, payload(most + 1))).toBe("refused");
      expect(judge(command, concatBytes(before, fromHex("feffffffff"), zeros))).toBe("refused");
      expect(judge(command, concatBytes(before, fromHex("ffffffffffffffffff")))).toBe("refused");
    }
  });

  test("leave out inventory of unknown types, as Bitcoin Core ignores it", () => {
    const entry = (type: number) =>
      concatBytes(new ByteWriter().u32(type).finish(), new Uint8Array(32));
    const payload = counted(4, entry(0), entry(MSG_TX), entry(3), entry(0x40000005));
    const hash = "0".repeat(64) as Txid;
    expect(judge("inv", payload)).toEqual({ command: "inv", entries: [{ type: MSG_TX, hash }] });
  });

  test("refuse headers with transactions, and a sendcmpct that says neither yes nor no", () => {
    const bytes = encodeMessage({ command: "headers", headers: [someHeader()] });
    expect(judge("headers", bytes)).toMatchObject({ headers: [someHeader()] });
    bytes[81] = 1;
    expect(judge("headers", bytes)).toBe("refused");
    expect(judge("sendcmpct", fromHex("020200000000000000"))).toBe("refused");
  });

  test("refuse to write more than others accept", () => {
    const hash = someTxid();
    const entries = Array.from({ length: 5_001 }, () => ({ type: MSG_TX, hash }) as const);
    expect(() => encodeMessage({ command: "inv", entries })).toThrow(RangeError);
    expect(encodeMessage({ command: "inv", entries: entries.slice(1) })).toHaveLength(180_003);
  });
});

describe("peerLimits and HANDSHAKE_LIMITS", () => {
  /** The largest payload of each command, counted by hand from its fields. */
  const LARGEST: { readonly [C in Command]: number } = {
    version: 512,
    verack: 0,
    wtxidrelay: 0,
    sendaddrv2: 0,
    sendheaders: 0,
    sendcmpct: 9,
    ping: 8,
    pong: 8,
    getaddr: 0,
    addr: 30_003,
    addrv2: 531_003,
    inv: 180_003,
    getdata: 180_003,
    notfound: 180_003,
    tx: 400_000,
    block: 16_065_536,
    getblocks: 3_269,
    getheaders: 3_269,
    headers: 162_003,
    cmpctblock: 16_065_536,
    getblocktxn: 66_088,
    blocktxn: 16_065_536,
    mempool: 0,
    feefilter: 8,
    cairn: 256,
    cairnproof: 64,
    hops: 3_701,
    nodestat: 2_171,
  };

  test("P-20: bound every command, and those that are unknown", () => {
    const { maxPayloadBytes, maxTotalBytes } = peerLimits(
      findNetwork("cairn").params.maxBlockWeight,
    );
    for (const command of COMMANDS) expect(maxPayloadBytes(command)).toBe(LARGEST[command]);
    expect(maxPayloadBytes("alert")).toBe(65_536);
    expect(maxPayloadBytes("constructor")).toBe(65_536);
    expect(maxTotalBytes).toBe(Number.POSITIVE_INFINITY);
    expect(peerLimits(BITCOIN).maxPayloadBytes("block")).toBe(4_065_536);
    expect(peerLimits(BITCOIN).maxPayloadBytes("headers")).toBe(162_003);
  });

  test("before the handshake let in 1,024 bytes a message and 4 KiB in all", () => {
    for (const command of COMMANDS) {
      const most = HANDSHAKE_LIMITS.maxPayloadBytes(command);
      expect(most).toBeLessThanOrEqual(Math.min(1_024, LARGEST[command]));
    }
    expect(HANDSHAKE_LIMITS.maxPayloadBytes("version")).toBe(512);
    expect(HANDSHAKE_LIMITS.maxPayloadBytes("block")).toBe(0);
    expect(HANDSHAKE_LIMITS.maxPayloadBytes("sendtxrcncl")).toBe(1_024);
    expect(HANDSHAKE_LIMITS.maxTotalBytes).toBe(4_096);
  });

  test("leave room for any message that the formats can write", () => {
    const { maxPayloadBytes } = peerLimits(BITCOIN);
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(encodeMessage(message).length).toBeLessThanOrEqual(maxPayloadBytes(message.command));
      }),
      { seed: SEED, numRuns: 500 },
    );
    // The densest list of indexes, and the one with most gaps of 253.
    const blockHash = "0".repeat(64) as BlockHash;
    for (const step of [1, 254]) {
      const length = Math.floor(65_534 / step) + 1;
      const indexes = Array.from({ length }, (_, index) => index * step);
      const payload = encodeMessage({ command: "getblocktxn", blockHash, indexes });
      expect(payload.length).toBeLessThanOrEqual(maxPayloadBytes("getblocktxn"));
    }
  });
});

describe("frameMessage", () => {
  test("writes the header whose checksum another implementation of SHA-256 gives", () => {
    const message: Message = { command: "ping", nonce: 0x0807060504030201n };
    const payload = fromHex("0102030405060708");
    const once = createHash("sha256").update(payload).digest();
    const checksum = createHash("sha256").update(once).digest("hex").slice(0, 8);
    expect(toHex(frameMessage(MAINNET, message))).toBe(
      `f9beb4d970696e67000000000000000008000000${checksum}${toHex(payload)}`,
    );
  });
});
