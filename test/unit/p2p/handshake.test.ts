/**
 * The first messages of a connection, in the right order and in every other.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Handshake, type HandshakeStep, MIN_PROTOCOL_VERSION } from "../../../src/p2p/handshake.ts";
import { NodeIdentity } from "../../../src/p2p/identity.ts";
import type { BlockHash } from "../../../src/primitives/hash-id.ts";
import { CAIRN_VERSION, type CairnMessage } from "../../../src/wire/cairn-messages.ts";
import type { Message } from "../../../src/wire/message.ts";
import { NODE_CAIRN, NODE_NETWORK, NODE_WITNESS } from "../../../src/wire/services.ts";
import { PROTOCOL_VERSION, type VersionMessage } from "../../../src/wire/version-message.ts";
import { localNode } from "../../support/peer-lab.ts";
import { SeededRandom } from "../../support/random.ts";

const random = new SeededRandom(1);
const ALICE = new NodeIdentity(random.bytes(32));
const BOB = new NodeIdentity(random.bytes(32));
const MALLORY = new NodeIdentity(random.bytes(32));
const ALICE_NONCE = 0xa11cen;
const BOB_NONCE = 0xb0bn;
const REMOTE = { host: "10.0.0.2", port: 8333 };

interface SideOptions {
  readonly identity?: NodeIdentity;
  readonly isInbound?: boolean;
  readonly nonce?: bigint;
  readonly ownNonces?: readonly bigint[];
  readonly genesisHash?: BlockHash;
}

/** Alice, who has dialled, unless told otherwise. */
function side(options: SideOptions = {}): Handshake {
  const { identity = ALICE, isInbound = false, nonce = ALICE_NONCE, ownNonces = [] } = options;
  const local = localNode(identity, "a name");
  return new Handshake({
    local: { ...local, genesisHash: options.genesisHash ?? local.genesisHash },
    isInbound,
    remote: REMOTE,
    nonce,
    isOwnNonce: (other) => ownNonces.includes(other),
    nowSeconds: () => 1_700_000_000,
    wantsTransactions: true,
  });
}

function bobs(options: SideOptions = {}): Handshake {
  return side({ identity: BOB, isInbound: true, nonce: BOB_NONCE, ...options });
}

/** What an ordinary Bitcoin peer says of itself. */
function version(changes: Partial<VersionMessage> = {}): VersionMessage {
  const end = { services: 0n, address: REMOTE };
  return {
    command: "version",
    protocolVersion: PROTOCOL_VERSION,
    services: NODE_NETWORK | NODE_WITNESS,
    time: 0,
    receiver: end,
    sender: end,
    nonce: BOB_NONCE,
    userAgent: "/Satoshi:29.0.0/",
    startHeight: 100,
    relay: true,
    ...changes,
  };
}

function cairn(identity: NodeIdentity, changes: Partial<CairnMessage> = {}): CairnMessage {
  const { id: nodeId } = identity;
  return {
    command: "cairn",
    version: CAIRN_VERSION,
    nodeId,
    apiPort: 1,
    name: "m",
    features: 0,
    ...changes,
  };
}

const VERACK: Message = { command: "verack" };
const CAIRN_SERVICES = NODE_NETWORK | NODE_WITNESS | NODE_CAIRN;

/** Lets two talk until nothing is left to say; returns the last step of each. */
function talk(first: Handshake, second: Handshake): readonly [HandshakeStep, HandshakeStep] {
  const sides = [first, second] as const;
  const steps: [HandshakeStep | undefined, HandshakeStep | undefined] = [undefined, undefined];
  const queues: [Message[], Message[]] = [[...second.begin()], [...first.begin()]];
  for (let turns = 0; turns < 100; turns++) {
    const place = turns % 2 === 0 ? 1 : 0;
    const message = queues[place].shift();
    const known = steps[place];
    if (message === undefined || (known !== undefined && known.status !== "continue")) continue;
    const step = sides[place].receive(message);
    steps[place] = step;
    if (step.status !== "failed") queues[1 - place]!.push(...step.send);
  }
  return [steps[0]!, steps[1]!];
}

