/**
 * Faults that nodes of other projects have had, each to be put back into simulated nodes.
 *
 * None of them is a switch of src/: a part is wrapped, or a class is spoilt while the world exists.
 */

import { BlockIndex } from "../../src/chain/block-index.ts";

import { isMutation, RuleError } from "../../src/consensus/rule-error.ts";
import { BlockRequests } from "../../src/p2p/block-requests.ts";
import { HeaderEntries } from "../../src/p2p/header-entries.ts";
import type { NodeIdentity } from "../../src/p2p/identity.ts";
import { RequestTracker } from "../../src/p2p/request-tracker.ts";
import type { BlockHash } from "../../src/primitives/hash-id.ts";
import type { ScenarioChanges } from "./scenario.ts";
import type { Flaw } from "./simulated-node.ts";

/** A flaw, and the kind of trouble in which it is looked for. */
export interface KnownFlaw {
  readonly flaw: Flaw;
  readonly trouble: ScenarioChanges;
}

const MINUTE_MS = 60_000;

/** Nothing but what a flaw is about. */
const QUIET: ScenarioChanges = {
  hasRetargets: false,
  crashEveryMs: 0,
  stallEveryMs: 0,
  cutEveryMs: 0,
  partitionEveryMs: 0,
  foes: [],
};

/** Two halves that each find blocks. */
const PARTED: ScenarioChanges = {
  ...QUIET,
  partitionEveryMs: 3 * MINUTE_MS,
  paymentEveryMs: 5_000,
};

/** So slow that two nodes often dial each other at once. */
const SLOW_LINK = { latencyMs: [50, 100], bytesPerSecond: 1_000_000, lossPerThousand: 0 } as const;

/** Replaces a method of a class by what `wrap` makes of it, and gives what undoes that. */
function spoil<T extends object, Name extends keyof T>(
  prototype: T,
  name: Name,
  wrap: (original: T[Name]) => T[Name],
): () => void {
  const original = prototype[name];
  prototype[name] = wrap(original);
  return () => {
    prototype[name] = original;
  };
}

/** What stands in place of the work of a chain. */
function countByHeight(entry: { readonly height: number; readonly chainwork: bigint }): void {
  Object.assign(entry, { chainwork: BigInt(entry.height + 1) });
}

export const KNOWN_FLAWS: readonly KnownFlaw[] = [
  {
    flaw: {
      name: "a block's hash is remembered as known before the block was found valid",
      port: (port) => {
        const known = new Set<BlockHash>();
        return {
          ...port,
          submitBlock: (block) => {
            if (known.has(block.hash)) return { status: "duplicate", entry: undefined };
            known.add(block.hash);
            return port.submitBlock(block);
          },
        };
      },
    },
    trouble: { ...QUIET, foes: ["mutator"] },
  },
  {
    flaw: {
      name: "the highest chain is followed, not the one with most work",
      patch: () => {
        const undo = [
          spoil(
            BlockIndex.prototype,
            "add",
            (add) =>
              function (this: BlockIndex, entry) {
                countByHeight(entry);
                add.call(this, entry);
              },
          ),
          spoil(
            HeaderEntries.prototype,
            "add",
            (add) =>
              function (this: HeaderEntries, ...parts) {
                const entry = add.apply(this, parts);
                countByHeight(entry);
                return entry;
              },
          ),
        ];
        return () => {
          for (const one of undo) one();
        };
      },
    },
    trouble: {
      hasRetargets: true,
      foes: ["time-stretcher"],
      blockEveryMs: 8_000,
      troubleMs: 20 * MINUTE_MS,
    },
  },
  {
    flaw: {
      name: "a block whose body was tampered with is held to be invalid for good",
      port: (port) => {
        const invalid = new Map<BlockHash, RuleError>();
        return {
          ...port,
          submitBlock: (block) => {
            const error = invalid.get(block.hash);
            if (error !== undefined) return { status: "invalid", error };
            const verdict = port.submitBlock(block);
            if (verdict.status === "invalid" && isMutation(verdict.error)) {
              const facts = { hash: block.hash };
              invalid.set(block.hash, new RuleError("duplicate-invalid", "known", facts));
            }
            return verdict;
          },
        };
      },
    },
    trouble: { ...QUIET, foes: ["mutator"] },
  },
  {
    flaw: {
      name: "a peer is sent away for a transaction that our policy refuses",
      port: (port) => ({
        ...port,
        submitTransaction: (tx, peer) => {
          const verdict = port.submitTransaction(tx, peer);
          if (verdict.status === "rejected") peer.addPenalty(100);
          return verdict;
        },
      }),
    },
    trouble: { ...QUIET, paymentEveryMs: 3_000, conflictOneIn: 3 },
  },
  {
    flaw: {
      name: "orphans are never tried again",
      parts: (_chain, mempool) => {
        mempool.reconsiderOrphans = () => {
          mempool.orphans.takeReady(10);
          return [];
        };
      },
    },
    trouble: { ...QUIET, foes: ["careless-wallet"] },
  },
  {
    flaw: {
      name: "only who told first of a transaction is asked for it",
      patch: () => {
        const firsts = new WeakMap<object, Set<string>>();
        return spoil(
          RequestTracker.prototype,
          "announce",
          (announce) =>
            function (this: RequestTracker<unknown>, peer, hash, options) {
              const told = firsts.get(this) ?? new Set();
              firsts.set(this, told);
              if (told.has(hash)) return true;
              told.add(hash);
              return announce.call(this, peer, hash, options);
            },
        );
      },
    },
    trouble: { ...QUIET, paymentEveryMs: 3_000, foes: ["withholder"] },
  },
  {
    flaw: {
      name: "transactions of abandoned blocks are forgotten",
      forgetsAbandoned: true,
    },
    trouble: PARTED,
  },
  {
    flaw: {
      name: "who does not bring a block is waited for, and nobody else is asked",
      patch: () =>
        spoil(BlockRequests.prototype, "waitingSince", () => () => Number.POSITIVE_INFINITY),
    },
    trouble: {
      ...QUIET,
      crashEveryMs: MINUTE_MS,
      blockEveryMs: 5_000,
      foes: ["withholder", "withholder"],
    },
  },
  {
    flaw: {
      name: "nobody is told of the tip after a reorganisation",
      port: (port) => port,
      parts: (chain) => {
        let hasReorganized = false;
        chain.events.on("reorg", () => {
          hasReorganized = true;
        });
        const { emit } = chain.events;
        chain.events.emit = function (name, data) {
          const isHidden = name === "tip-changed" && hasReorganized;
          hasReorganized = hasReorganized && name !== "tip-changed";
          if (!isHidden) emit.call(this, name, data);
        };
      },
    },
    trouble: QUIET,
  },
  {
    flaw: {
      name: "each of two nodes drops another one of two connections between them",
      identity: (identity) => {
        let asked = 0;
        return {
          get identity() {
            asked += 1;
            // The first to ask is who compares ids: to it this node is always the lesser.
            return asked === 1 ? ({ id: "00" } as unknown as NodeIdentity) : identity;
          },
        };
      },
    },
    trouble: { ...QUIET, acquaintance: "multicast", nodeCount: 5, link: SLOW_LINK },
  },
];
