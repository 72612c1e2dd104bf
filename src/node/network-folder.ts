/**
 * Which network settings name, and where in the data directory it has its own.
 *
 * One folder a network, so that a node of one never meets the files of another. What the networks
 * are is written in consensus/networks.ts.
 */

import { join } from "node:path";
import { DEFAULT_DIFFICULTY, findNetwork, hasFixedDifficulty } from "../consensus/networks.ts";
import type { Network } from "../consensus/params.ts";
import type { Config } from "./config.ts";

/** Files in which a running node leaves its API's token and address for programs on this machine. */
export const TOKEN_FILE_NAME = "api.token";
export const URL_FILE_NAME = "api.url";

/** Returns the network that settings name; some have their own difficulty, whatever they say. */
export function findSetNetwork({
  network,
  difficulty,
}: Pick<Config, "network" | "difficulty">): Network {
  return findNetwork(network, hasFixedDifficulty(network) ? undefined : difficulty);
}

/** Returns the folder of the network that `config` names; another difficulty is another network. */
export function networkFolder({
  data,
  network,
  difficulty,
}: Pick<Config, "data" | "network" | "difficulty">): string {
  const isUsual = difficulty === undefined || difficulty === DEFAULT_DIFFICULTY;
  return join(data, isUsual ? network : `${network}-difficulty-${difficulty}`);
}
