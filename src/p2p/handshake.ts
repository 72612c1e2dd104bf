/**
 * The first messages of a connection: what is said, what is heard, and who the other side is.
 *
 * A state machine without sockets, clocks or deadlines, which are peer.ts's. Whether the other side
 * is one we want is decided by those who are told of it.
 */

import { createEcdsaVerifier, PORTABLE_ECDSA } from "../crypto/ecdsa.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import {
  CAIRN_VERSION,
  type CairnMessage,
  type CairnProofMessage,
  type IdentitySide,
} from "../wire/cairn-messages.ts";
import type { Message } from "../wire/message.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { NodeId } from "../wire/node-id.ts";
import { NODE_CAIRN, NODE_NETWORK, NODE_WITNESS } from "../wire/services.ts";
import { PROTOCOL_VERSION, type VersionMessage } from "../wire/version-message.ts";
import { isProven, type NodeIdentity } from "./identity.ts";

/** What a node says of itself to every peer. */
export interface LocalNode {
  readonly genesisHash: BlockHash;
  readonly identity: NodeIdentity;
  readonly userAgent: string;
  /** Printable ASCII, at most 32 bytes; may be empty. */
  readonly name: string;
  /** Where the API can be reached by others; 0 if it cannot. */
  readonly apiPort: number;
  /** Height of the chain, at this moment. */
  height(): number;
}

/** Who a peer with the Cairn extension has proven to be. */
export interface CairnProfile {
  readonly nodeId: NodeId;
  readonly name: string;
  readonly apiPort: number;
}

/** What the other side said of itself; only `cairn.nodeId` is proven. */
export interface PeerProfile {
  /** Highest version that both speak. */
  readonly protocolVersion: number;
  readonly services: bigint;
  /** Printable ASCII, at most 256 bytes. */
  readonly userAgent: string;
  /** Of its chain, as it says; at least 0. */
  readonly startHeight: number;
  /** False if it wants no transactions announced. */
  readonly wantsTransactions: boolean;
  /** True if transactions are to be announced to it by wtxid (BIP-0339). */
  readonly wantsWtxids: boolean;
  /** True if it reads `addrv2` (BIP-0155). */
  readonly wantsAddrv2: boolean;
  /** Where we are, as it sees us. */
  readonly ourAddress: NetAddress;
  /** The nonce of whoever dialled: a number of this connection that both ends know. */
  readonly dialNonce: bigint;
  /** Undefined for an ordinary Bitcoin peer. */
  readonly cairn: CairnProfile | undefined;
}

/** Why a handshake cannot succeed. */
export type HandshakeFailure =
  | "self"
  /** Another node has our key, as happens when a data directory is copied. */
  | "same-identity"
  | "obsolete-version"
  | "version-twice"
  | "version-missing"
  | "bad-identity-proof";

/** What follows from a message. */
export type HandshakeStep =
  | { readonly status: "continue"; readonly send: readonly Message[] }
  | { readonly status: "done"; readonly send: readonly Message[]; readonly profile: PeerProfile }
  | { readonly status: "failed"; readonly failure: HandshakeFailure };

/** What we give: all blocks, with witnesses, and the Cairn extension. */
export const OUR_SERVICES = NODE_NETWORK | NODE_WITNESS | NODE_CAIRN;

/** The oldest protocol that has all that a peer is asked for: headers first, `sendheaders`. */
export const MIN_PROTOCOL_VERSION = 70012;

/** From this version on, announcements by wtxid and `addrv2` are negotiated. */
const FEATURE_VERSION = 70016;

const UNSPECIFIED: NetAddress = { host: "0.0.0.0", port: 0 };

/** One handshake. */
export class Handshake {
  readonly #local: LocalNode;
  readonly #isInbound: boolean;
  readonly #remote: NetAddress;
  readonly #nonce: bigint;
  readonly #isOwnNonce: (nonce: bigint) => boolean;
  readonly #nowSeconds: () => number;
  readonly #wantsTransactions: boolean;

  #version: VersionMessage | undefined;
  #cairn: CairnMessage | undefined;
  #isProven = false;
  #hasVerack = false;
  #wantsWtxids = false;
  #wantsAddrv2 = false;

  /**
   * `nonce` is new for each connection; `isOwnNonce` knows those of all that we dialled, except for
   * those that have shaken hands.
   */
  constructor({
    local,
    isInbound,
    remote,
    nonce,
    isOwnNonce,
    nowSeconds,
    wantsTransactions,
  }: {
    local: LocalNode;
    isInbound: boolean;
    remote: NetAddress;
    nonce: bigint;
    isOwnNonce: (nonce: bigint) => boolean;
    nowSeconds: () => number;
    wantsTransactions: boolean;
  }) {
    this.#local = local;
    this.#isInbound = isInbound;
    this.#remote = remote;
    this.#nonce = nonce;
    this.#isOwnNonce = isOwnNonce;
    this.#nowSeconds = nowSeconds;
    this.#wantsTransactions = wantsTransactions;
  }

  /** Returns what is said before anything is heard: the one who dialled speaks first. */
  begin(): readonly Message[] {
    return this.#isInbound ? [] : [this.#ourVersion()];
  }

