/**
 * Who may ask, as pure decisions: host, site, origin, token, kind of body, whose quota.
 *
 * Each takes headers and settings and gives an answer; refusing is done in gate.ts. A web page of
 * another site must not be able to use a node on its visitor's machine, whatever that page sends.
 */

import { timingSafeEqual } from "node:crypto";
import { isIP, isIPv4, isIPv6 } from "node:net";
import { sha256 } from "../crypto/hash.ts";

/** Under which names this node may be asked for. */
export interface HostPolicy {
  /** Address that the API listens on. */
  readonly apiHost: string;
  readonly port: number;
  /** True if other machines can reach the API. */
  readonly isExposed: boolean;
  /** Further names and addresses, as the operator gave them. */
  readonly allowedHosts: readonly string[];
}

/** What a browser says of where a request comes from. */
export interface RequestOrigin {
  readonly method: string;
  /** True if what would be read is for the owner's eyes. */
  readonly isPrivate: boolean;
  /** The Host header. */
  readonly host: string;
  readonly origin: string | null;
  /** The Sec-Fetch-Site header. */
  readonly fetchSite: string | null;
}

const HOST_PATTERN = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::([0-9]{1,5}))?$/;
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "::1"]);
const UNSPECIFIED: ReadonlySet<string> = new Set(["0.0.0.0", "::", "0000::"]);
const DEFAULT_HTTP_PORT = 80;

/**
 * True if `header` names this node. A page whose own name was made to point here (DNS rebinding)
 * still sends its own name, so an exposed node takes any address but no name it was not told.
 */
export function isAllowedHost(header: string | null, policy: HostPolicy): boolean {
  const match = HOST_PATTERN.exec(header?.toLowerCase() ?? "");
  const name = match?.[1]?.replace(/^\[|\]$/g, "");
  if (name === undefined || UNSPECIFIED.has(name)) return false;

  if (policy.allowedHosts.includes(name)) return true;
  if (policy.isExposed && isIP(name) !== 0) return true;
  const port = match?.[2] === undefined ? DEFAULT_HTTP_PORT : Number(match[2]);
  return port === policy.port && (LOOPBACK_NAMES.has(name) || name === policy.apiHost);
}

/**
 * True if a page of another site sent this request, which would change something, or read what is
 * private. Browsers name the site by Sec-Fetch-Site, older ones by Origin; programs send neither.
 */
export function isCrossSite(request: RequestOrigin, allowedOrigins: readonly string[]): boolean {
  const { method, isPrivate, host, origin, fetchSite } = request;
  if (!isPrivate && (method === "GET" || method === "HEAD")) return false;
  if (origin !== null && allowedOrigins.includes(origin)) return false;
  if (fetchSite !== null && fetchSite !== "same-origin" && fetchSite !== "none") return true;
  return origin !== null && hostOf(origin) !== hostOf(`http://${host}`);
}

/** True if pages of `origin` may read answers: it equals an entry of the list, letter by letter. */
export function isAllowedOrigin(origin: string | null, allowed: readonly string[]): boolean {
  return origin !== null && origin !== "null" && allowed.includes(origin);
}

/** True for `application/json`, with no parameter but the charset that JSON has anyway. */
export function isJsonContentType(header: string | null): boolean {
  return header !== null && /^application\/json(?:; ?charset=utf-8)?$/i.test(header);
}

/** True if `address` is this machine's own. */
export function isLoopbackAddress(address: string): boolean {
  const plain = withoutMapping(address);
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

/**
 * Returns whose quota a request from `address` uses. One customer has a whole /64 of IPv6, so that
 * counts as one client.
 */
export function clientKey(address: string): string {
  const plain = withoutMapping(address);
  if (!isIPv6(plain)) return plain;
  return `${expandIpv6(plain).slice(0, 4).join(":")}::/64`;
}

/** What an Authorization header is worth. */
export type TokenVerdict = "absent" | "valid" | "wrong";

/** Returns a check of Authorization headers against `token`, which keeps only its hash. */
export function createTokenCheck(token: string): (header: string | null) => TokenVerdict {
  const expected = digestOf(token);
  return (header) => {
    if (header === null) return "absent";
    const given = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1] ?? "";
    // Of equal length whatever was sent, so that neither time nor an exception tells anything.
    return timingSafeEqual(digestOf(given), expected) ? "valid" : "wrong";
  };
}

/** Headers of every answer: nothing from elsewhere runs in our pages, and nobody frames them. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " +
    "form-action 'self'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY",
};

function digestOf(text: string): Uint8Array {
  return sha256(new TextEncoder().encode(text));
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** An IPv4 client of an IPv6 socket appears as ::ffff:a.b.c.d. */
function withoutMapping(address: string): string {
  const lower = address.toLowerCase();
  return lower.startsWith("::ffff:") && isIPv4(lower.slice(7)) ? lower.slice(7) : lower;
}

function expandIpv6(address: string): string[] {
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...(tail === undefined ? [] : zeros), ...right].map((group) =>
    group.replace(/^0+(?=.)/, ""),
  );
}
