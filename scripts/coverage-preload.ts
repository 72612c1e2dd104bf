/**
 * Loaded by `bun test` before the tests, for coverage.ts: gives the covered layers their counters,
 * and writes the counts to the file that CAIRN_COVERAGE_FILE names when the process ends.
 *
 * All test files run in one process, so its end is the end of all of them.
 */

import { afterAll } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { COVERED_FILES, instrument } from "./coverage-instrument.ts";

const ROOT = join(import.meta.dir, "..");

const counts: Record<string, unknown> = {};
(globalThis as { __coverage__?: typeof counts }).__coverage__ = counts;

Bun.plugin({
  name: "coverage",
  setup(build) {
    build.onLoad({ filter: COVERED_FILES }, ({ path }) => {
      const name = relative(ROOT, path).replaceAll("\\", "/");
      return { contents: instrument(readFileSync(path, "utf8"), name).code, loader: "ts" };
    });
  },
});

afterAll(() => {
  const file = process.env.CAIRN_COVERAGE_FILE;
  if (file === undefined) throw new Error("CAIRN_COVERAGE_FILE is not set");
  writeFileSync(file, JSON.stringify(counts));
});
