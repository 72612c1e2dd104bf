/**
 * What a command is, and the world it runs in.
 *
 * A command reads its options from a table of the same kind as the node's settings, writes to the
 * terminal it is given and returns its exit code. Nothing here names a command.
 */

import type { Clock } from "../lib/clock.ts";
import type { MinerWorker } from "../mining/stream.ts";
import type { Config, ConfigWorld } from "../node/config.ts";
import type { Setting, SettingTable, ValuesOf } from "../node/settings.ts";
import type { Output, Terminal } from "./terminal.ts";

/** What a process's exit code says. */
export const EXIT_CODE = { ok: 0, failed: 1, usage: 2 } as const;

/** Everything outside the program that a command may touch. */
export interface World extends ConfigWorld {
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Returns all that standard input holds. */
  readonly readStdin: () => Promise<string>;
  /** Asks on the terminal for a line: unseen if it is a secret; undefined where there is nobody to
   * ask, or who is asked gives up. */
  readonly ask: (question: string, isSecret: boolean) => Promise<string | undefined>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  /** Starts a mining worker. */
  readonly spawnMiner: () => MinerWorker;
  /** Runs a node until it is told to stop; returns the exit code. */
  readonly runNode: (config: Config) => Promise<number>;
}

/** What a command is given. */
export interface CommandContext<Table extends SettingTable> {
  readonly options: ValuesOf<Table>;
  /** Arguments that are no options, in order. */
  readonly positionals: readonly string[];
  /** All arguments after the command's name, for the one command that reads them itself. */
  readonly argv: readonly string[];
  readonly terminal: Terminal;
  readonly world: World;
}

/** A line that shows how a command is used, and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** Commands whose names begin with the same word. */
export interface CommandFamily {
  readonly name: string;
  /** As of a command: the overview shows the family, and its page the members. */
  readonly summary: string;
  readonly group: string;
}

/** One command of the CLI. */
export interface Command<Table extends SettingTable = SettingTable> {
  /** One word, or the family's and its own: `wallet create`. */
  readonly name: string;
  /** One line for the overview, without a full stop. */
  readonly summary: string;
  /** Heading of the overview under which it stands. */
  readonly group: string;
  /** Ways to call it, without the program's name. */
  readonly usage: readonly string[];
  /** What the summary leaves out, in whole sentences. */
  readonly description: string;
  readonly options: Table;
  /** Most arguments that are no options. */
  readonly maxPositionals: number;
  readonly examples: readonly Example[];
  /** True if the command reads its arguments with sources of its own. */
  readonly readsOwnOptions?: boolean;
  /** Returns the exit code; throws UsageError, ConfigError or CommandError. */
  run(context: CommandContext<Table>): Promise<number>;
}

/** Returns `command` as it is: lets the compiler find the types of its options. */
export function defineCommand<Table extends SettingTable>(command: Command<Table>): Command<Table> {
  return command;
}

/** Returns `row` as an option that only the command line can give. */
export function flagOnly<Value>(row: Setting<Value>): Setting<Value> {
  return { ...row, sources: ["flag"] };
}

/** The command was called wrongly: one line on stderr, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command could not do what it was asked: one line on stderr, exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
