/**
 * Who may ask: hosts, sites, origins, tokens, whose quota. Each rule at and beside its edge, as a
 * table.
 */

import { describe, expect, test } from "bun:test";
import {
  clientKey,
  createTokenCheck,
  type HostPolicy,
  isAllowedHost,
  isAllowedOrigin,
  isCrossSite,
  isJsonContentType,
  isLoopbackAddress,
  SECURITY_HEADERS,
} from "../../../src/api/security.ts";

const LOOPBACK: HostPolicy = {
  apiHost: "127.0.0.1",
  port: 8080,
  isExposed: false,
  allowedHosts: ["cairn.lan", "10.0.0.5"],
};
const EXPOSED: HostPolicy = { ...LOOPBACK, apiHost: "0.0.0.0", isExposed: true };

describe("isAllowedHost (A-03, A-07)", () => {
  test.each([
    "127.0.0.1:8080",
    "localhost:8080",
    "LocalHost:8080",
    "[::1]:8080",
    "cairn.lan",
    "cairn.lan:443",
    "10.0.0.5:9000",
  ])("takes %s on loopback", (host) => {
    expect(isAllowedHost(host, LOOPBACK)).toBeTrue();
  });

  test.each([
    null,
    "",
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example:8080",
    "127.0.0.1.nip.io:8080",
    "127.0.0.1",
    "localhost:8081",
    "127.0.0.1:08080x",
    "127.0.0.1:8080, evil.example",
    "127.0.0.1:8080@evil.example",
    "user@localhost:8080",
    "0.0.0.0:8080",
    "[::]:8080",
    "192.168.1.2:8080",
    "[::ffff:127.0.0.1]:8080",
    "localhost.:8080",
    " localhost:8080",
    "lоcalhost:8080",
  ])("refuses %p on loopback", (host) => {
    expect(isAllowedHost(host, LOOPBACK)).toBeFalse();
  });

  test("takes any address but no unknown name where other machines may ask", () => {
    expect(isAllowedHost("192.168.1.2:9000", EXPOSED)).toBeTrue();
    expect(isAllowedHost("[fe80::1]:8080", EXPOSED)).toBeTrue();
    expect(isAllowedHost("evil.example:8080", EXPOSED)).toBeFalse();
    expect(isAllowedHost("0.0.0.0:8080", EXPOSED)).toBeFalse();
    expect(isAllowedHost("[::]:8080", EXPOSED)).toBeFalse();
  });

  test("takes no port for port 80", () => {
    expect(isAllowedHost("localhost", { ...LOOPBACK, port: 80 })).toBeTrue();
  });
});

describe("isCrossSite (A-04)", () => {
  const host = "127.0.0.1:8080";
  const ours = "http://127.0.0.1:8080";
  const cases: [string, string, string | null, string | null, boolean][] = [
    ["a program", "POST", null, null, false],
    ["our page", "POST", ours, "same-origin", false],
    ["our page in an old browser", "POST", ours, null, false],
    ["an address typed by hand", "POST", null, "none", false],
    ["another site", "POST", "https://evil.example", "cross-site", true],
    ["another site in an old browser", "POST", "https://evil.example", null, true],
    ["another port of this machine", "POST", "http://127.0.0.1:3000", "same-site", true],
    ["a sandboxed page", "POST", "null", "cross-site", true],
    ["a sandboxed page in an old browser", "POST", "null", null, true],
    ["another name for us", "POST", "http://localhost:8080", null, true],
    ["a site that lies about one header", "POST", "https://evil.example", "same-origin", true],
    ["an allowed site", "POST", "https://dash.example", "cross-site", false],
    ["another site that only reads", "GET", "https://evil.example", "cross-site", false],
    ["an unknown method", "DELETE", "https://evil.example", "cross-site", true],
  ];
  test.each(cases)("%s", (_, method, origin, fetchSite, expected) => {
    const request = { method, host, origin, fetchSite, isPrivate: false };
    expect(isCrossSite(request, ["https://dash.example"])).toBe(expected);
  });

  const readers: [string, string | null, string | null, boolean][] = [
    ["a program", null, null, false],
    ["our page", null, "same-origin", false],
    ["an address typed by hand", null, "none", false],
    ["an allowed site", "https://dash.example", "cross-site", false],
    ["another site", "https://evil.example", "cross-site", true],
    ["an image or a link on another site", null, "cross-site", true],
    ["another port of this machine", null, "same-site", true],
    ["another site in an old browser", "https://evil.example", null, true],
  ];
  test.each(readers)("of what is private: %s", (_, origin, fetchSite, expected) => {
    for (const method of ["GET", "HEAD"]) {
      const request = { method, host, origin, fetchSite, isPrivate: true };
      expect(isCrossSite(request, ["https://dash.example"])).toBe(expected);
    }
  });

  test("takes the origin of a proxy that adds TLS", () => {
    const request = {
      method: "POST",
      isPrivate: false,
      host: "cairn.lan",
      origin: "https://cairn.lan",
      fetchSite: null,
    };
    expect(isCrossSite(request, [])).toBeFalse();
  });
});

