/**
 * Writing for people: colours, tables and lists of keys and values.
 *
 * Every text is cleansed of control characters before it is coloured, so that nothing a stranger
 * put into a block can command the terminal. Knows nothing of what is written; units of measure are
 * in units.ts.
 */

import type { Environment } from "../node/settings.ts";

/** Where text goes: standard output, standard error, or a test's memory. */
export interface Output {
  readonly isTty: boolean;
  /** Width of the terminal, if it is one. */
  readonly columns: number | undefined;
  readonly write: (text: string) => void;
}

const STYLES = {
  bold: ["\x1b[1m", "\x1b[22m"],
  dim: ["\x1b[2m", "\x1b[22m"],
  red: ["\x1b[31m", "\x1b[39m"],
  green: ["\x1b[32m", "\x1b[39m"],
  yellow: ["\x1b[33m", "\x1b[39m"],
  cyan: ["\x1b[36m", "\x1b[39m"],
} as const;

/** How a piece of text looks on a terminal with colours. */
export type Style = keyof typeof STYLES;

/** A piece of text, plain or with a style. */
export type Span = string | { readonly text: string; readonly style: Style };

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Width of what is written where there is no terminal to ask. */
const DEFAULT_WIDTH = 80;

/** Widest that text is set, however wide the terminal: longer lines read badly. */
export const MAX_TEXT_WIDTH = 100;

/** Blanks between columns. */
const GAP = "  ";

/** The screen that editors use, cleared, with the cursor at its top; and back from it. */
const ENTER_SECOND_SCREEN = "\x1b[?1049h\x1b[2J\x1b[H";
const LEAVE_SECOND_SCREEN = "\x1b[2J\x1b[?1049l";

/** Writes lines to standard output and standard error, with colours where they are wanted. */
export class Terminal {
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #hasColors: boolean;
  readonly #hasErrorColors: boolean;

  constructor({ stdout, stderr, environment }: TerminalNeeds) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#hasColors = wantsColors(stdout, environment);
    this.#hasErrorColors = wantsColors(stderr, environment);
  }

  /** Where text that is not for people goes, and progress. */
  get stderr(): Output {
    return this.#stderr;
  }

  /** Columns that text may fill. */
  get width(): number {
    return Math.min(this.#stdout.columns ?? DEFAULT_WIDTH, MAX_TEXT_WIDTH);
  }

  /** Writes one line to standard output. */
  print(...spans: readonly Span[]): void {
    this.#stdout.write(`${paint(spans, this.#hasColors)}\n`);
  }

  /** Writes one line to standard error. */
  printError(...spans: readonly Span[]): void {
    this.#stderr.write(`${paint(spans, this.#hasErrorColors)}\n`);
  }

  /** True if a person reads standard output. */
  get isInteractive(): boolean {
    return this.#stdout.isTty;
  }

  /**
   * Runs `work` on a terminal's second screen, and takes everything away that was shown there: what
   * it wrote stands in no scrollback. Elsewhere than on a terminal only runs it.
   */
  async onSecondScreen<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#stdout.isTty) return await work();
    this.#stdout.write(ENTER_SECOND_SCREEN);
    try {
      return await work();
    } finally {
      this.#stdout.write(LEAVE_SECOND_SCREEN);
    }
  }

  /** Writes text for programs to standard output, untouched but for a final line feed. */
  printRaw(text: string): void {
    this.#stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** Writes a heading, after an empty line. */
  printHeading(text: string): void {
    this.print();
    this.print({ text, style: "bold" });
  }

  /** Writes rows under their columns' titles, aligned. */
  printTable(columns: readonly Column[], rows: readonly (readonly Span[])[]): void {
    const widths = columns.map((column, index) =>
      Math.max(column.title.length, ...rows.map((row) => lengthOf(row[index] ?? ""))),
    );
    this.print(...layOut(columns, widths, columns.map(titleOf)));
    for (const row of rows) this.print(...layOut(columns, widths, row));
  }

  /** Writes keys and values, the values aligned. */
  printPairs(pairs: readonly (readonly [key: string, ...value: Span[]])[]): void {
    const width = Math.max(0, ...pairs.map(([key]) => key.length));
    for (const [key, ...value] of pairs) {
      this.print(GAP, { text: key.padEnd(width), style: "dim" }, GAP, ...value);
    }
  }
}

interface TerminalNeeds {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Environment;
}

/** See no-color.org: any text in NO_COLOR counts, even "0". */
function wantsColors(output: Output, environment: Environment): boolean {
  return output.isTty && !environment.NO_COLOR && environment.TERM !== "dumb";
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through.
const UNPRINTABLE_PATTERN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f]/g;

/** Returns `text` with everything that could move a terminal's cursor or hide text replaced. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE_PATTERN, "\ufffd");
}

/** Returns `text` in lines of at most `width` characters, broken at blanks where there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

function paint(spans: readonly Span[], hasColors: boolean): string {
  let painted = "";
  for (const span of spans) {
    if (typeof span === "string" || !hasColors) {
      painted += printable(typeof span === "string" ? span : span.text);
    } else {
      const [start, end] = STYLES[span.style];
      painted += `${start}${printable(span.text)}${end}`;
    }
  }
  return hasColors ? painted : painted.trimEnd();
}

function titleOf(column: Column): Span {
  return { text: column.title, style: "dim" };
}

function lengthOf(span: Span): number {
  return (typeof span === "string" ? span : span.text).length;
}

function layOut(
  columns: readonly Column[],
  widths: readonly number[],
  row: readonly Span[],
): readonly Span[] {
  return columns.flatMap((column, index): Span[] => {
    const span = row[index] ?? "";
    const padding = " ".repeat(Math.max(0, (widths[index] ?? 0) - lengthOf(span)));
    const before = index === 0 ? "" : GAP;
    if (column.align === "right") return [before, padding, span];
    const isLast = index === columns.length - 1;
    return [before, span, isLast ? "" : padding];
  });
}
