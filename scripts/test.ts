#!/usr/bin/env bun
/**
 * The one test command: types, lint, tidiness, the mining kernel's bytes, coverage, the binary, then
 * every test. Stops at the first step that fails. `long` as an argument adds the `*.long.test.ts`
 * files; `check` leaves only what is quick: the first three steps and the unit tests.
 *
 * Decides only what runs, and in which order; what is right or wrong is decided by the steps.
 */

import { join } from "node:path";

/** How much is run. */
export type Tier = "check" | "all" | "long";

interface Step {
  /** True if it is quick enough to be run before every commit. */
  readonly isQuick?: boolean;
  readonly heading: string;
  readonly command: readonly string[];
  /** An exit code that means "could not be tried here", and what to tell instead. */
  readonly untried?: { readonly exitCode: number; readonly note: string };
}

/** How many tests ended in which way. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ROOT = join(import.meta.dir, "..");

/** Long enough for several nodes to start, mine and meet on a slow machine with two cores. */
const TEST_TIMEOUT_MS = 60_000;

/** Files that may fail beside others and be tried again: more is no matter of time. */
const MAX_TRIED_AGAIN = 4;

/** Tests never send to a real network. */
const ENVIRONMENT = { ...process.env, CAIRN_MULTICAST_INTERFACE: "127.0.0.1" };

const STEPS: readonly Step[] = [
  { isQuick: true, heading: "types", command: ["run", "tsc", "--noEmit"] },
  { isQuick: true, heading: "lint and format", command: ["run", "biome", "check"] },
  { isQuick: true, heading: "layers, purity and headers", command: ["scripts/tidy.ts"] },
  {
    heading: "mining kernel",
    command: ["scripts/build-kernel.ts", "--check"],
    untried: { exitCode: 2, note: "NOT CHECKED: the kernel's compiler is missing" },
  },
  { heading: "coverage of the consensus core", command: ["scripts/coverage.ts"] },
  { heading: "binary", command: ["run", "build"] },
];

/**
 * Reads the counts that `bun test` prints last. Returns `undefined` if `output` does not end with
 * any; a test that is still to be written counts as skipped.
 */
export function parseCounts(output: string): TestCounts | undefined {
  // A test may print the like; the last line of each kind is the true one.
  const plain = Bun.stripANSI(output);
  const find = (word: string) => {
    const last = [...plain.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))].at(-1)?.[1];
    return last === undefined ? undefined : Number(last);
  };
  const passed = find("pass");
  const failed = find("fail");
  if (passed === undefined || failed === undefined) return undefined;
  return { passed, failed, skipped: (find("skip") ?? 0) + (find("todo") ?? 0) };
}

/** The files of which `bun test` says in `output` that a test failed, each once. */
export function findFailedFiles(output: string): string[] {
  const failed = new Set<string>();
  // At its end it says all failures again, under no file's name.
  const said = new Set<string>();
  let file: string | undefined;
  for (const line of Bun.stripANSI(output).split("\n")) {
    const [, name] = /^(test\/\S+\.test\.ts):$/.exec(line.trim()) ?? [];
    if (name !== undefined) file = name;
    if (!line.startsWith("(fail) ") || said.has(line)) continue;
    said.add(line);
    if (file !== undefined) failed.add(file);
  }
  return [...failed];
}

/** The closing line: `12 passed, 0 failed`, and `, 3 skipped` if there are any. */
export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The test files among `paths` that belong to `tier`, in order. */
export function selectTestFiles(paths: readonly string[], tier: Tier): string[] {
  return paths
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".test.ts") && !path.startsWith("test/bench/"))
    .filter((path) => tier === "long" || !path.endsWith(".long.test.ts"))
    .filter((path) => tier !== "check" || path.startsWith("test/unit/"))
    .sort();
}

/** What people and programs use, as far from outside as can be: they wait more than they reckon. */
const OUTSIDE_PATTERN = /^test\/(?:browser|functional\/(?:api|cli|wallet))/;

/** The files in two groups, one for each of two cores; none of them empty. */
export function splitTestFiles(paths: readonly string[]): string[][] {
  const isOutside = (path: string) => OUTSIDE_PATTERN.test(path);
  const groups = [paths.filter((path) => !isOutside(path)), paths.filter(isOutside)];
  return groups.filter(({ length }) => length > 0);
}

/** The counts of all groups together; `undefined` if one has none. */
export function sumCounts(groups: readonly (TestCounts | undefined)[]): TestCounts | undefined {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of groups) {
    if (counts === undefined) return undefined;
    sum.passed += counts.passed;
    sum.failed += counts.failed;
    sum.skipped += counts.skipped;
  }
  return sum;
}

