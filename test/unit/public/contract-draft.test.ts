/** Forms of contracts, against the recipes that read what comes of them. */

import { describe, expect, test } from "bun:test";
import {
  type ContractDraft,
  readContract,
  startContract,
  TEMPLATE_FORMS,
  TEMPLATES,
  type TemplateName,
} from "../../../public/contract-draft.ts";
import { publicKeyOf } from "../../../src/crypto/keys.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { makeContract, TEMPLATE_NAMES } from "../../../src/wallet/contract-templates.ts";

/** A form with a key for every party. */
function filled(template: TemplateName, changes: Partial<ContractDraft> = {}): ContractDraft {
  let last = 0;
  const draft = startContract(template);
  const parties = Object.fromEntries(
    Object.entries(draft.parties).map(([field, list]) => [
      field,
      list.map(() => {
        last += 1;
        return { name: "", publicKey: ` ${toHex(publicKeyOf(new Uint8Array(32).fill(last)))} ` };
      }),
    ]),
  );
  return { ...draft, parties, hash: "AB".repeat(32), lock: "1000", ...changes };
}

describe("readContract", () => {
  test("knows every template", () => {
    expect([...TEMPLATES].sort()).toEqual([...TEMPLATE_NAMES].sort());
  });

  test.each(TEMPLATES.map((template) => [template]))(
    "makes parameters of %s that the wallet takes",
    (template) => {
      for (const unit of TEMPLATE_FORMS[template].lock?.units ?? ["height" as const]) {
        const lock = unit === "time" ? "2030-01-31 12:00" : "1000";
        const read = readContract(template, filled(template, { unit, lock }));
        if ("problem" in read) throw new Error(read.problem);
        const { parameters } = makeContract(template, read.parameters);
        if (unit === "time") expect(JSON.stringify(parameters)).toContain('"time":1896091200');
        expect(Object.keys(parameters).sort()).toEqual(Object.keys(read.parameters).sort());
      }
    },
  );

  test("says what is wrong", () => {
    const wrong: [TemplateName, Partial<ContractDraft>][] = [
      ["multisig", { threshold: "two" }],
      ["multisig", startContract("multisig")],
      ["htlc", { hash: "ab" }],
      ["timelock", { unit: "time", lock: "tomorrow" }],
      ["inheritance", { lock: "" }],
    ];
    for (const [template, changes] of wrong) {
      expect(readContract(template, filled(template, changes))).toHaveProperty("problem");
    }
  });
});