test("isAllowedOrigin wants the exact origin (A-05)", () => {
  const allowed = ["https://good.example"];
  expect(isAllowedOrigin("https://good.example", allowed)).toBeTrue();
  for (const origin of [
    null,
    "null",
    "https://good.example.evil",
    "https://good.example:8443",
    "http://good.example",
    "https://GOOD.example",
    "https://good.example/",
    "https://evil.example",
  ]) {
    expect(isAllowedOrigin(origin, allowed)).toBeFalse();
  }
  expect(isAllowedOrigin("null", ["null"])).toBeFalse();
});

test("isJsonContentType wants JSON and nothing else (J-11)", () => {
  for (const type of [
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
  ]) {
    expect(isJsonContentType(type)).toBeTrue();
  }
  for (const type of [
    null,
    "",
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "application/json, text/plain",
    "text/plain; application/json",
    "application/jsonp",
    "application/problem+json",
  ]) {
    expect(isJsonContentType(type)).toBeFalse();
  }
});

test("isLoopbackAddress knows this machine", () => {
  for (const address of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    expect(isLoopbackAddress(address)).toBeTrue();
  }
  for (const address of ["128.0.0.1", "10.0.0.1", "::2", "::ffff:10.0.0.1", "fe80::1", ""]) {
    expect(isLoopbackAddress(address)).toBeFalse();
  }
});

describe("clientKey (A-08)", () => {
  test("is the address for IPv4, however it is written", () => {
    expect(clientKey("10.1.2.3")).toBe("10.1.2.3");
    expect(clientKey("::ffff:10.1.2.3")).toBe("10.1.2.3");
  });

  test("is the /64 for IPv6", () => {
    const key = clientKey("2001:db8:1:2:3:4:5:6");
    expect(clientKey("2001:0db8:0001:0002::9")).toBe(key);
    expect(clientKey("2001:db8:1:3::9")).not.toBe(key);
    expect(clientKey("fe80::1%eth0")).toBe(clientKey("fe80::2"));
  });
});

describe("createTokenCheck", () => {
  const token = "0123456789abcdef".repeat(4);
  const check = createTokenCheck(token);

  test("tells none, right and wrong apart", () => {
    expect(check(null)).toBe("absent");
    expect(check(`Bearer ${token}`)).toBe("valid");
    expect(check(`bearer ${token}`)).toBe("valid");
  });

  test.each([
    "",
    "Bearer",
    "Bearer ",
    token,
    `Basic ${token}`,
    `Bearer ${token.slice(1)}`,
    `Bearer ${token}0`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer  ${token}`,
    `Bearer ${token} x`,
    `Bearer ${"a".repeat(100_000)}`,
  ])("refuses %#", (header) => {
    expect(check(header)).toBe("wrong");
  });
});

test("the content policy allows nothing inline and nothing from elsewhere", () => {
  const policy = SECURITY_HEADERS["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(policy).not.toContain("http");
});
