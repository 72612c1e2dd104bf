/**
 * C-16 at length: 100,000 changes of one byte for each kind of signature.
 */

import { expect, test } from "bun:test";
import { SPEND_KINDS } from "../../support/signed-spends.ts";
import { expectNoValidMutation } from "./signed-world.ts";

test.each(SPEND_KINDS.map((kind) => [kind.name, kind] as const))(
  "C-16: none of 100,000 changes of a byte leaves a signed %s transaction valid",
  (_name, kind) => {
    expect(() => expectNoValidMutation(kind, 0xc160, 100_000)).not.toThrow();
  },
  600_000,
);
