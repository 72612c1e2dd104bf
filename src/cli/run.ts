/**
 * The CLI's entry: finds the command, reads its options, runs it, and turns what went wrong into
 * one line and an exit code.
 *
 * Knows no command but `start`, which is the one that is meant when none is named. The list of them
 * is in commands.ts.
 */

import { checkVariables, readFlags, readVariables, resolveSettings } from "../node/config.ts";
import { ConfigError, suggest } from "../node/config-error.ts";
import { type Command, type CommandFamily, EXIT_CODE, UsageError, type World } from "./command.ts";
import { COMMANDS, FAMILIES } from "./commands.ts";
import { membersOf, printCommandHelp, printFamilyHelp, printOverview } from "./help.ts";
import { Terminal } from "./terminal.ts";

/** What is run when no command is named. */
const DEFAULT_COMMAND = "start";

/**
 * Runs the command that `argv` asks for, in `world`; returns the exit code: 0 done, 1 failed, 2
 * called wrongly. Never throws.
 */
export async function runCli(
  argv: readonly string[],
  world: World,
  commands: readonly Command[] = COMMANDS,
  families: readonly CommandFamily[] = FAMILIES,
): Promise<number> {
  const terminal = new Terminal(world);
  const [first, ...rest] = argv;
  const isCommandNamed = first !== undefined && !first.startsWith("-");
  let speaker = "cairn";

  try {
    if (first === "--version") {
      terminal.print(`cairn ${world.version}`);
      return EXIT_CODE.ok;
    }
    if (first === "--help" || first === "-h" || first === "help") {
      return help(rest, { terminal, world, commands, families });
    }

    const words = isCommandNamed ? argv : [DEFAULT_COMMAND, ...argv];
    const family = findFamily(words, families);
    if (family !== undefined) {
      printFamilyHelp(terminal, family, commands);
      return EXIT_CODE.ok;
    }
    const command = findCommand(words, { commands, families });
    speaker = `cairn ${command.name}`;
    const argumentsOf = words.slice(command.name.split(" ").length);
    return await runCommand(command, argumentsOf, { terminal, world });
  } catch (error) {
    return report(error, { terminal, world, speaker });
  }
}

function help(
  names: readonly string[],
  given: {
    readonly terminal: Terminal;
    readonly world: World;
    readonly commands: readonly Command[];
    readonly families: readonly CommandFamily[];
  },
): number {
  const { terminal, world, commands, families } = given;
  const words = names.filter((argument) => !argument.startsWith("-"));
  const family = findFamily(words, families);
  if (words.length === 0) printOverview(terminal, world.version, commands, families);
  else if (family !== undefined) printFamilyHelp(terminal, family, commands);
  else printCommandHelp(terminal, findCommand(words, { commands, families }));
  return EXIT_CODE.ok;
}

/** Returns the family that is named without a member: `cairn wallet`, `cairn wallet --help`. */
function findFamily(
  [name, member]: readonly string[],
  families: readonly CommandFamily[],
): CommandFamily | undefined {
  const isAlone = member === undefined || member === "--help" || member === "-h";
  return isAlone ? families.find((family) => family.name === name) : undefined;
}

function findCommand(
  [first = "", second = ""]: readonly string[],
  {
    commands,
    families,
  }: { readonly commands: readonly Command[]; readonly families: readonly CommandFamily[] },
): Command {
  const family = families.find(({ name }) => name === first);
  const name = family === undefined ? first : `${first} ${second}`;
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;

  const candidates = family === undefined ? commands : membersOf(family, commands);
  const names = [
    ...candidates.map((command) => command.name),
    ...families.map((each) => each.name),
  ];
  const near = suggest(name, names);
  throw new UsageError(`there is no command ${JSON.stringify(name.slice(0, 60))}${near}`);
}

async function runCommand(
  command: Command,
  argv: readonly string[],
  { terminal, world }: { readonly terminal: Terminal; readonly world: World },
): Promise<number> {
  const end = argv.indexOf("--");
  const options = end === -1 ? argv : argv.slice(0, end);
  if (options.includes("--help") || options.includes("-h")) {
    printCommandHelp(terminal, command);
    return EXIT_CODE.ok;
  }

  if (command.readsOwnOptions === true) {
    return await command.run({ options: {}, positionals: [], argv, terminal, world });
  }

  checkVariables(world.environment);
  const { flags, positionals } = readFlags(argv, command.options);
  const extra = positionals[command.maxPositionals];
  if (extra !== undefined) {
    throw new UsageError(`unexpected argument ${JSON.stringify(extra.slice(0, 60))}`);
  }
  const sources = [flags, readVariables(world.environment, command.options)];
  const { values } = resolveSettings(command.options, sources, world);
  return await command.run({ options: values, positionals, argv, terminal, world });
}

/** Says on one line what went wrong; the stack is for those who ask for it. */
function report(
  error: unknown,
  given: { readonly terminal: Terminal; readonly world: World; readonly speaker: string },
): number {
  const { terminal, world, speaker } = given;
  const isUsage = error instanceof UsageError || error instanceof ConfigError;
  const hint = error instanceof UsageError ? `; see: ${speaker} --help` : "";
  const message = error instanceof Error ? error.message : String(error);
  terminal.printError({ text: `${speaker}:`, style: "red" }, " ", oneLine(message), hint);

  if (world.environment.CAIRN_DEBUG && error instanceof Error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      for (const line of (cause.stack ?? String(cause)).split("\n")) terminal.printError(line);
    }
  }
  return isUsage ? EXIT_CODE.usage : EXIT_CODE.failed;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, " ");
}
