/**
 * Structured logging: levels, categories, fields.
 *
 * Where lines go and what time it is are handed in; nothing here writes by itself. `info` is for a
 * handful of lines a day that a peer cannot cause at will; the rest is `debug`.
 */

/** From the most to the least serious. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of the log. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly category: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Where a logger's lines go. */
export type LogSink = (record: LogRecord) => void;

/** Writes records of one category to a sink, if they are at least as serious as the level. */
export class Logger {
  readonly #sink: LogSink;
  readonly #level: LogLevel;
  readonly #category: string;

  constructor({ sink, level, category }: { sink: LogSink; level: LogLevel; category: string }) {
    this.#sink = sink;
    this.#level = level;
    this.#category = category;
  }

  /** A logger of another category with the same level and sink. */
  for(category: string): Logger {
    return new Logger({ sink: this.#sink, level: this.#level, category });
  }

  error(message: string, fields: Record<string, unknown> = {}): void {
    this.#write("error", message, fields);
  }

  warn(message: string, fields: Record<string, unknown> = {}): void {
    this.#write("warn", message, fields);
  }

  info(message: string, fields: Record<string, unknown> = {}): void {
    this.#write("info", message, fields);
  }

  debug(message: string, fields: Record<string, unknown> = {}): void {
    this.#write("debug", message, fields);
  }

  #write(level: LogLevel, message: string, fields: Record<string, unknown>): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.#level)) return;
    this.#sink({ level, category: this.#category, message, fields });
  }
}

/** A logger whose lines go nowhere, for tests and tools. */
export const SILENT_LOGGER = new Logger({ sink: () => {}, level: "error", category: "silent" });
