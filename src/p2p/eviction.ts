/**
 * Which inbound peer goes when another wants its place.
 *
 * Bitcoin Core's rules: some are protected for each thing that is hard to feign, so that whoever
 * fills our slots cannot drive out all honest peers (P-31). Pure; closing is done by the caller.
 */

/** What is known of an inbound peer. Times are in milliseconds that do not go back. */
export interface EvictionCandidate {
  readonly id: number;
  /** Of its address, as address-group.ts says. */
  readonly group: string;
  /** Orders groups in a way that nobody outside can foresee, the same for one group. */
  readonly groupRank: number;
  readonly connectedAt: number;
  /** The shortest answer to a ping; Infinity before the first. */
  readonly minPingMs: number;
  /** When it last brought a transaction that was accepted; 0 for never. */
  readonly lastTransactionAt: number;
  /** When it last brought a block that was accepted; 0 for never. */
  readonly lastBlockAt: number;
  /** False for those that only want blocks. */
  readonly relaysTransactions: boolean;
  /** True if it was discouraged and is here on sufferance: such peers go first. */
  readonly isDiscouraged: boolean;
}

const PROTECTED_GROUPS = 4;
const PROTECTED_BY_PING = 8;
const PROTECTED_BY_TRANSACTIONS = 4;
const PROTECTED_BLOCK_ONLY = 8;
const PROTECTED_BY_BLOCKS = 4;

/**
 * Returns the id of the peer that must go, or undefined if all are protected. Those that may never
 * go (outbound, on the allow list) are not to be among `candidates`.
 */
export function selectEviction(candidates: readonly EvictionCandidate[]): number | undefined {
  let left = [...candidates];
  left = withoutFirst(left, PROTECTED_GROUPS, (a, b) => b.groupRank - a.groupRank);
  left = withoutFirst(left, PROTECTED_BY_PING, (a, b) => compare(a.minPingMs, b.minPingMs));
  left = withoutFirst(
    left,
    PROTECTED_BY_TRANSACTIONS,
    (a, b) => b.lastTransactionAt - a.lastTransactionAt,
  );
  left = withoutFirst(
    left,
    PROTECTED_BLOCK_ONLY,
    (a, b) => b.lastBlockAt - a.lastBlockAt,
    ({ relaysTransactions }) => !relaysTransactions,
  );
  left = withoutFirst(left, PROTECTED_BY_BLOCKS, (a, b) => b.lastBlockAt - a.lastBlockAt);
  left = withoutFirst(left, Math.floor(left.length / 2), (a, b) => a.connectedAt - b.connectedAt);

  if (left.some(({ isDiscouraged }) => isDiscouraged)) {
    left = left.filter(({ isDiscouraged }) => isDiscouraged);
  }
  return youngest(largestGroup(left))?.id;
}

/** `candidates` without the `count` that come first in `order`, of those that `may` be protected. */
function withoutFirst(
  candidates: readonly EvictionCandidate[],
  count: number,
  order: (a: EvictionCandidate, b: EvictionCandidate) => number,
  may: (candidate: EvictionCandidate) => boolean = () => true,
): EvictionCandidate[] {
  const ordered = candidates.filter(may).sort((a, b) => order(a, b) || a.id - b.id);
  const kept = new Set(ordered.slice(0, count));
  return candidates.filter((candidate) => !kept.has(candidate));
}

/** The members of the group that has most; of two, the one with the youngest member. */
function largestGroup(candidates: readonly EvictionCandidate[]): EvictionCandidate[] {
  let largest: EvictionCandidate[] = [];
  for (const members of Map.groupBy(candidates, ({ group }) => group).values()) {
    const difference = members.length - largest.length || youngestAt(members) - youngestAt(largest);
    if (difference > 0) largest = members;
  }
  return largest;
}

function youngest(candidates: readonly EvictionCandidate[]): EvictionCandidate | undefined {
  const latest = youngestAt(candidates);
  return candidates.find(({ connectedAt }) => connectedAt === latest);
}

function youngestAt(candidates: readonly EvictionCandidate[]): number {
  return candidates.reduce((latest, { connectedAt }) => Math.max(latest, connectedAt), -1);
}

/** Unlike a difference, of use where both are infinite. */
function compare(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