function isTier(text: string): text is Tier {
  return text === "check" || text === "all" || text === "long";
}

async function runStep({ heading, command, untried }: Step): Promise<void> {
  printHeading(heading);
  const child = spawn(command, "inherit");
  const exitCode = await child.exited;
  if (exitCode === 0) return;
  if (exitCode === untried?.exitCode) {
    console.log(untried.note);
    return;
  }
  fail(heading, exitCode);
}

/** Runs both groups of tests side by side; what the second says is shown when both are done. */
async function runTests(tier: Tier): Promise<void> {
  printHeading({ check: "unit tests", all: "tests", long: "tests, with the long ones" }[tier]);
  const paths = [...new Bun.Glob("test/**/*.test.ts").scanSync({ cwd: ROOT })];
  const held: Uint8Array[] = [];
  const sinks: Sink[] = [process.stdout, { write: (chunk) => held.push(chunk) }];
  const groups = splitTestFiles(selectTestFiles(paths, tier));
  const first = await Promise.all(
    groups.map((files, index) => runGroup(files, sinks[index] ?? process.stdout)),
  );
  for (const chunk of held) process.stdout.write(chunk);
  const results = await tryAgain(first);

  printHeading(`${(performance.now() / 1000).toFixed(0)} s in all`);
  const counts = sumCounts(results.map((result) => result.counts));
  if (counts !== undefined) console.log(formatCounts(counts));
  const exitCode = results.find((result) => result.exitCode !== 0)?.exitCode ?? 0;
  if (exitCode !== 0 || counts === undefined || counts.failed > 0) process.exit(exitCode || 1);
}

/**
 * Runs the few files that failed beside others once more, alone: two groups share the machine, and
 * not every deadline of a test allows for that. What fails alone has failed.
 */
async function tryAgain(results: readonly GroupResult[]): Promise<readonly GroupResult[]> {
  const files = results.flatMap(({ failedFiles }) => failedFiles);
  if (files.length === 0 || files.length > MAX_TRIED_AGAIN) return results;
  printHeading(`once more, alone: ${files.join(" ")}`);
  const { exitCode } = await runGroup(files, process.stdout);
  if (exitCode !== 0) return results;
  console.log(`FAILED BESIDE OTHERS, passed alone: ${files.join(" ")}`);
  return results.map((result) => {
    const { counts } = result;
    if (counts === undefined || counts.failed === 0) return result;
    const passed = counts.passed + counts.failed;
    return { exitCode: 0, counts: { ...counts, passed, failed: 0 }, failedFiles: [] };
  });
}

interface Sink {
  write(chunk: Uint8Array): unknown;
}

interface GroupResult {
  readonly exitCode: number;
  readonly counts: TestCounts | undefined;
  readonly failedFiles: readonly string[];
}

async function runGroup(files: readonly string[], sink: Sink): Promise<GroupResult> {
  // With a leading ./ a name is a path; without, a pattern that may match others too.
  const names = files.map((path) => `./${path}`);
  const child = spawn(["test", "--timeout", String(TEST_TIMEOUT_MS), ...names], "pipe");
  const [, errors] = await Promise.all([
    passThrough(child.stdout as ReadableStream<Uint8Array>, sink),
    passThrough(child.stderr as ReadableStream<Uint8Array>, sink),
  ]);
  const exitCode = await child.exited;
  return { exitCode, counts: parseCounts(errors), failedFiles: findFailedFiles(errors) };
}

function spawn(command: readonly string[], output: "inherit" | "pipe") {
  return Bun.spawn([process.execPath, ...command], {
    cwd: ROOT,
    env: ENVIRONMENT,
    stdin: "ignore",
    stdout: output,
    stderr: output,
  });
}

/** Copies `stream` to `sink` as it comes, and returns all of it as text. */
async function passThrough(stream: ReadableStream<Uint8Array>, sink: Sink): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    sink.write(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function printHeading(heading: string): void {
  console.log(`\n== ${heading}`);
}

function fail(heading: string, exitCode: number): never {
  console.log(`\nFAILED: ${heading} (exit code ${exitCode})`);
  process.exit(exitCode);
}

if (import.meta.main) {
  const [tier = "all", ...rest] = process.argv.slice(2);
  if (!isTier(tier) || rest.length > 0) {
    console.error("usage: bun scripts/test.ts [check | long]");
    process.exit(2);
  }
  for (const step of STEPS) if (tier !== "check" || step.isQuick) await runStep(step);
  await runTests(tier);
}
