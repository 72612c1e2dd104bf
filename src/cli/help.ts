/**
 * Help: the overview of all commands, and the page of one.
 *
 * Everything in it comes from the commands and their tables of options, so that it cannot say
 * anything else than the program does.
 */

import {
  describeDefault,
  formatFlag,
  groupSettings,
  type Setting,
  type SettingTable,
} from "../node/settings.ts";
import type { Command, CommandFamily, Example } from "./command.ts";
import { type Terminal, wrap } from "./terminal.ts";

/** Least width of the column that explains, on however narrow a terminal. */
const MIN_TEXT_WIDTH = 30;

const INDENT = "  ";

/** What every command understands. */
const HELP_FLAGS = [["--help", "Show this page"]] as const;

const OVERVIEW_EXAMPLES: readonly Example[] = [
  { line: "cairn", does: "Start a node that mines, and its dashboard" },
  { line: "cairn status", does: "See how it is doing" },
  { line: "cairn chain", does: "See the newest blocks" },
];

/** The commands of a family. */
export function membersOf({ name }: CommandFamily, commands: readonly Command[]): Command[] {
  return commands.filter((command) => command.name.startsWith(`${name} `));
}

/** Writes the overview of all `commands`; a family of them is one line. */
export function printOverview(
  terminal: Terminal,
  version: string,
  commands: readonly Command[],
  families: readonly CommandFamily[],
): void {
  terminal.print(
    { text: "Cairn", style: "bold" },
    ` ${version}: a complete private blockchain in one file`,
  );
  terminal.printHeading("Usage");
  terminal.print(INDENT, "cairn [COMMAND] [OPTIONS]");

  for (const [group, members] of groupEntries([
    ...commands.filter(({ name }) => !name.includes(" ")),
    ...families,
  ])) {
    terminal.printHeading(group);
    printEntries(
      terminal,
      members.map(({ name, summary }) => [name, summary]),
    );
  }

  terminal.printHeading("Options");
  printEntries(terminal, [
    ["--help", "Show this page, or that of a command"],
    ["--version", "Show the version"],
  ]);
  printExamples(terminal, OVERVIEW_EXAMPLES);
  terminal.print();
  terminal.print("More on each: cairn help COMMAND");
}

/** Writes the page of a family: its members. */
export function printFamilyHelp(
  terminal: Terminal,
  family: CommandFamily,
  commands: readonly Command[],
): void {
  terminal.print({ text: `cairn ${family.name}`, style: "bold" }, `: ${family.summary}`);
  terminal.printHeading("Usage");
  terminal.print(INDENT, `cairn ${family.name} COMMAND [OPTIONS]`);
  terminal.printHeading("Commands");
  printEntries(
    terminal,
    membersOf(family, commands).map(({ name, summary }) => [name, summary]),
  );
  terminal.print();
  terminal.print(`More on each: cairn help ${family.name} COMMAND`);
}

/** Writes the page of one command. */
export function printCommandHelp(terminal: Terminal, command: Command): void {
  terminal.print({ text: `cairn ${command.name}`, style: "bold" }, `: ${command.summary}`);
  terminal.printHeading("Usage");
  for (const usage of command.usage) {
    const [first = "", ...rest] = wrap(`cairn ${usage}`, terminal.width - 3 * INDENT.length);
    terminal.print(INDENT, first);
    for (const line of rest) terminal.print(INDENT.repeat(3), line);
  }

  terminal.print();
  for (const paragraph of command.description.split("\n")) {
    for (const line of wrap(paragraph, terminal.width)) terminal.print(line);
  }
  printOptions(terminal, command.options);
  printExamples(terminal, command.examples);
}

function printOptions(terminal: Terminal, options: SettingTable): void {
  const groups = groupSettings(options);
  const width = widthOf([...groups.values()].flat().map(([name, row]) => formatFlag(name, row)));
  for (const [group, rows] of groups) {
    terminal.printHeading(group);
    const entries = rows.map(([name, row]) => [formatFlag(name, row), explain(row)] as const);
    printEntries(terminal, entries, width);
  }
  terminal.printHeading("Help");
  printEntries(terminal, HELP_FLAGS, width);
}

function explain(row: Setting<unknown>): string {
  const notes: string[] = [];
  if (row.kind.isList) notes.push("repeatable");
  const usual = describeDefault(row);
  if (usual !== undefined) notes.push(`default: ${usual}`);
  return notes.length === 0 ? row.help : `${row.help} (${notes.join("; ")})`;
}

function printExamples(terminal: Terminal, examples: readonly Example[]): void {
  terminal.printHeading("Examples");
  printEntries(
    terminal,
    examples.map(({ line, does }) => [line, does]),
  );
}

/** Writes terms and what they mean, in two columns, or in turn where there is no room for two. */
function printEntries(
  terminal: Terminal,
  entries: readonly (readonly [term: string, meaning: string])[],
  termWidth = widthOf(entries.map(([term]) => term)),
): void {
  const indent = INDENT.length + termWidth + INDENT.length;
  const room = terminal.width - indent;
  for (const [term, meaning] of entries) {
    if (room < MIN_TEXT_WIDTH) {
      terminal.print(INDENT, { text: term, style: "cyan" });
      for (const line of wrap(meaning, terminal.width - 6)) terminal.print(INDENT.repeat(3), line);
      continue;
    }
    const [first = "", ...rest] = wrap(meaning, room);
    terminal.print(INDENT, { text: term.padEnd(termWidth), style: "cyan" }, INDENT, first);
    for (const line of rest) terminal.print(" ".repeat(indent), line);
  }
}

function widthOf(terms: readonly string[]): number {
  return Math.max(0, ...terms.map((term) => term.length));
}

function groupEntries(entries: readonly CommandFamily[]): Map<string, CommandFamily[]> {
  const groups = new Map<string, CommandFamily[]>();
  for (const entry of entries) {
    const members = groups.get(entry.group);
    if (members === undefined) groups.set(entry.group, [entry]);
    else members.push(entry);
  }
  return groups;
}
