/**
 * The options of commands that work on a chain's files instead of asking a node, and what they
 * name.
 */

import type { Network } from "../consensus/params.ts";
import { findSetNetwork, networkFolder } from "../node/network-folder.ts";
import { SETTINGS, setting, truth, type ValuesOf } from "../node/settings.ts";
import { flagOnly } from "./command.ts";

/** The options of every command that works on files. */
export const CHAIN_OPTIONS = {
  json: flagOnly(
    setting({
      kind: truth(),
      group: "Output",
      help: "Print the result as JSON, for programs",
      default: false,
    }),
  ),
  data: SETTINGS.data,
  network: SETTINGS.network,
  difficulty: SETTINGS.difficulty,
} as const;

/** Values of the options of every command that works on files. */
export type ChainOptions = ValuesOf<typeof CHAIN_OPTIONS>;

/** A network, and the folder where its files are. */
export interface ChainPlace {
  readonly network: Network;
  readonly folder: string;
}

/** Returns the network and folder that `options` name. */
export function findChainPlace(options: ChainOptions): ChainPlace {
  return { network: findSetNetwork(options), folder: networkFolder(options) };
}
