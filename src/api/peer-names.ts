/**
 * How requests name peers: by IP address and port, by the number of a connection, by a node's id.
 *
 * Never by a host's name or a URL, so that nobody can make this node look one up or fetch one
 * (A-19).
 */

import { scopeOf } from "../p2p/address-group.ts";
import type { PeerNetwork } from "../p2p/peer-network.ts";
import type { PeerView } from "../p2p/peer-view.ts";
import { formatIp, parseIp } from "../wire/ip-address.ts";
import { formatNetAddress, type NetAddress, parseNetAddress } from "../wire/net-address.ts";
import { parseNodeId } from "../wire/node-id.ts";
import { ApiError } from "./problem.ts";

/** What a path calls a peer. */
export interface NamedPeer {
  /** Those that are connected. */
  readonly peers: readonly PeerView[];
  /** Where it is, if the name says that. */
  readonly address: NetAddress | undefined;
  /** Hosts that the name stands for. */
  readonly hosts: readonly string[];
}

/** Numbers of connections, without leading zeros. */
const NUMBER_PATTERN = /^[1-9][0-9]{0,14}$/;

/** Returns the address to dial that `text` is; ApiError if it is none, or nothing can be there. */
export function parsePeerAddress(text: string): NetAddress {
  const address = parseNetAddress(text);
  if (address === undefined || scopeOf(address.host) === undefined) {
    throw new ApiError({
      status: 422,
      code: "bad-peer-address",
      detail: "A peer to connect to is named by its IP address and port.",
    });
  }
  return address;
}

/** Returns what `text` names among the peers of `network`; ApiError if it names nothing at all. */
export function findNamedPeer({ manager }: PeerNetwork, text: string): NamedPeer {
  const all = manager.view();
  if (NUMBER_PATTERN.test(text)) {
    return describe(all.filter(({ id }) => id === Number(text)));
  }
  const nodeId = parseNodeId(text);
  if (nodeId !== undefined) return describe(all.filter((peer) => peer.nodeId === nodeId));

  const address = parseNetAddress(text);
  if (address !== undefined) {
    const shown = formatNetAddress(address);
    // One that dialled us has another address there than here.
    const known = manager.findAt(address)?.id;
    return {
      peers: all.filter((peer) => peer.address === shown || peer.id === known),
      address,
      hosts: [address.host],
    };
  }
  const ip = parseIp(text);
  if (ip !== undefined) {
    const host = formatIp(ip);
    return {
      peers: all.filter((peer) => hostOf(peer) === host),
      address: undefined,
      hosts: [host],
    };
  }
  throw new ApiError({
    status: 400,
    code: "bad-peer-id",
    detail: "A peer is named by its number, its node id, its IP address, or that and its port.",
  });
}

/** Returns the host of a peer's end. */
export function hostOf({ address }: PeerView): string {
  return parseNetAddress(address)?.host ?? address;
}

function describe(peers: readonly PeerView[]): NamedPeer {
  return { peers, address: undefined, hosts: [...new Set(peers.map(hostOf))] };
}
