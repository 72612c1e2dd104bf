/**
 * The list of all commands, in the order in which help shows them.
 *
 * A new command is one file and one line here.
 */

import { banCommand, unbanCommand } from "./ban.ts";
import { blockCommand } from "./block.ts";
import { chainCommand } from "./chain.ts";
import type { Command, CommandFamily } from "./command.ts";
import { connectCommand, disconnectCommand } from "./connect.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { mempoolCommand } from "./mempool.ts";
import { mineCommand } from "./mine.ts";
import { nodesCommand } from "./nodes.ts";
import { peersCommand } from "./peers.ts";
import { startCommand } from "./start.ts";
import { statusCommand } from "./status.ts";
import { txCommand } from "./tx.ts";
import { verifyCommand } from "./verify.ts";

/** Families of commands; the overview shows each as one. */
export const FAMILIES: readonly CommandFamily[] = [];

/** Every command of `cairn`. */
export const COMMANDS: readonly Command[] = [
  startCommand,
  mineCommand,
  statusCommand,
  chainCommand,
  blockCommand,
  txCommand,
  mempoolCommand,
  peersCommand,
  nodesCommand,
  connectCommand,
  disconnectCommand,
  banCommand,
  unbanCommand,
  verifyCommand,
  exportCommand,
  importCommand,
];
