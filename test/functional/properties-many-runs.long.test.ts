/**
 * Every property, tried thirty times as often as in the ordinary run.
 *
 * In processes of their own, since how often is read from the environment when a test file is loaded.
 */

import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const FACTOR = 30;

/** Thirty times what the slowest file needs on a machine that has other things to do. */
const TIMEOUT_MS = 20 * 60 * 1_000;

const files = [...new Bun.Glob("test/unit/**/*-properties.test.ts").scanSync({ cwd: ROOT })]
  .map((path) => path.replaceAll("\\", "/"))
  .sort();

test("there are properties", () => {
  expect(files.length).toBeGreaterThan(10);
});

test.each(files)(
  "%s holds in thirty times as many runs",
  (file) => {
    const { exitCode, stderr } = Bun.spawnSync(
      [process.execPath, "test", "--timeout", String(TIMEOUT_MS), `./${file}`],
      { cwd: ROOT, env: { ...process.env, CAIRN_PROPERTY_FACTOR: String(FACTOR) } },
    );
    if (exitCode !== 0) console.error(stderr.toString());
    expect(exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
