/**
 * The template as miners elsewhere get it, kept for as long as making another would cost too much.
 *
 * Choosing, trying and writing down a full block takes the thread that connects blocks a good part
 * of a second, and anybody on this machine may ask. What a template says is written in
 * view-template.ts.
 */

import type { BlockHash } from "../primitives/hash-id.ts";
import type { ApiContext } from "./api-context.ts";
import { viewTemplate } from "./view-template.ts";

/** A template is kept for so many times what it took to make: a tenth of the thread at most. */
const COST_FACTOR = 10;

/** Milliseconds after which its time is out of date, although nothing else has changed. */
const MAX_AGE_MS = 1_000;

interface KeptTemplate {
  readonly json: Uint8Array<ArrayBuffer>;
  readonly previousHash: BlockHash;
  readonly revision: number;
  /** Milliseconds of the clock that never goes back. */
  readonly madeAt: number;
  readonly costMs: number;
}

export class TemplateViewer {
  readonly #node: Pick<ApiContext["node"], "chain" | "clock" | "mempool" | "templates">;
  #kept: KeptTemplate | undefined;

  constructor(node: Pick<ApiContext["node"], "chain" | "clock" | "mempool" | "templates">) {
    this.#node = node;
  }

  /** Returns the encoded JSON of a template after the present tip. */
  json(): Uint8Array<ArrayBuffer> {
    const kept = this.#kept;
    if (kept !== undefined && this.#isGood(kept)) return kept.json;
    this.#kept = this.#make();
    return this.#kept.json;
  }

  #isGood({ previousHash, revision, madeAt, costMs }: KeptTemplate): boolean {
    const { chain, clock, mempool } = this.#node;
    if (previousHash !== chain.tip.hash) return false;
    const ageMs = clock.monotonic() - madeAt;
    return ageMs < costMs * COST_FACTOR || (revision === mempool.revision && ageMs < MAX_AGE_MS);
  }

  #make(): KeptTemplate {
    const { clock, mempool, templates } = this.#node;
    const { revision } = mempool;
    const startedAt = clock.monotonic();
    const template = templates.build();
    const json = new TextEncoder().encode(JSON.stringify(viewTemplate(template, mempool)));
    const madeAt = clock.monotonic();
    const { previousHash } = template;
    return { json, previousHash, revision, madeAt, costMs: madeAt - startedAt };
  }
}
