/**
 * The thread that keeps the explorer index: follows the chain when poked, batch by batch.
 *
 * Reads `cairn.db` and writes `index.db`, each by a connection of its own. Knows nothing of the node
 * around it; the messages are in index-messages.ts, the following itself in follower.ts.
 */

import type { IndexCommand, IndexReport, IndexSetup } from "./index-messages.ts";
import { IndexRunner } from "./index-runner.ts";

let runner: IndexRunner | undefined;

self.onmessage = ({ data: command }: MessageEvent<IndexCommand>) => {
  switch (command.type) {
    case "init":
      runner = openRunner(command.setup);
      break;
    case "poke":
      runner?.poke(command.poke);
      break;
    case "sample":
      runner?.recordSample(command.sample);
      break;
    case "nodes":
      runner?.recordNodes(command.records);
      break;
    case "users":
      runner?.recordUsers(command.records);
      break;
    case "stop":
      runner?.stop();
      runner = undefined;
      report({ type: "stopped" });
      break;
  }
};

/** Says why before the thread ends of it: the word of its death may be long in coming. */
function openRunner(setup: IndexSetup): IndexRunner {
  try {
    return new IndexRunner(setup, report);
  } catch (error) {
    report({ type: "error", message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

function report(message: IndexReport): void {
  self.postMessage(message);
}