/** Says `messages` one after the other; returns the last step. */
function tell(handshake: Handshake, ...messages: readonly Message[]): HandshakeStep {
  let step: HandshakeStep = { status: "continue", send: [] };
  for (const message of messages) {
    if (step.status !== "continue") throw new Error(`it was over before ${message.command}`);
    step = handshake.receive(message);
  }
  return step;
}

function failureOf(step: HandshakeStep): string {
  return step.status === "failed" ? step.failure : step.status;
}

describe("two Cairn nodes", () => {
  test("know each other's proven ids, names and versions", () => {
    const [alice, bob] = talk(side(), bobs());
    if (alice.status !== "done" || bob.status !== "done") throw new Error("not done");
    expect(alice.profile.cairn).toEqual({ nodeId: BOB.id, name: "a name", apiPort: 8_080 });
    expect(bob.profile.cairn?.nodeId).toBe(ALICE.id);
    expect(alice.profile).toMatchObject({
      protocolVersion: PROTOCOL_VERSION,
      services: CAIRN_SERVICES,
      userAgent: "/test:1/",
      startHeight: 7,
      wantsTransactions: true,
      wantsWtxids: true,
      wantsAddrv2: true,
      ourAddress: REMOTE,
    });
  });

  test("name their connection alike: by the nonce of whoever dialled", () => {
    const [alice, bob] = talk(side(), bobs());
    if (alice.status !== "done" || bob.status !== "done") throw new Error("not done");
    expect([alice.profile.dialNonce, bob.profile.dialNonce]).toEqual([ALICE_NONCE, ALICE_NONCE]);
  });

  test("of networks with another first block do not believe each other", () => {
    const [alice, bob] = talk(side(), bobs({ genesisHash: "00".repeat(32) as BlockHash }));
    expect([failureOf(alice), failureOf(bob)]).toContain("bad-identity-proof");
  });

  test("that have the same key say so, and are not taken for one node that met itself", () => {
    const [alice] = talk(side(), bobs({ identity: ALICE }));
    expect(failureOf(alice)).toBe("same-identity");
  });
});

describe("an ordinary Bitcoin peer", () => {
  test("that dials is told our version first, and nothing of the extension", () => {
    const bob = bobs();
    expect(bob.begin()).toEqual([]);
    const step = bob.receive(version({ nonce: ALICE_NONCE }));
    const sent = step.status === "continue" ? step.send.map(({ command }) => command) : [];
    expect(sent).toEqual(["version", "wtxidrelay", "sendaddrv2", "verack"]);
    const last = bob.receive(VERACK);
    expect(last.status === "done" && last.profile.cairn).toBeUndefined();
  });

  test("that is dialled hears our version before it has said anything", () => {
    const alice = side();
    expect(alice.begin().map(({ command }) => command)).toEqual(["version"]);
    const step = alice.receive(version());
    const sent = step.status === "continue" ? step.send.map(({ command }) => command) : [];
    expect(sent).toEqual(["wtxidrelay", "sendaddrv2", "verack"]);
    expect(alice.receive(VERACK).status).toBe("done");
  });

  test("that speaks an older version is not offered what it does not know", () => {
    const step = side().receive(version({ protocolVersion: 70_015 }));
    expect(step).toEqual({ status: "continue", send: [VERACK] });
  });

  test("that wants no transactions is known to", () => {
    const step = tell(side(), version({ relay: false }), VERACK);
    expect(step.status === "done" && step.profile.wantsTransactions).toBe(false);
  });

  test("may say more before its verack, which is too early to be answered", () => {
    const early: Message[] = [
      { command: "ping", nonce: 1n },
      { command: "sendheaders" },
      { command: "getaddr" },
    ];
    expect(tell(side(), version(), ...early, VERACK).status).toBe("done");
  });

  test("may claim a height below zero, which is none", () => {
    const step = tell(side(), version({ startHeight: -5 }), VERACK);
    expect(step.status === "done" && step.profile.startHeight).toBe(0);
  });

  test("that sets the bit of the extension and names nobody stays an ordinary one", () => {
    const step = tell(side(), version({ services: CAIRN_SERVICES }), VERACK);
    expect(step.status === "done" && step.profile.cairn).toBeUndefined();
  });

  test("that names somebody without the bit is not answered, nor believed", () => {
    const alice = side();
    expect(tell(alice, version(), cairn(MALLORY))).toEqual({ status: "continue", send: [] });
    const step = alice.receive(VERACK);
    expect(step.status === "done" && step.profile.cairn).toBeUndefined();
  });
});

