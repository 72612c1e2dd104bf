/**
 * How far an address reaches, and whose it is.
 */

import { describe, expect, test } from "bun:test";
import { groupOf, groupRank, type Scope, scopeOf } from "../../../src/p2p/address-group.ts";

const SCOPES: readonly (readonly [string, Scope | undefined])[] = [
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["::1", "loopback"],
  ["::ffff:127.0.0.1", "loopback"],
  ["10.0.0.1", "private"],
  ["172.15.0.1", "public"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["172.32.0.1", "public"],
  ["192.168.0.1", "private"],
  ["192.169.0.1", "public"],
  ["100.64.0.1", "private"],
  ["100.128.0.1", "public"],
  ["169.254.1.1", "private"],
  ["169.254.169.254", undefined],
  ["fd12::1", "private"],
  ["fe80::1", undefined],
  ["ff02::1", undefined],
  ["::", undefined],
  ["2001:db8::1", undefined],
  ["2001:20::1", undefined],
  ["2a00:1450::1", "public"],
  ["4000::1", undefined],
  ["0.0.0.0", undefined],
  ["0.1.2.3", undefined],
  ["192.0.2.1", undefined],
  ["198.18.0.1", undefined],
  ["198.51.100.7", undefined],
  ["198.51.101.7", "public"],
  ["203.0.113.1", undefined],
  ["224.0.0.1", undefined],
  ["240.0.0.1", undefined],
  ["255.255.255.255", undefined],
  ["8.8.8.8", "public"],
  ["localhost", undefined],
  ["", undefined],
];

describe("scopeOf", () => {
  test.each(SCOPES)("P-30: %s is %s", (host, scope) => {
    expect(scopeOf(host)).toBe(scope!);
  });
});

describe("groupOf", () => {
  test("P-31: is 16 bits of an IPv4 address and 32 of an IPv6 one", () => {
    expect(groupOf("8.8.4.4")).toBe(groupOf("8.8.8.8"));
    expect(groupOf("8.8.8.8")).not.toBe(groupOf("8.9.8.8"));
    expect(groupOf("2a00:1450::1")).toBe(groupOf("2a00:1450:ffff::1"));
    expect(groupOf("2a00:1450::1")).not.toBe(groupOf("2a00:1451::1"));
    expect(groupOf("::ffff:8.8.8.8")).toBe(groupOf("8.8.8.8"));
  });

  test("P-31: is one for all private ranges, and one for this machine", () => {
    const near = ["10.0.0.1", "192.168.7.7", "172.20.0.1", "fd00::5"].map(groupOf);
    expect(new Set(near).size).toBe(1);
    expect(groupOf("127.0.0.1")).toBe(groupOf("::1"));
    expect(groupOf("127.0.0.1")).not.toBe(groupOf("10.0.0.1"));
  });
});

describe("groupRank", () => {
  test("is the same for one group and key, and another for another", () => {
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    expect(groupRank(a, "8.8")).toBe(groupRank(a, "8.8"));
    expect(groupRank(a, "8.8")).not.toBe(groupRank(a, "8.9"));
    expect(groupRank(a, "8.8")).not.toBe(groupRank(b, "8.8"));
  });
});
