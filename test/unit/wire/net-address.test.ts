/**
 * Addresses: their text against the engine's own opinion, BIP-0155's entries, service bits.
 */

import { describe, expect, test } from "bun:test";
import { isIP, isIPv4 } from "node:net";
import fc from "fast-check";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { ByteReader, ByteWriter, DecodeError, decodeAll } from "../../../src/lib/codec.ts";
import { formatIp, isIpv4, parseIp } from "../../../src/wire/ip-address.ts";
import { decodeMessage, encodeMessage } from "../../../src/wire/message.ts";
import {
  formatNetAddress,
  parseNetAddress,
  readNetAddress,
  readNetAddressV2,
  readPort,
  writeNetAddress,
  writeNetAddressV2,
  writePort,
} from "../../../src/wire/net-address.ts";
import {
  NODE_CAIRN,
  NODE_NETWORK,
  NODE_WITNESS,
  readCompactServices,
  writeCompactServices,
} from "../../../src/wire/services.ts";
import { netAddresses } from "../../support/message-arbitraries.ts";
import vectors from "../../vectors/p2p-messages.json";

const SEED = 20_260_404;

const ipBytes = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc
    .array(fc.constantFrom(0, 0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
    .map((values) => Uint8Array.from(values)),
  fc
    .uint8Array({ minLength: 4, maxLength: 4 })
    .map((values) => Uint8Array.of(...new Uint8Array(10), 0xff, 0xff, ...values)),
);

/** The engine's own spelling of an IPv6 address, in a URL. */
function engineSpelling(host: string): string {
  return new URL(`http://[${host}]/`).hostname.slice(1, -1);
}

describe("parseIp and formatIp", () => {
  test("give back any address, in the engine's own spelling of IPv6", () => {
    fc.assert(
      fc.property(ipBytes, (bytes) => {
        const text = formatIp(bytes);
        expect(isIP(text)).toBe(isIpv4(bytes) ? 4 : 6);
        expect(toHex(parseIp(text) ?? new Uint8Array())).toBe(toHex(bytes));
        if (!isIpv4(bytes)) expect(engineSpelling(text)).toBe(text);
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });

  test("read every spelling of an address as the one it is", () => {
    const cases: readonly [text: string, spelling: string][] = [
      ["0.0.0.0", "0.0.0.0"],
      ["255.255.255.255", "255.255.255.255"],
      ["::ffff:1.2.3.4", "1.2.3.4"],
      ["::FFFF:0102:0304", "1.2.3.4"],
      ["0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"],
      ["::", "::"],
      ["::1", "::1"],
      ["1::", "1::"],
      ["0:0:0:0:0:0:0:0", "::"],
      ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
      ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
      ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
      ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ];
    for (const [text, spelling] of cases) {
      expect(formatIp(parseIp(text) ?? new Uint8Array(16).fill(0xee))).toBe(spelling);
    }
  });

  test("know an address from anything else exactly as the engine does", () => {
    const odd = [
      "",
      ".",
      ":",
      ":::",
      "::1::",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.256",
      "01.2.3.4",
      "1.2.3.4 ",
      " 1.2.3.4",
      "0x1.2.3.4",
      "1.2.3.4:5",
      "localhost",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::",
      "::1:2:3:4:5:6:7:8",
      "12345::",
      "g::",
      ":1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7:",
      "1.2.3.4::",
      "::1.2.3.4:5",
      "::1.2.3.256",
      "1:2:3:4:5:6:7:1.2.3.4",
      "[::1]",
      "\u0661.2.3.4",
    ];
    for (const text of odd)
      expect([text, parseIp(text) !== undefined]).toEqual([text, isIP(text) > 0]);
    const letters = fc.string({ unit: fc.constantFrom(..."0123456789af:::...g"), maxLength: 20 });
    fc.assert(
      fc.property(letters, (text) => {
        expect(parseIp(text) !== undefined).toBe(isIP(text) > 0);
      }),
      { seed: SEED, numRuns: 20_000 },
    );
    // A zone names an interface of one machine, so that an address with one is of no use to others.
    expect(parseIp("fe80::1%eth0")).toBeUndefined();
  });
});

describe("formatNetAddress and parseNetAddress", () => {
  test("give back any address with a port to dial", () => {
    fc.assert(
      fc.property(netAddresses, (address) => {
        const text = formatNetAddress(address);
        expect(parseNetAddress(text)).toEqual(address.port === 0 ? undefined : address);
        expect(text.startsWith("[")).toBe(!isIPv4(address.host));
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test("refuse names, ports out of range, and bare IPv6", () => {
    for (const text of [
      "",
      "1.2.3.4",
      "1.2.3.4:",
      "1.2.3.4:0",
      "1.2.3.4:65536",
      "1.2.3.4:999999",
      "1.2.3.4:-1",
      "1.2.3.4:1e3",
      "node.example:8333",
      "::1:8333",
      "[::1]",
      "[]:8333",
      "[node]:8333",
      "[::1]:0",
    ]) {
      expect(parseNetAddress(text)).toBeUndefined();
    }
    expect(parseNetAddress("[0:0::1]:08333")).toEqual({ host: "::1", port: 8333 });
    expect(parseNetAddress("[1.2.3.4]:65535")).toEqual({ host: "1.2.3.4", port: 65535 });
  });
});

describe("readNetAddress and writeNetAddress", () => {
  test("write 16 bytes and a port with its most significant byte first", () => {
    const write = (host: string, port: number) => {
      const writer = new ByteWriter();
      writeNetAddress(writer, { host, port });
      return toHex(writer.finish());
    };
    // The Bitcoin Wiki's example of a network address.
    expect(write("10.0.0.1", 8333)).toBe("00000000000000000000ffff0a000001208d");
    expect(write("2001:db8::ff", 0)).toBe("20010db80000000000000000000000ff0000");
    expect(() => write("localhost", 1)).toThrow(RangeError);
    expect(() => write("", 1)).toThrow(RangeError);
    for (const port of [-1, 65_536, 1.5, Number.NaN]) {
      expect(() => write("10.0.0.1", port)).toThrow(RangeError);
    }
  });

  test("give back any port", () => {
    for (let port = 0; port <= 0xffff; port++) {
      const writer = new ByteWriter(2);
      writePort(writer, port);
      if (readPort(new ByteReader(writer.finish())) !== port) throw new Error(`port ${port}`);
    }
    expect(() => readPort(new ByteReader(Uint8Array.of(1)))).toThrow(DecodeError);
  });

  test("give back any address, in both encodings", () => {
    fc.assert(
      fc.property(netAddresses, (address) => {
        const [v1, v2] = [new ByteWriter(), new ByteWriter()];
        writeNetAddress(v1, address);
        writeNetAddressV2(v2, address);
        expect(decodeAll(v1.finish(), readNetAddress)).toEqual(address);
        expect(decodeAll(v2.finish(), readNetAddressV2)).toEqual(address);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});

describe("readNetAddressV2 (BIP-0155)", () => {
  const withPort = (hex: string) => fromHex(`${hex}208d`);

  test.each(vectors.addrv2.kept)("keeps $host", ({ hex, host }) => {
    expect(decodeAll(withPort(hex), readNetAddressV2)).toEqual({ host, port: 8333 });
    const writer = new ByteWriter();
    writeNetAddressV2(writer, { host, port: 8333 });
    expect(toHex(writer.finish())).toBe(`${hex}208d`);
  });

  test.each(vectors.addrv2.readOver)("reads over $name", ({ hex }) => {
    expect(decodeAll(withPort(hex), readNetAddressV2)).toBeUndefined();
  });

  test.each(vectors.addrv2.refused)("refuses $name", ({ hex }) => {
    expect(() => decodeAll(withPort(hex), readNetAddressV2)).toThrow(DecodeError);
  });

  test("leaves entries of other networks out of a message, and keeps those around them", () => {
    const kept = `7962768301${"010401020304"}208d`;
    const other = vectors.addrv2.readOver.map(({ hex }) => `7962768301${hex}208d`);
    const count = (2 + other.length).toString(16).padStart(2, "0");
    const message = decodeMessage("addrv2", fromHex([count, kept, ...other, kept].join("")));
    const entry = {
      time: 0x83766279,
      services: 1n,
      address: { host: "1.2.3.4", port: 8333 },
    };
    expect(message).toEqual({ command: "addrv2", entries: [entry, entry] });
  });

  test("P-29: refuses 1,001 entries, and a count of them that cannot follow", () => {
    // Time, services, network and address, port; the count is 0x03e8 or one more.
    const kept = "7962768300010401020304208d";
    const payload = (count: number) =>
      fromHex(`fd${(count & 0xff).toString(16)}03${kept.repeat(count)}`);
    const most = decodeMessage("addrv2", payload(1_000));
    expect(most?.command === "addrv2" && most.entries.length).toBe(1_000);
    expect(() => decodeMessage("addrv2", payload(1_001))).toThrow(DecodeError);
    expect(() => decodeMessage("addrv2", fromHex("feffffff01"))).toThrow(DecodeError);
    const address = { host: "1.2.3.4", port: 1 };
    const entries = Array.from({ length: 1_001 }, () => ({ time: 0, services: 0n, address }));
    expect(() => encodeMessage({ command: "addrv2", entries })).toThrow(RangeError);
  });
});

describe("service bits", () => {
  test("are the ones that Bitcoin assigns, and one that it leaves to experiments", () => {
    expect([NODE_NETWORK, NODE_WITNESS, NODE_CAIRN]).toEqual([1n, 8n, 0x8000000n]);
  });

  test("are written in their shortest form, and read in no other", () => {
    const cases: readonly [services: bigint, hex: string][] = [
      [0n, "00"],
      [0xfcn, "fc"],
      [0xfdn, "fdfd00"],
      [0xffffn, "fdffff"],
      [0x1_0000n, "fe00000100"],
      [0xffffffffn, "feffffffff"],
      [0x1_0000_0000n, "ff0000000001000000"],
      [0xffffffffffffffffn, "ffffffffffffffffff"],
    ];
    for (const [services, hex] of cases) {
      const writer = new ByteWriter();
      writeCompactServices(writer, services);
      expect(toHex(writer.finish())).toBe(hex);
      expect(decodeAll(fromHex(hex), readCompactServices)).toBe(services);
    }
    for (const hex of ["fdfc00", "feffff0000", "ffffffffff00000000", "fd00", "ff00"]) {
      expect(() => decodeAll(fromHex(hex), readCompactServices)).toThrow(DecodeError);
    }
    for (const services of [-1n, 1n << 64n]) {
      expect(() => writeCompactServices(new ByteWriter(), services)).toThrow(RangeError);
    }
  });
});
