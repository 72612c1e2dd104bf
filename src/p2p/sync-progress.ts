/**
 * How far the node has caught up, for people: based on headers that were checked, never on what a
 * peer says of its height (P-15).
 */

import type { ConversationContext } from "./conversation.ts";
import type { HeaderSync } from "./header-sync.ts";

/** What `status` shows. */
export interface SyncProgress {
  readonly ourHeight: number;
  readonly bestHeaderHeight: number;
  /** True while more than a few blocks are missing. */
  readonly isSyncing: boolean;
  /** Over the last seconds; 0 if none came. */
  readonly blocksPerSecond: number;
  /** Undefined if nothing is missing, or nothing comes. */
  readonly estimatedSeconds: number | undefined;
}

/** Blocks behind, up to which we follow the tip rather than catch up. */
export const SYNCING_BLOCKS = 8;

/** Milliseconds over which the rate is taken, and between two samples of it. */
const RATE_SPAN_MS = 10_000;
const SAMPLE_MS = 250;

interface Sample {
  readonly at: number;
  readonly height: number;
}

export class SyncProgressMeter {
  readonly #context: ConversationContext;
  readonly #headers: Pick<HeaderSync, "best" | "blocksBehind">;
  readonly #unsubscribe: () => void;
  #samples: Sample[] = [];

  constructor(context: ConversationContext, headers: Pick<HeaderSync, "best" | "blocksBehind">) {
    this.#context = context;
    this.#headers = headers;
    this.#unsubscribe = context.node.chain.events.on("tip-changed", ({ tip }) =>
      this.#sample(tip.height),
    );
  }

  /** How far we are, now. */
  progress(): SyncProgress {
    const ourHeight = this.#context.node.chain.tip.height;
    const behind = this.#headers.blocksBehind();
    const blocksPerSecond = this.#rate(ourHeight);
    const isKnown = behind > 0 && blocksPerSecond > 0;
    return {
      ourHeight,
      bestHeaderHeight: this.#headers.best().height,
      isSyncing: behind > SYNCING_BLOCKS,
      blocksPerSecond,
      estimatedSeconds: isKnown ? behind / blocksPerSecond : undefined,
    };
  }

  stop(): void {
    this.#unsubscribe();
  }

  #sample(height: number): void {
    const at = this.#context.clock.monotonic();
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < SAMPLE_MS) return;
    this.#samples = this.#samples.filter((sample) => at - sample.at <= RATE_SPAN_MS);
    this.#samples.push({ at, height });
  }

  #rate(height: number): number {
    const now = this.#context.clock.monotonic();
    const first = this.#samples.find(({ at }) => now - at <= RATE_SPAN_MS);
    if (first === undefined || now <= first.at) return 0;
    return Math.max(0, ((height - first.height) * 1000) / (now - first.at));
  }
}
