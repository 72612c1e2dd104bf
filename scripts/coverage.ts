#!/usr/bin/env bun
/**
 * Proves that the unit tests of consensus, script, primitives and wire reach every statement and branch of
 * these layers: runs them with counters in the code and lists what was never reached.
 *
 * A layer must be covered by its own tests; what other tests pass through does not count. Ends with
 * exit code 1 if anything is missed that coverage-excuses.ts does not explain.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { EXCUSES } from "./coverage-excuses.ts";
import { COVERED_FILES, instrument } from "./coverage-instrument.ts";
import {
  type FileCoverage,
  type FileReport,
  formatReport,
  judgeGaps,
  mergeCoverage,
  reportFile,
} from "./coverage-report.ts";

const ROOT = join(import.meta.dir, "..");

const TESTS = [
  "./test/unit/primitives",
  "./test/unit/script",
  "./test/unit/consensus",
  "./test/unit/wire",
];

/** The counters slow the code down, and a machine may be busy. */
const TEST_TIMEOUT_MS = 60_000;

/** Returns the counts by path, or undefined, with what was printed, if a test fails. */
async function countRuns(): Promise<Readonly<Record<string, FileCoverage>> | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "cairn-coverage-"));
  try {
    const file = join(folder, "counts.json");
    const preload = join(import.meta.dir, "coverage-preload.ts");
    const options = ["--preload", preload, "--timeout", String(TEST_TIMEOUT_MS)];
    const child = Bun.spawn([process.execPath, "test", ...options, ...TESTS], {
      cwd: ROOT,
      env: { ...process.env, CAIRN_COVERAGE_FILE: file },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, errors, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    if (exitCode === 0) return (await Bun.file(file).json()) as Record<string, FileCoverage>;
    console.log(`${output}\n${errors}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files to cover, those included that no test loads. */
function listFiles(): string[] {
  return [...new Bun.Glob("src/*/*.ts").scanSync({ cwd: ROOT, absolute: true })]
    .filter((path) => COVERED_FILES.test(path))
    .map((path) => relative(ROOT, path).replaceAll("\\", "/"))
    .sort();
}

function report(path: string, counted: FileCoverage | undefined): FileReport {
  const source = readFileSync(join(ROOT, path), "utf8");
  const { coverage } = instrument(source, path);
  return reportFile(counted === undefined ? coverage : mergeCoverage(coverage, counted), source);
}

if (import.meta.main) {
  const counts = await countRuns();
  if (counts === undefined) {
    console.log("coverage: the tests fail with counters in the code");
    process.exit(1);
  }
  const reports = listFiles().map((path) => report(path, counts[path]));
  const verdict = judgeGaps(
    reports.flatMap(({ gaps }) => gaps),
    EXCUSES,
  );
  const problems = verdict.unexcused.length + verdict.idle.length;
  const seconds = (performance.now() / 1000).toFixed(0);
  console.log(formatReport(reports, verdict));
  console.log(`\ncoverage: ${reports.length} files, ${problems} problems, ${seconds} s`);
  process.exit(problems === 0 ? 0 : 1);
}
