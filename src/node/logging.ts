/**
 * Where log lines go: standard error, as text for people or as JSON for programs.
 *
 * Control characters from outside (names, reasons) are escaped, so that no peer or client can
 * forge a line or paint a terminal.
 */

import type { LogRecord, LogSink } from "../lib/logger.ts";

/** Characters of one line: what is longer is cut. */
const MAX_LINE_LENGTH = 2_000;

/** Returns a sink that writes lines of `format` through `write`. */
export function makeLogSink(
  format: "text" | "json",
  write: (line: string) => void,
  now: () => number,
): LogSink {
  const render = format === "json" ? renderJson : renderText;
  return (record) => write(`${render(record, new Date(now())).slice(0, MAX_LINE_LENGTH)}\n`);
}

function renderJson({ level, category, message, fields }: LogRecord, time: Date): string {
  const line = { time: time.toISOString(), level, category, message, ...fields };
  return JSON.stringify(line, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

function renderText({ level, category, message, fields }: LogRecord, time: Date): string {
  const details = Object.entries(fields).map(([key, value]) => `${key}=${renderValue(value)}`);
  const clock = time.toISOString().slice(11, 19);
  return [clock, level.padEnd(5), category.padEnd(8), message, ...details].join(" ");
}

function renderValue(value: unknown): string {
  const text = value instanceof Error ? value.message : String(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
