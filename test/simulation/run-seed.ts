/**
 * Runs one seed for a test, and says enough of one that fails to run it again.
 *
 * `CAIRN_SIMULATION_SEED=n bun test ./test/simulation/nodes.test.ts` runs that seed alone, and tells
 * its whole story.
 */

import { describeScenario, drawScenario, type ScenarioChanges } from "./scenario.ts";
import type { Flaw } from "./simulated-node.ts";
import { type Outcome, Simulation } from "./simulation.ts";

/** Lines of the story shown of a seed that fails among others. */
const SHOWN_LINES = 30;

/** The one seed that is asked for, if one is. */
export function askedSeed(): number | undefined {
  const text = process.env.CAIRN_SIMULATION_SEED;
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

/** Runs `seed`; prints what it is about and what happened last if it fails. */
export function runSeed(seed: number, changes: ScenarioChanges = {}): Outcome {
  const scenario = drawScenario(seed, changes);
  const simulation = new Simulation(scenario);
  const isAlone = askedSeed() !== undefined;
  try {
    const outcome = simulation.run();
    if (isAlone) console.log([describeScenario(scenario), ...simulation.story].join("\n"));
    return outcome;
  } catch (error) {
    const shown = isAlone ? simulation.story : simulation.story.slice(-SHOWN_LINES);
    console.error([describeScenario(scenario), ...shown].join("\n"));
    console.error(`CAIRN_SIMULATION_SEED=${seed} runs it again and tells all`);
    throw error;
  }
}

/** What `flaw` is found out by with `seed`: the failure's message, or undefined if all went well. */
export function findFlaw(flaw: Flaw, seed: number, changes: ScenarioChanges): string | undefined {
  try {
    new Simulation(drawScenario(seed, changes), flaw).run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