describe("P-35: what is refused", () => {
  test.each(["verack", "wtxidrelay", "sendaddrv2", "sendheaders", "getaddr"] as const)(
    "%s before any version",
    (command) => {
      expect(failureOf(side().receive({ command }))).toBe("version-missing");
      expect(failureOf(bobs().receive({ command }))).toBe("version-missing");
    },
  );

  test("a second version", () => {
    expect(failureOf(tell(side(), version(), version()))).toBe("version-twice");
  });

  test("a version from before headers were sent first, and none from the next on", () => {
    const old = version({ protocolVersion: MIN_PROTOCOL_VERSION - 1 });
    expect(failureOf(side().receive(old))).toBe("obsolete-version");
    const oldest = version({ protocolVersion: MIN_PROTOCOL_VERSION });
    expect(side().receive(oldest).status).toBe("continue");
  });
});

describe("P-32: ourselves", () => {
  test("are known by a nonce of our own dials, on either side", () => {
    const accepting = bobs({ ownNonces: [ALICE_NONCE] });
    expect(failureOf(accepting.receive(version({ nonce: ALICE_NONCE })))).toBe("self");
    const dialling = side({ ownNonces: [0xd1a1n] });
    expect(failureOf(dialling.receive(version({ nonce: 0xd1a1n })))).toBe("self");
  });

  test("are known by the nonce of this very connection given back", () => {
    expect(failureOf(side().receive(version({ nonce: ALICE_NONCE })))).toBe("self");
  });
});

describe("proofs", () => {
  const claim = version({ services: CAIRN_SERVICES });
  const mallorySide = { nonce: BOB_NONCE, nodeId: MALLORY.id };
  const aliceSide = { nonce: ALICE_NONCE, nodeId: ALICE.id };
  const { genesisHash } = localNode(ALICE);

  function proofOf(signature: Uint8Array): Message {
    return { command: "cairnproof", signature };
  }

  test("are waited for once somebody has named itself", () => {
    const alice = side();
    expect(tell(alice, claim, cairn(MALLORY), VERACK).status).toBe("continue");
    const step = alice.receive(proofOf(MALLORY.prove(genesisHash, mallorySide.nonce, aliceSide)));
    expect(step.status === "done" && step.profile.cairn?.nodeId).toBe(MALLORY.id);
  });

  test("may come before the verack", () => {
    const proof = proofOf(MALLORY.prove(genesisHash, mallorySide.nonce, aliceSide));
    expect(tell(side(), claim, cairn(MALLORY), proof, VERACK).status).toBe("done");
  });

  test("by another key, of nonsense, or for no point of the curve are refused", () => {
    const named = { nonce: BOB_NONCE, nodeId: BOB.id };
    for (const signature of [
      MALLORY.prove(genesisHash, named.nonce, aliceSide),
      new Uint8Array(64),
      new Uint8Array(64).fill(0xff),
    ]) {
      const step = tell(side(), claim, cairn(BOB), proofOf(signature));
      expect(failureOf(step)).toBe("bad-identity-proof");
    }
    const nobody = cairn(MALLORY, { nodeId: `02${"f".repeat(64)}` as NodeIdentity["id"] });
    const step = tell(side(), claim, nobody, proofOf(new Uint8Array(64).fill(1)));
    expect(failureOf(step)).toBe("bad-identity-proof");
  });

  test("from another connection are refused", () => {
    const elsewhere = { ...aliceSide, nonce: ALICE_NONCE + 1n };
    const replayed = proofOf(MALLORY.prove(genesisHash, mallorySide.nonce, elsewhere));
    expect(failureOf(tell(side(), claim, cairn(MALLORY), replayed))).toBe("bad-identity-proof");
  });

  test("of ours sent back are refused", () => {
    const alice = side();
    const step = tell(alice, claim, cairn(ALICE));
    const [ours] = step.status === "continue" ? step.send : [];
    expect(ours?.command).toBe("cairnproof");
    expect(failureOf(alice.receive(ours!))).toBe("bad-identity-proof");
  });

  test("got from us on one connection are of no use on another of ours", () => {
    // Mallory is dialled twice, and says on each what Alice has said on the other.
    const [first, second] = [1n, 2n].map((nonce) => side({ nonce, ownNonces: [1n, 2n] }));
    expect(failureOf(first!.receive(version({ nonce: 2n, services: CAIRN_SERVICES })))).toBe(
      "self",
    );
    expect(failureOf(second!.receive(version({ nonce: 1n, services: CAIRN_SERVICES })))).toBe(
      "self",
    );
  });

  test("for the second name that somebody gives itself mean nothing", () => {
    const alice = side();
    tell(alice, claim, cairn(MALLORY));
    expect(alice.receive(cairn(BOB))).toEqual({ status: "continue", send: [] });
    const step = tell(
      alice,
      proofOf(MALLORY.prove(genesisHash, mallorySide.nonce, aliceSide)),
      VERACK,
    );
    expect(step.status === "done" && step.profile.cairn?.nodeId).toBe(MALLORY.id);
  });

  test("without a name mean nothing", () => {
    const step = tell(side(), claim, proofOf(new Uint8Array(64)), VERACK);
    expect(step.status === "done" && step.profile.cairn).toBeUndefined();
  });
});

