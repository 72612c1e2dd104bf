/**
 * Runs the pure corpus in an engine of its own, which is not Bun: bundled, then started by
 * `node <bundle> <file for the result> <repository> <step>`; see pure-corpus-files.ts.
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { sha256 as portableSha256 } from "@noble/hashes/sha2.js";
import { sha256 } from "../../src/crypto/hash.ts";
import { runPureCorpus, type TraceSection } from "./pure-corpus.ts";
import { readCorpusFiles } from "./pure-corpus-files.ts";

/** What the other engine found, and what it is. */
export interface ForeignTrace {
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly hasBun: boolean;
  readonly isSha256Portable: boolean;
  readonly sections: readonly TraceSection[];
}

const [, , resultFile, root, step] = process.argv;
if (resultFile === undefined || root === undefined) throw new Error("arguments are missing");

const trace: ForeignTrace = {
  versions: process.versions,
  hasBun: "Bun" in globalThis,
  isSha256Portable: sha256 === portableSha256,
  sections: runPureCorpus(readCorpusFiles(root, Number(step))),
};
writeFileSync(resultFile, JSON.stringify(trace));
