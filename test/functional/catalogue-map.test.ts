/**
 * Which tests stand for which entry of the catalogue of known failures, and that none is missing.
 *
 * An entry counts as named where its number begins a string of a test file, as in "C-02: ...": the
 * name of a test, of a group, or of a row of a table.
 */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { blankText } from "../../scripts/tidy.ts";

const TESTS = join(import.meta.dir, "..");

const numbered = (letter: string, first: number, last: number) =>
  Array.from(
    { length: last - first + 1 },
    (_, index) => `${letter}-${String(first + index).padStart(2, "0")}`,
  );
const CONSENSUS = numbered("C", 1, 30);
const REORGANISATIONS = numbered("P", 11, 14);

/** Entries about whether a block or a transaction is valid: all doors must have seen them. */
const AT_ALL_DOORS = [
  ...numbered("C", 2, 10),
  "C-12",
  "C-14",
  "C-15",
  "C-17",
  "C-18",
  "C-19",
  "C-23",
  "C-24",
];

/** How often each entry is named, by kind of file. */
interface Mentions {
  ordinary: number;
  long: number;
  doors: number;
}

const mentions = new Map<string, Mentions>();
for (const path of new Bun.Glob("**/*.test.ts").scanSync(TESTS)) {
  const text = await Bun.file(join(TESTS, path)).text();
  // Where a comment only speaks of an entry, the quote before it is blank here.
  const code = blankText(text);
  for (const match of text.matchAll(/["'`]([CP]-\d\d)(?=: )/g)) {
    if (code[match.index] !== text[match.index]) continue;
    const id = match[1]!;
    const counts = mentions.get(id) ?? { ordinary: 0, long: 0, doors: 0 };
    mentions.set(id, counts);
    if (path.endsWith(".long.test.ts")) counts.long += 1;
    else counts.ordinary += 1;
    if (/consensus-catalogue-(?:money|headers|limits)\.test\.ts$/.test(path)) counts.doors += 1;
  }
}

describe("the catalogue", () => {
  test.each([...CONSENSUS, ...REORGANISATIONS])(
    "%s is named by a test of the ordinary run",
    (id) => {
      expect(mentions.get(id)?.ordinary ?? 0).toBeGreaterThan(0);
    },
  );

  test.each(AT_ALL_DOORS)("%s is tried at all doors", (id) => {
    expect(mentions.get(id)?.doors ?? 0).toBeGreaterThan(0);
  });

  test("has no entry that is only spoken of: comments do not count", () => {
    const spoken = '/** As "C-99: said". */\nconst name = "C-98: done";\n';
    const code = blankText(spoken);
    const counted = [...spoken.matchAll(/["'`]([CP]-\d\d)(?=: )/g)]
      .filter(({ index }) => code[index] === spoken[index])
      .map(([, id]) => id);
    expect(counted).toEqual(["C-98"]);
  });

  test("is printed with the count of names for each", () => {
    const line = (id: string) => {
      const { ordinary, long, doors } = mentions.get(id) ?? { ordinary: 0, long: 0, doors: 0 };
      return `${id}: ${ordinary}${doors > 0 ? `, ${doors} at all doors` : ""}${long > 0 ? `, ${long} long` : ""}`;
    };
    const lines = [...CONSENSUS, ...REORGANISATIONS].map(line);
    console.log(lines.join("\n"));
    expect(lines).toHaveLength(34);
  });
});
