/**
 * Progress: how often it writes, and what, on a terminal, off one, and for programs.
 */

import { describe, expect, test } from "bun:test";
import { Progress } from "../../../src/cli/progress.ts";
import { MemoryOutput } from "./fake-world.ts";

function progressOn(output: MemoryOutput, given: { total?: number; isSilent?: boolean } = {}) {
  const clock = { time: 0 };
  const progress = new Progress({
    output,
    now: () => clock.time,
    label: "verifying",
    unit: "blocks",
    total: given.total,
    isSilent: given.isSilent ?? false,
  });
  return { clock, progress };
}

describe("Progress", () => {
  test("writes a line at most every five seconds where there is no terminal", () => {
    const output = new MemoryOutput();
    const { clock, progress } = progressOn(output, { total: 1000 });
    for (clock.time = 0; clock.time <= 12_000; clock.time += 100) progress.update(clock.time / 100);
    expect(output.lines).toEqual([
      "verifying: 5 %, 50 of 1,000 blocks, 10 a second, about 1 min 35 s left",
      "verifying: 10 %, 100 of 1,000 blocks, 10 a second, about 1 min 30 s left",
    ]);

    progress.finish();
    expect(output.lines.at(-1)).toBe("verifying: 120 blocks in 12 s");
    expect(output.text).not.toContain("\r");
  });

  test("redraws one line on a terminal, at most ten times a second, within its width", () => {
    const output = new MemoryOutput({ isTty: true, columns: 40 });
    const { clock, progress } = progressOn(output, { total: 1000 });
    for (clock.time = 0; clock.time < 1_000; clock.time += 10) progress.update(clock.time);

    const drawings = output.text.split("\r\x1b[K").slice(1);
    expect(drawings).toHaveLength(10);
    expect(drawings.every((drawing) => drawing.length < 40 && !drawing.includes("\n"))).toBe(true);
    expect(drawings[5]).toContain("[############------------]");
  });

  test("reckons by the last seconds, not by the whole", () => {
    const output = new MemoryOutput();
    const { clock, progress } = progressOn(output, { total: 10_000 });
    progress.update(0);
    for (clock.time = 60_000; clock.time <= 80_000; clock.time += 1_000) {
      progress.update((clock.time - 60_000) / 10);
    }
    expect(output.lines.at(-1)).toContain("100 a second");
  });

  test("says nothing that it cannot know: no share without a total, no time left at the end", () => {
    const open = new MemoryOutput();
    const { clock, progress } = progressOn(open);
    clock.time = 5_000;
    progress.update(50);
    expect(open.lines).toEqual(["verifying: 50 blocks, 10 a second"]);

    const complete = new MemoryOutput();
    const second = progressOn(complete, { total: 50 });
    second.clock.time = 5_000;
    second.progress.update(50);
    expect(complete.lines).toEqual(["verifying: 100 %, 50 of 50 blocks, 10 a second"]);

    const empty = progressOn(new MemoryOutput({ isTty: true }), { total: 0 });
    expect(() => empty.progress.update(0)).not.toThrow();
  });

  test("writes nothing for programs", () => {
    const output = new MemoryOutput({ isTty: true });
    const { clock, progress } = progressOn(output, { total: 10, isSilent: true });
    clock.time = 60_000;
    progress.update(5);
    progress.finish();
    expect(output.text).toBe("");
  });
});
