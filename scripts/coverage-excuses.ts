/**
 * What no test reaches in the layers that coverage.ts watches, and why that is right.
 *
 * Data only, and none at present. An entry names its gap as the report does, by path and text; one
 * that excuses nothing any more is itself an error.
 */

import type { Excuse } from "./coverage-report.ts";

/** Every place that may stay unreached. */
export const EXCUSES: readonly Excuse[] = [];
