/**
 * How long the template that the API gives is kept.
 */

import { beforeEach, describe, expect, test } from "bun:test";
import { TemplateViewer } from "../../../src/api/template-viewer.ts";
import type { BlockTemplate } from "../../../src/mining/block-template.ts";
import { completeTemplate } from "../../../src/mining/block-template.ts";
import { HandClock } from "../../support/hand-clock.ts";

const FIRST_TIP = "11".repeat(32);
const SECOND_TIP = "22".repeat(32);
const BUILD_MS = 300;

describe("TemplateViewer", () => {
  let clock: HandClock;
  let builds: number;
  let world: { chain: { tip: { hash: string } }; mempool: { revision: number } };
  let viewer: TemplateViewer;

  beforeEach(() => {
    clock = new HandClock();
    builds = 0;
    world = { chain: { tip: { hash: FIRST_TIP } }, mempool: { revision: 1 } };
    const templates = {
      build: () => {
        builds += 1;
        clock.pass(BUILD_MS);
        return templateAfter(world.chain.tip.hash);
      },
    };
    viewer = new TemplateViewer({ ...world, clock, templates } as never);
  });

  test("gives the same template to everybody who asks at once", () => {
    const first = viewer.json();
    expect(viewer.json()).toBe(first);
    expect(builds).toBe(1);
    expect(JSON.parse(new TextDecoder().decode(first)).previousHash).toBe(FIRST_TIP);
  });

  test("makes another at once after a new tip", () => {
    viewer.json();
    world.chain.tip = { hash: SECOND_TIP };
    expect(JSON.parse(new TextDecoder().decode(viewer.json())).previousHash).toBe(SECOND_TIP);
    expect(builds).toBe(2);
  });

  test("takes new transactions in only once ten times the last effort has passed", () => {
    viewer.json();
    world.mempool.revision += 1;
    clock.pass(10 * BUILD_MS - 1);
    viewer.json();
    expect(builds).toBe(1);
    clock.pass(1);
    viewer.json();
    expect(builds).toBe(2);
  });

  test("brings the time up to date although nothing else has changed", () => {
    viewer.json();
    clock.pass(10 * BUILD_MS);
    viewer.json();
    expect(builds).toBe(2);
  });
});

function templateAfter(previousHash: string): BlockTemplate {
  return completeTemplate({
    previousHash: previousHash as never,
    height: 1,
    version: 0x20000000,
    bits: 0x207fffff,
    time: 1_700_000_000,
    minTime: 1_700_000_000,
    coinbaseValue: 50,
    transactions: [],
    totalFees: 0,
  });
}
