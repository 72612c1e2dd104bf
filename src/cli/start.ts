/**
 * `cairn start`: runs a node with the configuration of flags, environment and file.
 *
 * Only reads the configuration; making the node of it is the business of whoever made the world.
 */

import { resolveConfig } from "../node/config.ts";
import { SETTINGS } from "../node/settings.ts";
import { defineCommand } from "./command.ts";

export const startCommand = defineCommand({
  name: "start",
  summary: "Run a node; the same as cairn alone",
  group: "Run a node",
  usage: ["start [OPTIONS]", "[OPTIONS]"],
  description:
    "Keeps a chain, mines it unless told otherwise, and serves its API and dashboard. A port that " +
    "is taken moves to the next free one, unless it was named.\n" +
    "Every option is also a variable (--api-host is CAIRN_API_HOST) and a line of the file of " +
    'settings (api-host = "127.0.0.1"). Options come before variables, and those before the file.',
  options: SETTINGS,
  maxPositionals: 0,
  examples: [
    { line: "cairn", does: "Join the network cairn, and mine" },
    {
      line: "cairn start --network lab --difficulty 4",
      does: "A chain of your own, quick to mine",
    },
    { line: "cairn start --network regtest --port 0", does: "Bitcoin's regtest, on any free port" },
    { line: "cairn start --api-host 0.0.0.0 --api-expose", does: "Let other machines look" },
  ],
  readsOwnOptions: true,
  run: async ({ argv, world }) => await world.runNode(resolveConfig({ argv, ...world })),
});