  /** Takes the next message, whatever it is; to be called until a step is not "continue". */
  receive(message: Message): HandshakeStep {
    if (message.command === "version") return this.#receiveVersion(message);
    if (this.#version === undefined) return { status: "failed", failure: "version-missing" };
    switch (message.command) {
      case "wtxidrelay":
        this.#wantsWtxids = true;
        return CONTINUE;
      case "sendaddrv2":
        this.#wantsAddrv2 = true;
        return CONTINUE;
      case "cairn":
        return this.#receiveCairn(message);
      case "cairnproof":
        return this.#receiveProof(message);
      case "verack":
        this.#hasVerack = true;
        return this.#progress();
      default:
        // Other implementations may send more before their verack; it is too early to answer.
        return CONTINUE;
    }
  }

  #receiveVersion(message: VersionMessage): HandshakeStep {
    if (this.#version !== undefined) return { status: "failed", failure: "version-twice" };
    // On either side: one that gives us our own nonce back could give us our own proofs, too.
    if (message.nonce === this.#nonce || this.#isOwnNonce(message.nonce)) {
      return { status: "failed", failure: "self" };
    }
    if (message.protocolVersion < MIN_PROTOCOL_VERSION) {
      return { status: "failed", failure: "obsolete-version" };
    }
    this.#version = message;

    const send: Message[] = this.#isInbound ? [this.#ourVersion()] : [];
    if (message.protocolVersion >= FEATURE_VERSION) {
      send.push({ command: "wtxidrelay" }, { command: "sendaddrv2" });
    }
    if ((message.services & NODE_CAIRN) !== 0n) send.push(this.#ourCairn());
    send.push({ command: "verack" });
    return { status: "continue", send };
  }

  /** The other side's id is known now, so ours can be proven to it. */
  #receiveCairn(message: CairnMessage): HandshakeStep {
    const version = this.#version as VersionMessage;
    // The first one counts, and none at all from those who said that they do not speak so.
    if (this.#cairn !== undefined || (version.services & NODE_CAIRN) === 0n) return CONTINUE;
    this.#cairn = message;
    const { identity, genesisHash } = this.#local;
    const signature = identity.prove(genesisHash, this.#nonce, this.#theirSide(message));
    return { status: "continue", send: [{ command: "cairnproof", signature }] };
  }

  #receiveProof({ signature }: CairnProofMessage): HandshakeStep {
    const cairn = this.#cairn;
    if (cairn === undefined || this.#isProven) return CONTINUE;
    const { genesisHash } = this.#local;
    const sides = { genesisHash, signer: this.#theirSide(cairn), own: this.#ourSide() };
    this.#isProven = isProven(signature, sides, verifyEcdsa);
    if (!this.#isProven) return { status: "failed", failure: "bad-identity-proof" };
    if (cairn.nodeId === this.#local.identity.id) {
      return { status: "failed", failure: "same-identity" };
    }
    return this.#progress();
  }

  /** Done with the verack, and with the proof of whoever named itself. */
  #progress(): HandshakeStep {
    const version = this.#version as VersionMessage;
    // Who has named itself before its verack has to prove it; who has not is an ordinary peer.
    if (!this.#hasVerack || (this.#cairn !== undefined && !this.#isProven)) return CONTINUE;
    const profile: PeerProfile = {
      protocolVersion: Math.min(version.protocolVersion, PROTOCOL_VERSION),
      services: version.services,
      userAgent: version.userAgent,
      startHeight: Math.max(0, version.startHeight),
      wantsTransactions: version.relay,
      wantsWtxids: this.#wantsWtxids,
      wantsAddrv2: this.#wantsAddrv2,
      ourAddress: version.receiver.address,
      dialNonce: this.#isInbound ? version.nonce : this.#nonce,
      cairn: this.#cairn === undefined ? undefined : profileOf(this.#cairn),
    };
    return { status: "done", send: [], profile };
  }

  #ourVersion(): VersionMessage {
    return {
      command: "version",
      protocolVersion: PROTOCOL_VERSION,
      services: OUR_SERVICES,
      time: this.#nowSeconds(),
      receiver: { services: 0n, address: this.#remote },
      sender: { services: OUR_SERVICES, address: UNSPECIFIED },
      nonce: this.#nonce,
      userAgent: this.#local.userAgent,
      startHeight: this.#local.height(),
      relay: this.#wantsTransactions,
    };
  }

  #ourCairn(): CairnMessage {
    const { identity, apiPort, name } = this.#local;
    const nodeId = identity.id;
    return { command: "cairn", version: CAIRN_VERSION, nodeId, apiPort, name, features: 0 };
  }

  #ourSide(): IdentitySide {
    return { nonce: this.#nonce, nodeId: this.#local.identity.id };
  }

  #theirSide({ nodeId }: CairnMessage): IdentitySide {
    return { nonce: (this.#version as VersionMessage).nonce, nodeId };
  }
}

/** One proof a connection: the portable arithmetic is fast enough for that. */
const verifyEcdsa = createEcdsaVerifier(PORTABLE_ECDSA);

const CONTINUE: HandshakeStep = { status: "continue", send: [] };

function profileOf({ nodeId, name, apiPort }: CairnMessage): CairnProfile {
  return { nodeId, name, apiPort };
}