describe("P-06: any messages in any order", () => {
  const { genesisHash } = localNode(ALICE);
  const good = MALLORY.prove(genesisHash, BOB_NONCE, { nonce: ALICE_NONCE, nodeId: ALICE.id });
  const anything = fc.constantFrom<Message>(
    version(),
    version({ services: CAIRN_SERVICES }),
    version({ services: CAIRN_SERVICES }),
    version({ services: CAIRN_SERVICES }),
    version({ protocolVersion: -1 }),
    version({ nonce: ALICE_NONCE }),
    VERACK,
    VERACK,
    cairn(MALLORY),
    cairn(ALICE),
    { command: "cairnproof", signature: good },
    { command: "cairnproof", signature: new Uint8Array(64) },
    { command: "wtxidrelay" },
    { command: "sendaddrv2" },
    { command: "sendheaders" },
    { command: "ping", nonce: 0n },
    { command: "headers", headers: [] },
    { command: "inv", entries: [] },
  );

  test("end in one of three ways, by the rules and by no others", () => {
    const ends = new Set<string>();
    fc.assert(
      fc.property(fc.boolean(), fc.array(anything, { maxLength: 12 }), (isInbound, messages) => {
        const handshake = side({ isInbound });
        handshake.begin();
        let sentVeracks = 0;
        for (const [place, message] of messages.entries()) {
          const step = handshake.receive(message);
          ends.add(failureOf(step));
          if (step.status === "failed") return;
          sentVeracks += step.send.filter(({ command }) => command === "verack").length;
          if (step.status !== "done") continue;
          const said = messages.slice(0, place + 1);
          const commands = said.map(({ command }) => command);
          // Done means: one version, a verack, and a proof of whoever was named before it.
          expect(commands.filter((command) => command === "version").length).toBe(1);
          expect(commands).toContain("verack");
          expect(sentVeracks).toBe(1);
          const { cairn: proven, services } = step.profile;
          if (proven !== undefined) {
            expect(proven.nodeId).toBe(MALLORY.id);
            expect(said).toContainEqual({ command: "cairnproof", signature: good });
            expect(services & NODE_CAIRN).toBe(NODE_CAIRN);
          }
          return;
        }
      }),
      { numRuns: 3_000, seed: 7 },
    );
    expect([...ends].sort()).toEqual([
      "bad-identity-proof",
      "continue",
      "done",
      "obsolete-version",
      "self",
      "version-missing",
      "version-twice",
    ]);
  });
});
