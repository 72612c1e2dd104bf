/**
 * Which addresses that others tell of are worth taking, and which may be told to whom (P-30).
 *
 * This product lives in LANs, so private addresses and those of this machine are taken where the
 * node's owner has not said otherwise, but only from a source as near as they are: 127.0.0.1 told by
 * another machine would be ours and not its, and a private address told from outside somebody
 * else's.
 */

import type { NetAddress } from "../wire/net-address.ts";
import { type Scope, scopeOf } from "./address-group.ts";

/** What the node's owner decides. */
export interface AddressFilter {
  /** True (the default of a node) if addresses of this machine and of private ranges are taken. */
  readonly isLan: boolean;
  /** Ports below 1024 that are dialled all the same: those of our own network, if there are any. */
  readonly privilegedPorts: ReadonlySet<number>;
}

/** Ports below are other services', which must not be made to hear from us at somebody's word. */
const FIRST_UNPRIVILEGED_PORT = 1024;

/** How near each is; a source tells of nothing nearer than itself. */
const DISTANCE: Record<Scope, number> = { loopback: 0, private: 1, public: 2 };

/** True if `address`, told by the host `source`, may go into the address book. */
export function isWorthTaking(
  { host, port }: NetAddress,
  source: string,
  { isLan, privilegedPorts }: AddressFilter,
): boolean {
  if (!Number.isInteger(port) || port < 1 || port > 0xffff) return false;
  if (port < FIRST_UNPRIVILEGED_PORT && !privilegedPorts.has(port)) return false;
  const scope = scopeOf(host);
  if (scope === undefined) return false;
  return scope === "public" || (isLan && isTellable(host, source));
}

/** True if `host` means the same to `asker` as to us: it is not nearer than the asker is. */
export function isTellable(host: string, asker: string): boolean {
  const scope = scopeOf(host);
  const askerScope = scopeOf(asker);
  if (scope === undefined || askerScope === undefined) return false;
  return DISTANCE[scope] >= DISTANCE[askerScope];
}
