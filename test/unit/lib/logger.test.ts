/**
 * The logger: which levels pass at which level, and what a record holds.
 */

import { describe, expect, test } from "bun:test";
import { LOG_LEVELS, Logger, type LogRecord, SILENT_LOGGER } from "../../../src/lib/logger.ts";

describe("Logger", () => {
  test.each(LOG_LEVELS.map((level, index) => [level, index] as const))(
    "at %s writes that level and the more serious ones",
    (level, index) => {
      const records: LogRecord[] = [];
      const sink = (record: LogRecord) => records.push(record);
      const logger = new Logger({ sink, level, category: "chain" });
      for (const each of LOG_LEVELS) logger[each]("message");
      expect(records.map((record) => record.level)).toEqual(LOG_LEVELS.slice(0, index + 1));
    },
  );

  test("writes category, message and fields, and no fields as an empty object", () => {
    const records: LogRecord[] = [];
    const sink = (record: LogRecord) => records.push(record);
    const logger = new Logger({ sink, level: "debug", category: "chain" });
    logger.info("block connected", { height: 7 });
    logger.warn("slow");
    expect(records).toEqual([
      { level: "info", category: "chain", message: "block connected", fields: { height: 7 } },
      { level: "warn", category: "chain", message: "slow", fields: {} },
    ]);
  });

  test("gives a logger of another category with the same level and sink", () => {
    const records: LogRecord[] = [];
    const sink = (record: LogRecord) => records.push(record);
    const logger = new Logger({ sink, level: "info", category: "chain" });
    const other = logger.for("p2p");
    other.debug("hidden");
    other.info("shown");
    logger.info("shown");
    expect(records.map(({ category }) => category)).toEqual(["p2p", "chain"]);
  });

  test("has a silent form that takes every level", () => {
    for (const level of LOG_LEVELS) expect(() => SILENT_LOGGER[level]("message")).not.toThrow();
  });
});
