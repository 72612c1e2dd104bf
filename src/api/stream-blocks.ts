/**
 * The whole chain as a stream of lines, no faster than the client reads.
 *
 * What is streamed is fixed when the stream begins, whatever becomes of the chain meanwhile. Memory
 * is bounded by a batch of lines.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import { ApiError } from "./problem.ts";
import { type BlockSources, viewBlock } from "./view-block.ts";

/** Blocks rendered at a time. */
const BATCH = 64;

/** Streams that may run at once: each reads the disk as fast as it can. */
export const MAX_STREAMS = 4;

const running = new WeakMap<object, number>();

/** Returns an answer of one line of JSON a block, from genesis upward; ApiError if too many run. */
export function streamBlocks(sources: BlockSources): Response {
  const { chain } = sources;
  const count = running.get(chain) ?? 0;
  if (count >= MAX_STREAMS) {
    throw new ApiError({
      status: 503,
      code: "busy",
      detail: `At most ${MAX_STREAMS} streams run at once.`,
      facts: { most: MAX_STREAMS },
      headers: { "retry-after": "5" },
    });
  }
  running.set(chain, count + 1);
  const end = () => running.set(chain, (running.get(chain) ?? 1) - 1);
  const body = streamLines(sources, entriesUpTo(sources), end);
  return new Response(body, {
    headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" },
  });
}

function streamLines(
  sources: BlockSources,
  entries: readonly BlockIndexEntry[],
  end: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  let isLeft = false;
  return new ReadableStream<Uint8Array>(
    {
      // Called only when the client has taken what was there.
      async pull(controller) {
        // A client that reads fast would else keep everybody else waiting until the end.
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
        if (isLeft) return;
        const batch = entries.slice(next, next + BATCH);
        next += batch.length;
        const lines = batch.map((entry) => `${JSON.stringify(viewBlock(sources, entry))}\n`);
        if (lines.length > 0) controller.enqueue(encoder.encode(lines.join("")));
        if (next < entries.length) return;
        end();
        controller.close();
      },
      cancel() {
        isLeft = true;
        end();
      },
    },
    { highWaterMark: 1 },
  );
}

function entriesUpTo({ chain }: BlockSources): BlockIndexEntry[] {
  const entries: BlockIndexEntry[] = [];
  for (let height = 0; height <= chain.tip.height; height++) {
    const entry = chain.index.findActive(height);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}
