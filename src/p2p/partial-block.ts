/**
 * A block put together from short ids: what is found, what is missing, and whether it fits.
 *
 * Pure. Where candidates come from, and what to ask of whom, is decided in block-relay.ts. Two
 * transactions with one short id happen by chance, and are nobody's fault (P-07).
 */

import { equalBytes } from "../lib/bytes.ts";
import { type Block, makeBlock } from "../primitives/block.ts";
import { idToHash, type Wtxid } from "../primitives/hash-id.ts";
import { merkleRoot } from "../primitives/merkle.ts";
import type { Transaction } from "../primitives/transaction.ts";
import { type CompactBlock, shortIdFunction } from "../wire/compact-block.ts";

/** How far candidates have led. "unusable": the whole block is needed. */
export type Reconstruction =
  | { readonly status: "complete"; readonly block: Block }
  | { readonly status: "missing"; readonly partial: PartialBlock }
  | { readonly status: "unusable" };

/** Looks for the transactions of `compactBlock` among `candidates`, by what gives their ids. */
export function reconstruct(
  compactBlock: CompactBlock,
  candidates: Iterable<Transaction>,
  shortIdOf: (wtxid: Wtxid) => number = shortIdFunction(compactBlock.header, compactBlock.nonce),
): Reconstruction {
  const { shortIds, prefilled } = compactBlock;
  const slots = new Array<Transaction | undefined>(shortIds.length + prefilled.length).fill(
    undefined,
  );
  for (const { index, transaction } of prefilled) slots[index] = transaction;
  const places = placesOf(shortIds, slots);
  if (places === undefined) return { status: "unusable" };

  fillFrom(candidates, slots, { places, shortIdOf });
  const partial = new PartialBlock(compactBlock, slots);
  if (partial.missing.length > 0) return { status: "missing", partial };
  const block = partial.complete([]);
  return block === undefined ? { status: "unusable" } : { status: "complete", block };
}

/** A block of which some transactions are to be asked for. */
export class PartialBlock {
  /** Places of those that are missing, rising. */
  readonly missing: readonly number[];
  readonly #compactBlock: CompactBlock;
  readonly #slots: readonly (Transaction | undefined)[];

  constructor(compactBlock: CompactBlock, slots: readonly (Transaction | undefined)[]) {
    this.#compactBlock = compactBlock;
    this.#slots = slots;
    this.missing = [...slots.keys()].filter((place) => slots[place] === undefined);
  }

  /** Returns the block with `transactions` in the places of the missing; undefined if it is not it. */
  complete(transactions: readonly Transaction[]): Block | undefined {
    if (transactions.length !== this.missing.length) return undefined;
    const rest = transactions.values();
    const body = this.#slots.map((found) => found ?? (rest.next().value as Transaction));
    const { header } = this.#compactBlock;
    const { root, mutated } = merkleRoot(body.map(({ txid }) => idToHash(txid)));
    const fits = !mutated && equalBytes(root, idToHash(header.merkleRoot));
    return fits ? makeBlock(header, body) : undefined;
  }
}

/** Returns the place of each short id; undefined if two are the same. */
function placesOf(
  shortIds: readonly number[],
  slots: readonly (Transaction | undefined)[],
): Map<number, number> | undefined {
  const free = slots.keys().filter((place) => slots[place] === undefined);
  const places = new Map<number, number>();
  for (const shortId of shortIds) places.set(shortId, free.next().value as number);
  return places.size === shortIds.length ? places : undefined;
}

function fillFrom(
  candidates: Iterable<Transaction>,
  slots: (Transaction | undefined)[],
  {
    places,
    shortIdOf,
  }: { places: ReadonlyMap<number, number>; shortIdOf: (wtxid: Wtxid) => number },
): void {
  const ambiguous = new Set<number>();
  for (const candidate of candidates) {
    const place = places.get(shortIdOf(candidate.wtxid));
    if (place === undefined) continue;
    const found = slots[place];
    if (found === undefined) slots[place] = candidate;
    else if (found.wtxid !== candidate.wtxid) ambiguous.add(place);
  }
  for (const place of ambiguous) slots[place] = undefined;
}
