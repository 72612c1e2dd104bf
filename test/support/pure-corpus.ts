/**
 * Everything that the pure layers decide, over published vectors and seeded chance, as one trace: an
 * ordered list of verdicts and hashes per section, so that two engines can be compared (C-30).
 *
 * Runs wherever JavaScript does. Beside the pure layers it uses node:crypto, for the digests of the
 * trace itself; the files' contents are handed in.
 */

import { createHash } from "node:crypto";
import { SEEDED_SECTIONS } from "./pure-corpus-seeded.ts";
import { type CorpusFiles, VECTOR_SECTIONS } from "./pure-corpus-vectors.ts";

/** What one section found, in order, and the SHA-256 of it. */
export interface TraceSection {
  readonly name: string;
  readonly entries: readonly string[];
  readonly hash: string;
}

/** Runs the corpus over the contents of its files. */
export function runPureCorpus(files: CorpusFiles): TraceSection[] {
  const sections = { ...VECTOR_SECTIONS, ...SEEDED_SECTIONS };
  return Object.entries(sections).map(([name, run]) => {
    const entries = run(files);
    return { name, entries, hash: hashOf(entries) };
  });
}

function hashOf(entries: readonly string[]): string {
  const hash = createHash("sha256");
  for (const entry of entries) hash.update(entry).update("\n");
  return hash.digest("hex");
}
