/**
 * A body that breaks off is its sender's fault, and nothing to keep in a log.
 */

import { expect, test } from "bun:test";
import { problemOf } from "../../../src/api/problem.ts";
import { readBoundedText } from "../../../src/api/request-input.ts";
import { HandClock } from "../../support/hand-clock.ts";

test("a body that breaks off is refused, not reported", async () => {
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new Error("the connection was reset"));
    },
  });
  const request = new Request("http://localhost/", { method: "POST", body });
  const error = await readBoundedText(request, 1_000, new HandClock()).catch((cause) => cause);
  expect(problemOf(error)).toMatchObject({ status: 400, code: "body-incomplete" });
});
