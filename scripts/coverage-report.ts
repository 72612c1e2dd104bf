/**
 * Reads what Istanbul counted: adds up runs, finds what was never reached, and lays out the report.
 *
 * Pure functions of counts and source texts. How the counts come about is coverage.ts's business;
 * why a place may stay unreached stands in coverage-excuses.ts.
 */

/** A place in a source text: lines count from 1, columns from 0. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** Istanbul's record of one file: where things are, and under the same keys how often they ran. */
export interface FileCoverage {
  readonly path: string;
  readonly statementMap: Readonly<Record<string, Range>>;
  readonly fnMap: Readonly<Record<string, { readonly name: string; readonly loc: Range }>>;
  readonly branchMap: Readonly<Record<string, Branch>>;
  readonly s: Readonly<Record<string, number>>;
  readonly f: Readonly<Record<string, number>>;
  readonly b: Readonly<Record<string, readonly number[]>>;
}

export interface Branch {
  /** if, cond-expr, binary-expr, switch or default-arg. */
  readonly type: string;
  readonly loc: Range;
  /** One for each way that Istanbul counts; the `else` that is not there has none. */
  readonly locations: readonly Partial<Range>[];
}

/** Something that no test reached. `what` names it by its source text, so that it outlives edits. */
export interface Gap {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

/** A gap that may stay, and why: `path` and `what` are those of the gap. */
export interface Excuse {
  readonly path: string;
  readonly what: string;
  readonly reason: string;
}

interface Tally {
  readonly covered: number;
  readonly total: number;
}

/** What was reached of one file. */
export interface FileReport {
  readonly path: string;
  readonly statements: Tally;
  readonly branches: Tally;
  readonly functions: Tally;
  /** In the order of the text. */
  readonly gaps: readonly Gap[];
}

/** Gaps that nothing excuses, those that something does, and excuses for which there is no gap. */
export interface Verdict {
  readonly unexcused: readonly Gap[];
  readonly excused: readonly (Gap & { readonly reason: string })[];
  readonly idle: readonly Excuse[];
}

/** Returns the counts of both records of one file added up; Error if they are of different texts. */
export function mergeCoverage(one: FileCoverage, other: FileCoverage): FileCoverage {
  const isSame =
    one.path === other.path &&
    JSON.stringify(one.branchMap) === JSON.stringify(other.branchMap) &&
    JSON.stringify(one.statementMap) === JSON.stringify(other.statementMap);
  if (!isSame) throw new Error(`the counts of ${one.path} are of another text`);
  return {
    ...one,
    s: mapValues(one.s, (count, key) => count + (other.s[key] ?? 0)),
    f: mapValues(one.f, (count, key) => count + (other.f[key] ?? 0)),
    b: mapValues(one.b, (counts, key) =>
      counts.map((count, index) => count + (other.b[key]?.[index] ?? 0)),
    ),
  };
}

/**
 * Returns what was reached of a file with this source text. Stricter than Istanbul: of `a && b`,
 * `a || b`, `a ?? b` and `a?.b` it also asks that `b` was left out once.
 */
export function reportFile(coverage: FileCoverage, source: string): FileReport {
  const { path, statementMap, fnMap, branchMap } = coverage;
  const text = (range: Range) => textAt(source, range);
  const statements = Object.entries(statementMap).map(([key, range]) =>
    pointAt(range, `never run: ${text(range)}`, coverage.s[key]),
  );
  const functions = Object.entries(fnMap).map(([key, { name, loc }]) =>
    // Istanbul numbers those that have no name.
    pointAt(loc, `never called: ${/^\w+$/.test(name) ? name : text(loc)}`, coverage.f[key]),
  );
  const branches = Object.entries(branchMap).flatMap(([key, branch]) =>
    branchPoints(branch, coverage.b[key] ?? [], source),
  );
  const gaps = [...statements, ...functions, ...branches]
    .filter(({ isReached }) => !isReached)
    .map(({ at, what }) => ({ path, line: at.line, column: at.column + 1, what }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return {
    path,
    statements: tally(statements),
    branches: tally(branches),
    functions: tally(functions),
    gaps,
  };
}

/** Holds every gap against the excuses. One excuse covers all gaps of its file with its text. */
export function judgeGaps(gaps: readonly Gap[], excuses: readonly Excuse[]): Verdict {
  const fits = (gap: Gap, excuse: Excuse) => gap.path === excuse.path && gap.what === excuse.what;
  const excused = gaps.flatMap((gap) => {
    const excuse = excuses.find((candidate) => fits(gap, candidate));
    return excuse === undefined ? [] : [{ ...gap, reason: excuse.reason }];
  });
  return {
    unexcused: gaps.filter((gap) => !excuses.some((excuse) => fits(gap, excuse))),
    excused,
    idle: excuses.filter((excuse) => !gaps.some((gap) => fits(gap, excuse))),
  };
}

/** Lays out the table, with its sum, and the lists below it. */
export function formatReport(reports: readonly FileReport[], verdict: Verdict): string {
  const sum = (pick: (report: FileReport) => Tally): Tally => ({
    covered: reports.reduce((covered, report) => covered + pick(report).covered, 0),
    total: reports.reduce((total, report) => total + pick(report).total, 0),
  });
  const total = {
    path: "in all",
    statements: sum(({ statements }) => statements),
    branches: sum(({ branches }) => branches),
    functions: sum(({ functions }) => functions),
  };
  const rows = [...reports, total].map(({ path, statements, branches, functions }) => [
    path,
    ...[statements, branches, functions].map(({ covered, total: all }) => `${covered}/${all}`),
  ]);
  const place = ({ path, line, column, what }: Gap) => `${path}:${line}:${column} ${what}`;
  return [
    ...alignColumns([["file", "statements", "branches", "functions"], ...rows]),
    ...section("Not reached, for a reason:", verdict.excused, (gap) => [
      place(gap),
      `    ${gap.reason}`,
    ]),
    ...section("NOT REACHED:", verdict.unexcused, (gap) => [place(gap)]),
    ...section("EXCUSES FOR WHAT IS REACHED, OR IS NO MORE:", verdict.idle, ({ path, what }) => [
      `${path} ${what}`,
    ]),
  ].join("\n");
}

/** One thing to be reached. */
interface Point {
  readonly at: Position;
  readonly what: string;
  readonly isReached: boolean;
}

/** Longest source text in a report; the rest says little. */
const MAX_TEXT_LENGTH = 100;

function branchPoints(branch: Branch, counts: readonly number[], source: string): Point[] {
  const { type, loc, locations } = branch;
  if (type === "if") {
    const condition = conditionAt(source, loc);
    return [
      pointAt(loc, `never true: ${condition}`, counts[0]),
      pointAt(loc, `never false: ${condition}`, counts[1]),
    ];
  }

  const ways = locations.map((location) => ({ start: loc.start, end: loc.end, ...location }));
  if (type === "binary-expr") return operandPoints(ways, counts, source);
  const word = type === "default-arg" ? "default never used" : "never taken";
  return ways.map((way, index) => pointAt(way, `${word}: ${textAt(source, way)}`, counts[index]));
}

/** Each operand is to be evaluated, and each but the first left out. */
function operandPoints(
  operands: readonly Range[],
  counts: readonly number[],
  source: string,
): Point[] {
  const countOf = (index: number) => counts[index] ?? 0;
  const [first, second] = operands;
  if (first !== undefined && second !== undefined && isSameRange(first, second)) {
    // The instrumenter's `(a ?? undefined)?.b`.
    const text = textAt(source, first);
    return [
      pointAt(first, `never nullish: ${text}?.`, countOf(1)),
      pointAt(first, `always nullish: ${text}?.`, countOf(0) - countOf(1)),
    ];
  }

  // In a chain of one operator every operand can end it; in a mixed one that cannot be told.
  const isUniform = operatorsBetween(operands, source).size === 1;
  return operands.flatMap((operand, index) => {
    const text = textAt(source, operand);
    const evaluated = pointAt(operand, `never evaluated: ${text}`, countOf(index));
    if (index === 0) return [evaluated];
    const asked = countOf(isUniform ? index - 1 : 0);
    return [evaluated, pointAt(operand, `never left out: ${text}`, asked - countOf(index))];
  });
}

function operatorsBetween(operands: readonly Range[], source: string): Set<string> {
  const operators = operands.slice(1).map((operand, index) => {
    const before = operands[index] ?? operand;
    const between = rawText(source, { start: before.end, end: operand.start });
    return /&&|\|\||\?\?/.exec(between)?.[0] ?? "";
  });
  return new Set(operators);
}

function pointAt({ start }: Range, what: string, count = 0): Point {
  return { at: start, what, isReached: count > 0 };
}

function tally(points: readonly Point[]): Tally {
  return { covered: points.filter(({ isReached }) => isReached).length, total: points.length };
}

/** What stands in the brackets of the `if` that begins there. */
function conditionAt(source: string, range: Range): string {
  const text = rawText(source, range);
  const open = text.indexOf("(");
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    if (text[index] === "(") depth++;
    if (text[index] === ")") depth--;
    if (depth === 0) return shorten(text.slice(open + 1, index));
  }
  return shorten(text);
}

function textAt(source: string, range: Range): string {
  return shorten(rawText(source, range));
}

function rawText(source: string, { start, end }: Range): string {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return lines
    .map((line, index) => (index === last ? line.slice(0, end.column) : line))
    .map((line, index) => (index === 0 ? line.slice(start.column) : line))
    .join("\n");
}

/** One line, of bounded length. */
function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= MAX_TEXT_LENGTH ? line : `${line.slice(0, MAX_TEXT_LENGTH)}...`;
}

function isSameRange(a: Range, b: Range): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function mapValues<Value>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value, key: string) => Value,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, change(value, key)]),
  );
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  "),
  );
}

function section<Item>(
  heading: string,
  items: readonly Item[],
  format: (item: Item) => readonly string[],
): string[] {
  return items.length === 0 ? [] : ["", heading, ...items.flatMap(format)];
}
